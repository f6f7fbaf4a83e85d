/* SPDX-License-Identifier: MIT */
#include "run_as_caller.h"

#include "object.h"

#include <errno.h>
#include <unistd.h>

static int run_once(const struct caller *caller, caller_act_fn *act, void *arg)
{
	int r;

	r = caller_enter(caller);
	if (r == 0)
		r = act(arg);
	caller_leave();
	return r;
}

int run_as_caller(struct fs *fs, struct caller *caller, caller_act_fn *act, void *arg)
{
	int r;

	r = run_once(caller, act, arg);
	if ((r == -EACCES || r == -EPERM) && caller_read_groups(caller))
		r = run_once(caller, act, arg);
	if (r == -ENOSPC && hold_make_room(&fs->hold))
		r = run_once(caller, act, arg);
	return r;
}

bool caller_heed_acl(const struct fs *fs, struct caller *caller, int fd)
{
	if (caller->uid == geteuid() || fs->acl ||
		shmfs_object_getxattr(fd, "system.posix_acl_access", NULL, 0) <= 0)
		return false;
	caller_read_groups(caller);
	return true;
}

int caller_pin_directory(struct fs *fs, struct caller *caller, uint64_t ino, struct node_fd *ret_fd)
{
	const int r = entry_pin_directory(fs, ino, ret_fd);

	if (r == 0)
		caller_heed_acl(fs, caller, ret_fd->fd);
	return r;
}

int run_as_member(struct fs *fs, struct caller *caller, caller_act_fn *act, void *arg)
{
	caller_read_groups(caller);
	return run_as_caller(fs, caller, act, arg);
}

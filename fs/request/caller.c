/* SPDX-License-Identifier: MIT */
#include "caller.h"

#include "identity.h"

#include <errno.h>
#include <linux/capability.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

/* Nearly all users have fewer groups. For a user with more, the daemon reads /proc twice. */
#define GROUPS_FIRST 32

struct caller caller_of(fuse_req_t req)
{
	const struct fuse_ctx *ctx = fuse_req_ctx(req);

	return (struct caller){.req = req, .uid = ctx->uid, .gid = ctx->gid, .count = -1};
}

void caller_clear(struct caller *caller)
{
	shmfs_identity_restore();
	free(caller->groups);
}

static size_t group_count(const struct caller *caller)
{
	return caller->count > 0 ? (size_t)caller->count : 0;
}

int caller_enter(const struct caller *caller)
{
	const int r = caller->without ? shmfs_identity_lower(caller->without) : 0;

	return r < 0 ? r
		     : shmfs_identity_assume(
			       caller->uid, caller->gid, caller->groups, group_count(caller));
}

int caller_enter_to_clear(const struct caller *caller)
{
	const int r = shmfs_identity_lower(UINT32_C(1) << CAP_FSETID);

	return r < 0 ? r
		     : shmfs_identity_assume(
			       geteuid(), caller->gid, caller->groups, group_count(caller));
}

void caller_leave(void)
{
	shmfs_identity_restore();
}

bool caller_read_groups(struct caller *caller)
{
	int room = GROUPS_FIRST;

	/* The daemon of an ordinary user has the user's groups already. */
	if (caller->uid == geteuid() || caller->count >= 0)
		return false;
	caller->count = 0;
	for (;;) {
		gid_t *groups = realloc(caller->groups, (size_t)room * sizeof(*groups));
		int count;

		if (!groups)
			return false;
		caller->groups = groups;
		count = fuse_req_getgroups(caller->req, room, groups);
		if (count <= 0)
			return false; /* the caller has ended, or /proc is unreadable */
		if (count <= room) {
			caller->count = count;
			return true;
		}
		room = count;
	}
}

void caller_set_umask(const struct caller *caller)
{
	static _Thread_local bool has_own;

	/* The process has one umask, unless the thread has a struct fs_struct of its own. */
	if (!has_own)
		has_own = unshare(CLONE_FS) == 0;
	umask(fuse_req_ctx(caller->req)->umask);
}

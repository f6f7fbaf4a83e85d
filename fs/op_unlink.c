/* SPDX-License-Identifier: MIT */
#include "directory.h"
#include "journal.h"
#include "last_name.h"
#include "object.h"
#include "ops.h"
#include "reply.h"

#include <errno.h>

/* *ret_held: for last_name_release(), in any case. */
static int unlink_name(const struct directory *dir, struct caller *caller,
	const struct shmfs_name *name, const struct stat *st, int *ret_held)
{
	int r;

	*ret_held = S_ISDIR(st->st_mode) ? -1 : last_name_hold(name, st);

	journal_removing(name, st->st_ino);
	do {
		r = directory_is_for_daemon(dir, caller, st) ? 0 : caller_enter(caller);
		if (r == 0)
			r = shmfs_object_unlink(name);
		caller_leave();
	} while (r == -EACCES && caller_ask_groups(caller));
	if (r == 0)
		directory_changed(dir);
	return r;
}

/* A dead worker has done what is asked for. */
static bool was_removed(struct fs *fs, fuse_ino_t parent)
{
	if (!journal_was_done())
		return false;
	directory_touch(fs, parent);
	return true;
}

/* Removes a directory, or anything else. */
static int remove_entry(struct fs *fs, struct caller *caller, fuse_ino_t parent,
	const char *component, bool directory, int *ret_held)
{
	struct directory dir;
	struct shmfs_name name;
	struct stat st;
	int r;

	r = directory_get(fs, parent, &dir);
	if (r == 0)
		r = directory_find(&dir, component, &name, &st);
	if (r == 0)
		r = directory_may_remove(&dir, caller, &st);
	if (r == 0 && directory != S_ISDIR(st.st_mode))
		r = directory ? -ENOTDIR : -EISDIR;
	if (r == 0 && directory)
		r = directory_check_empty(fs, &name);
	if (r == 0)
		r = unlink_name(&dir, caller, &name, &st, ret_held);
	if (r == 0 && directory)
		last_name_release_directory(fs, &st);
	return r;
}

static void remove_for(fuse_req_t req, fuse_ino_t parent, const char *component, bool directory)
{
	struct fs *fs = fs_of(req);
	CALLER(caller, req);
	int held = -1, r = 0;

	{
		SHARES_NAMES(fs);
		if (!was_removed(fs, parent))
			r = remove_entry(fs, &caller, parent, component, directory, &held);
	}
	last_name_release(fs, held, LAST_NAME_UNLINKED);
	reply_result(req, r);
}

void op_unlink(fuse_req_t req, fuse_ino_t parent, const char *component)
{
	remove_for(req, parent, component, false);
}

void op_rmdir(fuse_req_t req, fuse_ino_t parent, const char *component)
{
	remove_for(req, parent, component, true);
}

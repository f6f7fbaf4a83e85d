/* SPDX-License-Identifier: MIT */
#include "entry.h"
#include "object.h"
#include "ops.h"
#include "request/journal.h"
#include "request/reply.h"
#include "run_as_caller.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

struct removal {
	int dir;
	const char *name;
	int flags; /* of unlinkat(2) */
};

static int remove_entry(void *arg)
{
	const struct removal *removal = arg;

	return unlinkat(removal->dir, removal->name, removal->flags) < 0 ? -errno : 0;
}

static int remove_as_caller(struct fs *fs, struct caller *caller, struct removal *removal)
{
	struct stat st;
	int held, r;

	if (journal_was_removed(removal->dir, removal->name))
		return 0;
	r = shmfs_object_stat(removal->dir, removal->name, &st);
	if (r < 0)
		return r;
	held = freeing_hold(removal->dir, removal->name, &st);
	journal_note_removing(st.st_ino);
	r = run_as_caller(fs, caller, remove_entry, removal);
	freeing_let_go(&fs->freeing, held, caller->uid);
	return r;
}

static void remove_for(fuse_req_t req, fuse_ino_t parent, const char *name, int flags)
{
	struct fs *fs = fs_of(req);
	struct removal removal = {.name = name, .flags = flags};
	CALLER(caller, req);
	NODE_FD(dir);
	int r;

	r = caller_pin_directory(fs, &caller, parent, &dir);
	removal.dir = dir.fd;
	if (r == 0)
		r = remove_as_caller(fs, &caller, &removal);
	reply_result(req, r);
}

void op_unlink(fuse_req_t req, fuse_ino_t parent, const char *name)
{
	remove_for(req, parent, name, 0);
}

void op_rmdir(fuse_req_t req, fuse_ino_t parent, const char *name)
{
	remove_for(req, parent, name, AT_REMOVEDIR);
}

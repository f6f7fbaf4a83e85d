/* SPDX-License-Identifier: MIT */
#include "charge.h"
#include "entry.h"
#include "object.h"
#include "open_flags.h"
#include "ops.h"
#include "request/journal.h"
#include "request/reply.h"
#include "run_as_caller.h"

#include <errno.h>
#include <fcntl.h>

struct opening {
	int fd; /* O_PATH */
	int flags;
};

/* Returns a descriptor; 0 for execve(2), which may be allowed where reading is not. */
static int open_object(void *arg)
{
	const struct opening *opening = arg;

	if (opening->flags & OPEN_FOR_EXEC)
		return shmfs_object_may_execute(opening->fd);
	return open_for_region(
		shmfs_object_reopen(opening->fd, open_flags_of(opening->flags)), opening->flags);
}

static int truncate_object(void *arg)
{
	const struct opening *opening = arg;

	return open_truncate(opening->fd, opening->flags);
}

/* Returns the backing id or -errno. */
static int add_open(struct fs *fs, struct caller *caller, struct opening *opening, uint64_t ino)
{
	int fd;

	caller_heed_acl(fs, caller, opening->fd);
	fd = run_as_caller(fs, caller, open_object, opening);
	/* The kernel reads the program, not the caller. */
	if (fd == 0)
		fd = shmfs_object_reopen(opening->fd, O_RDONLY);
	return fd < 0 ? fd : opened_add(fs->opened, ino, fd, caller->uid);
}

/* O_TRUNC clears S_ISUID, and S_ISGID for callers that are no members of the group. */
static int truncate_opened(
	struct fs *fs, struct caller *caller, struct opening *opening, uint64_t ino)
{
	struct stat st;
	int r;

	r = fstat(opening->fd, &st) < 0 ? -errno : 0;
	if (r == 0)
		r = (st.st_mode & S_ISGID ? run_as_member : run_as_caller)(
			fs, caller, truncate_object, opening);
	if (r < 0)
		opened_close(fs->opened, ino);
	return r;
}

/*
 * A dead worker may have counted the open, and then truncated the object or not. Returns the
 * backing id or -errno.
 */
static int open_for_caller(struct fs *fs, struct caller *caller, uint64_t ino, int flags)
{
	const bool was_opened = journal_was_opened(NULL);
	struct opening opening = {.flags = flags};
	NODE_FD(node);
	int backing, r;

	r = entry_pin(fs, ino, &node);
	if (r < 0) {
		if (was_opened)
			opened_close(fs->opened, ino);
		return r;
	}
	opening.fd = node.fd;
	backing =
		was_opened ? opened_backing(fs->opened, ino) : add_open(fs, caller, &opening, ino);
	if (backing >= 0 && (flags & O_TRUNC))
		r = truncate_opened(fs, caller, &opening, ino);
	return r < 0 ? r : backing;
}

void op_open(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
	CALLER(caller, req);
	int r;

	if ((fi->flags & O_ACCMODE) != O_RDONLY)
		charge_make_room(fs_of(req), &caller);
	r = open_for_caller(fs_of(req), &caller, ino, fi->flags);
	if (r < 0)
		reply_result(req, r);
	else
		entry_reply_opened(req, ino, r, fi);
}

void op_release(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
	(void)fi;
	if (!journal_was_closed())
		opened_close(fs_of(req)->opened, ino);
	reply_result(req, 0);
}

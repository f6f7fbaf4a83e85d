/* SPDX-License-Identifier: MIT */
#include "entry.h"
#include "journal.h"
#include "object.h"
#include "open.h"
#include "ops.h"
#include "reply.h"
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

/* O_TRUNC clears S_ISUID, and S_ISGID for those who are no members of the group. */
static bool groups_matter(const struct opening *opening)
{
	struct stat st;

	return (opening->flags & O_TRUNC) && fstat(opening->fd, &st) == 0 && (st.st_mode & S_ISGID);
}

static int open_for_caller(struct fs *fs, struct caller *caller, uint64_t ino, int flags)
{
	struct opening opening = {.flags = flags};
	NODE_FD(node);
	int fd;

	fd = entry_pin(fs, ino, &node);
	if (fd < 0)
		return fd;
	opening.fd = node.fd;
	caller_heed_acl(fs, caller, node.fd);
	fd = (groups_matter(&opening) ? run_as_member : run_as_caller)(
		fs, caller, open_object, &opening);
	/* The kernel reads what it executes, not the caller. */
	if (fd == 0)
		fd = shmfs_object_reopen(node.fd, O_RDONLY);
	return fd < 0 ? fd : opened_add(fs->opened, ino, fd);
}

void op_open(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
	CALLER(caller, req);
	int r = 0;

	if (!journal_was_opened(NULL))
		r = open_for_caller(fs_of(req), &caller, ino, fi->flags);
	if (r < 0)
		reply_result(req, r);
	else
		entry_reply_opened(req, ino, fi);
}

void op_release(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
	(void)fi;
	if (!journal_was_closed())
		opened_close(fs_of(req)->opened, ino);
	reply_result(req, 0);
}

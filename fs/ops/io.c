/* SPDX-License-Identifier: MIT */
#include "fs.h"
#include "node/opened.h"
#include "ops.h"
#include "request/journal.h"
#include "request/reply.h"
#include "run_as_caller.h"
#include "scratch.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

void op_read(fuse_req_t req, fuse_ino_t ino, size_t size, off_t offset, struct fuse_file_info *fi)
{
	struct fs *fs = fs_of(req);
	struct shmfs_region *region = opened_region(fs->opened, ino);
	void *buf = scratch_get(size);
	ssize_t n;

	if (!buf) {
		reply_result(req, -ENOMEM);
		return;
	}
	n = fi->flags & O_NOATIME ? shmfs_region_read_quietly(region, buf, size, offset)
				  : shmfs_region_read(region, buf, size, offset);
	reply_data(req, buf, n);
}

/*
 * A change of the data clears S_ISUID and S_ISGID, depending on who makes it. Only then it has to
 * be the caller: acting as another user costs more than most writes.
 */
static int run_change(struct fs *fs, struct caller *caller, int fd, caller_act_fn *act, void *arg)
{
	struct stat st;
	int r;

	if (fstat(fd, &st) < 0)
		return -errno;
	if (st.st_mode & S_ISGID)
		return run_as_member(fs, caller, act, arg);
	if (st.st_mode & S_ISUID)
		return run_as_caller(fs, caller, act, arg);
	r = act(arg);
	if (r == -ENOSPC && hold_make_room(&fs->hold))
		r = act(arg);
	return r;
}

struct writing {
	struct shmfs_region *region;
	const char *buf;
	size_t size; /* at most FUSE3_MAX_WRITE */
	off_t offset;
	bool append;
};

/* The kernel appends at the size it remembers, which others may have changed. */
static int write_data(void *arg)
{
	const struct writing *w = arg;
	ssize_t n;

	if (!w->append)
		return (int)shmfs_region_write(w->region, w->buf, w->size, w->offset);
	n = journal_was_appended(shmfs_region_writer(w->region), w->size);
	if (n > 0)
		return (int)n;
	journal_appending(shmfs_region_writer(w->region));
	return (int)shmfs_region_append(w->region, w->buf, w->size);
}

void op_write(fuse_req_t req, fuse_ino_t ino, const char *buf, size_t size, off_t offset,
	struct fuse_file_info *fi)
{
	struct fs *fs = fs_of(req);
	struct writing writing = {.region = opened_region(fs->opened, ino),
		.buf = buf,
		.size = size,
		.offset = offset,
		.append = fi->flags & O_APPEND};
	CALLER(caller, req);

	reply_count(req,
		run_change(fs, &caller, shmfs_region_writer(writing.region), write_data, &writing));
}

struct allocation {
	int fd;
	int mode; /* of fallocate(2) */
	off_t offset, length;
};

static int allocate(void *arg)
{
	const struct allocation *a = arg;

	return fallocate(a->fd, a->mode, a->offset, a->length) < 0 ? -errno : 0;
}

void op_fallocate(fuse_req_t req, fuse_ino_t ino, int mode, off_t offset, off_t length,
	struct fuse_file_info *fi)
{
	struct fs *fs = fs_of(req);
	struct allocation allocation = {.fd = shmfs_region_writer(opened_region(fs->opened, ino)),
		.mode = mode,
		.offset = offset,
		.length = length};
	CALLER(caller, req);

	(void)fi;
	reply_result(req, run_change(fs, &caller, allocation.fd, allocate, &allocation));
}

void op_lseek(fuse_req_t req, fuse_ino_t ino, off_t offset, int whence, struct fuse_file_info *fi)
{
	const struct shmfs_region *region = opened_region(fs_of(req)->opened, ino);
	int fd = shmfs_region_reader(region);
	off_t found;

	(void)fi;
	if (fd < 0)
		fd = shmfs_region_writer(region);
	/* All other uses of the descriptor give an offset of their own. */
	found = lseek(fd, offset, whence);
	reply_offset(req, found < 0 ? -errno : found);
}

/* What a copy returns is an int here; callers go on with the rest. */
#define COPY_MAX ((size_t)1 << 30)

struct copy {
	int from, to;
	off_t from_offset, to_offset;
	size_t length;
	unsigned flags;
};

static int copy_range(void *arg)
{
	const struct copy *copy = arg;
	off_t from = copy->from_offset, to = copy->to_offset;
	const ssize_t n =
		copy_file_range(copy->from, &from, copy->to, &to, copy->length, copy->flags);

	return n < 0 ? -errno : (int)n;
}

void op_copy_file_range(fuse_req_t req, fuse_ino_t from, off_t from_offset,
	struct fuse_file_info *from_fi, fuse_ino_t to, off_t to_offset,
	struct fuse_file_info *to_fi, size_t length, int flags)
{
	struct fs *fs = fs_of(req);
	struct copy copy = {.from = shmfs_region_reader(opened_region(fs->opened, from)),
		.to = shmfs_region_writer(opened_region(fs->opened, to)),
		.from_offset = from_offset,
		.to_offset = to_offset,
		.length = length < COPY_MAX ? length : COPY_MAX,
		.flags = (unsigned)flags};
	CALLER(caller, req);

	(void)from_fi;
	(void)to_fi;
	reply_count(req, run_change(fs, &caller, copy.to, copy_range, &copy));
}

/* SPDX-License-Identifier: MIT */
#include "journal.h"
#include "open.h"
#include "ops.h"
#include "reply.h"
#include "scratch.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

void op_open(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
	struct fs *fs = fs_of(req);
	CALLER(caller, req);
	int r;

	{
		SHARES_NAMES(fs);
		r = open_for_caller(fs->nodes, &caller, ino, fi->flags);
	}
	if (r == 0)
		r = open_truncate(fs->nodes, &caller, ino, fi->flags);
	if (r < 0)
		reply_result(req, r);
	else
		reply_open(req, ino, fi);
}

void op_release(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
	(void)fi;
	if (!journal_was_closed())
		node_close(fs_of(req)->nodes, ino);
	reply_result(req, 0);
}

void op_read(fuse_req_t req, fuse_ino_t ino, size_t size, off_t offset, struct fuse_file_info *fi)
{
	struct fs *fs = fs_of(req);
	struct shmfs_region *region = node_region(fs->nodes, ino);
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
 * Changing the data clears S_ISUID and S_ISGID, depending on who does it. Only then it has to be
 * the caller: acting as somebody else costs more than most writes.
 */
static int enter_to_change(struct caller *caller, int fd)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return -errno;
	return st.st_mode & (S_ISUID | S_ISGID) ? caller_enter_to_change(caller, &st) : 0;
}

/* The kernel appends at the size it remembers, which others may have changed. */
static ssize_t put(struct shmfs_region *region, const char *buf, size_t size, off_t offset,
	const struct fuse_file_info *fi)
{
	ssize_t n;

	if (!(fi->flags & O_APPEND))
		return shmfs_region_write(region, buf, size, offset);
	n = journal_was_appended(shmfs_region_writer(region), size);
	if (n > 0)
		return n;
	journal_appending(shmfs_region_writer(region));
	return shmfs_region_append(region, buf, size);
}

void op_write(fuse_req_t req, fuse_ino_t ino, const char *buf, size_t size, off_t offset,
	struct fuse_file_info *fi)
{
	struct fs *fs = fs_of(req);
	struct shmfs_region *region = node_region(fs->nodes, ino);
	CALLER(caller, req);
	ssize_t n;

	n = enter_to_change(&caller, shmfs_region_writer(region));
	if (n == 0)
		n = put(region, buf, size, offset, fi);
	if (n == -ENOSPC && nodes_make_room(fs->nodes))
		n = put(region, buf, size, offset, fi);
	caller_leave();
	reply_count(req, n);
}

static int allocate(int fd, int mode, off_t offset, off_t length)
{
	return fallocate(fd, mode, offset, length) < 0 ? -errno : 0;
}

void op_fallocate(fuse_req_t req, fuse_ino_t ino, int mode, off_t offset, off_t length,
	struct fuse_file_info *fi)
{
	struct fs *fs = fs_of(req);
	const int fd = shmfs_region_writer(node_region(fs->nodes, ino));
	CALLER(caller, req);
	int r;

	(void)fi;
	r = enter_to_change(&caller, fd);
	if (r == 0)
		r = allocate(fd, mode, offset, length);
	if (r == -ENOSPC && nodes_make_room(fs->nodes))
		r = allocate(fd, mode, offset, length);
	caller_leave();
	reply_result(req, r);
}

void op_lseek(fuse_req_t req, fuse_ino_t ino, off_t offset, int whence, struct fuse_file_info *fi)
{
	struct fs *fs = fs_of(req);
	const struct shmfs_region *region = node_region(fs->nodes, ino);
	int fd = shmfs_region_reader(region);
	off_t found;

	(void)fi;
	if (fd < 0)
		fd = shmfs_region_writer(region);
	/* Whoever else uses the descriptor gives an offset of its own. */
	found = lseek(fd, offset, whence);
	reply_offset(req, found < 0 ? -errno : found);
}

static ssize_t copy_range(
	int in, off_t from_offset, int out, off_t to_offset, size_t length, int flags)
{
	const ssize_t n =
		copy_file_range(in, &from_offset, out, &to_offset, length, (unsigned)flags);

	return n < 0 ? -errno : n;
}

void op_copy_file_range(fuse_req_t req, fuse_ino_t from, off_t from_offset,
	struct fuse_file_info *from_fi, fuse_ino_t to, off_t to_offset,
	struct fuse_file_info *to_fi, size_t length, int flags)
{
	struct fs *fs = fs_of(req);
	const int in = shmfs_region_reader(node_region(fs->nodes, from));
	const int out = shmfs_region_writer(node_region(fs->nodes, to));
	CALLER(caller, req);
	ssize_t n;

	(void)from_fi;
	(void)to_fi;
	n = enter_to_change(&caller, out);
	if (n == 0)
		n = copy_range(in, from_offset, out, to_offset, length, flags);
	if (n == -ENOSPC && nodes_make_room(fs->nodes))
		n = copy_range(in, from_offset, out, to_offset, length, flags);
	caller_leave();
	reply_count(req, n);
}

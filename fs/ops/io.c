/* SPDX-License-Identifier: MIT */
#include "charge.h"
#include "fs.h"
#include "node/opened.h"
#include "object.h"
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
 * A change of the data clears S_ISUID and S_ISGID, depending on the caller. Only then the thread
 * has to act as the caller: that costs more than most writes.
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
	if ((r == -ENOSPC || r == -ENOMEM) && hold_make_room(&fs->hold))
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

/* The kernel appends at the size it remembers, which another process may have changed. */
static int write_data(void *arg)
{
	const struct writing *w = arg;
	ssize_t n;

	if (!w->append)
		return (int)shmfs_region_write(w->region, w->buf, w->size, w->offset);
	n = journal_was_appended(shmfs_region_writer(w->region), w->size);
	if (n > 0)
		return (int)n;
	journal_note_appending(shmfs_region_writer(w->region));
	return (int)shmfs_region_append(w->region, w->buf, w->size);
}

/* Has the caller pay for the pages that a write is going to need. */
static int charge_write(struct fs *fs, const struct caller *caller, const struct writing *w)
{
	const int fd = shmfs_region_writer(w->region);
	off_t offset = w->offset;
	struct stat st;

	if (!fs->cgroups.may_move && !fs->has_memory_limit)
		return 0;
	if (w->append)
		offset = fstat(fd, &st) < 0 ? 0 : st.st_size;
	if (shmfs_object_is_allocated(fd, offset, (off_t)w->size))
		return 0;
	return charge_ahead(fs, caller, fd, offset, (off_t)w->size);
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
	int r;

	r = charge_write(fs, &caller, &writing);
	if (r == 0)
		r = run_change(
			fs, &caller, shmfs_region_writer(writing.region), write_data, &writing);
	reply_count(req, r);
}

/* An allocation for a caller. */
struct allocating {
	struct fs *fs;
	const struct caller *caller;
	struct allocation allocation;
	bool charged; /* it is to be made by this thread */
};

static int allocate(void *arg)
{
	const struct allocating *a = arg;

	return (int)(a->charged ? allocation_run(&a->allocation)
				: charge_run(a->fs, a->caller, &a->allocation));
}

/* A helper acts as the daemon: where that matters the caller pays before the call. */
static int run_allocation(struct caller *caller, struct allocating *a)
{
	const struct allocation *allocation = &a->allocation;
	struct stat st;
	int r;

	if (!a->charged && fstat(allocation->fd, &st) == 0 && (st.st_mode & (S_ISUID | S_ISGID))) {
		r = charge_ahead(
			a->fs, caller, allocation->fd, allocation->offset, allocation->length);
		if (r < 0)
			return r;
		a->charged = true;
	}
	return run_change(a->fs, caller, allocation->fd, allocate, a);
}

void op_fallocate(fuse_req_t req, fuse_ino_t ino, int mode, off_t offset, off_t length,
	struct fuse_file_info *fi)
{
	struct fs *fs = fs_of(req);
	CALLER(caller, req);
	struct allocating allocating = {.fs = fs,
		.caller = &caller,
		.allocation = {.fd = shmfs_region_writer(opened_region(fs->opened, ino)),
			.mode = mode,
			.offset = offset,
			.length = length,
			.from = -1},
		.charged = (mode & ~FALLOC_FL_KEEP_SIZE) != 0};

	(void)fi;
	reply_result(req, run_allocation(&caller, &allocating));
}

void op_lseek(fuse_req_t req, fuse_ino_t ino, off_t offset, int whence, struct fuse_file_info *fi)
{
	const int fd = shmfs_region_any(opened_region(fs_of(req)->opened, ino));
	off_t found;

	(void)fi;
	/* All other uses of the descriptor give an offset of their own. */
	found = lseek(fd, offset, whence);
	reply_offset(req, found < 0 ? -errno : found);
}

/* The result of a copy is an int here; callers go on with the rest. */
#define COPY_MAX ((off_t)1 << 30)

/* Callers may ask for more than there is. */
static off_t copy_length(int from, off_t offset, size_t length)
{
	struct stat st;
	off_t most;

	if (fstat(from, &st) < 0 || st.st_size <= offset)
		return 0;
	most = st.st_size - offset < COPY_MAX ? st.st_size - offset : COPY_MAX;
	return length < (size_t)most ? (off_t)length : most;
}

void op_copy_file_range(fuse_req_t req, fuse_ino_t from, off_t from_offset,
	struct fuse_file_info *from_fi, fuse_ino_t to, off_t to_offset,
	struct fuse_file_info *to_fi, size_t length, int flags)
{
	struct fs *fs = fs_of(req);
	const int source = shmfs_region_reader(opened_region(fs->opened, from));
	CALLER(caller, req);
	struct allocating copying = {.fs = fs,
		.caller = &caller,
		.allocation = {.fd = shmfs_region_writer(opened_region(fs->opened, to)),
			.offset = to_offset,
			.length = copy_length(source, from_offset, length),
			.from = source,
			.from_offset = from_offset}};

	(void)from_fi;
	(void)to_fi;
	(void)flags; /* none are known */
	reply_count(req, run_allocation(&caller, &copying));
}

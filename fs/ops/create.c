/* SPDX-License-Identifier: MIT */
/* Objects that come and are open at once: O_CREAT, O_TMPFILE. */
#include "entry.h"
#include "object.h"
#include "open_flags.h"
#include "ops.h"
#include "request/journal.h"
#include "request/reply.h"
#include "run_as_caller.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

/* An object that is to be made, or opened if it is there. */
struct creation {
	const struct caller *caller;
	int dir;
	const char *name; /* NULL: none */
	mode_t mode;
	int flags; /* of open(2) */
	bool made; /* by this request; if not, the object is to be truncated with O_TRUNC */
	int fd;    /* of the object, for that */
};

static int make_object(void *arg)
{
	const struct creation *creation = arg;
	int fd;

	caller_set_umask(creation->caller);
	if (!creation->name)
		return shmfs_object_create_unnamed(creation->dir, creation->mode);
	journal_note_making();
	fd = shmfs_object_create(creation->dir, creation->name, creation->mode);
	if (fd < 0)
		journal_note_not_made();
	return fd;
}

/* Another process made it since the kernel looked. tmpfs says whether this open is allowed. */
static int open_object(void *arg)
{
	const struct creation *creation = arg;
	const int fd = shmfs_object_open(creation->dir, creation->name,
		open_flags_of(creation->flags) | O_CREAT, creation->mode);

	return open_for_region(fd, creation->flags);
}

/*
 * The kernel has to look again (-ESTALE) when another kind of file is there; and also when the
 * object is large and to be truncated. It then opens the object instead, without a lock on the
 * directory, for which every other process that makes an entry there would wait.
 */
static int check_object(int fd, int flags)
{
	struct stat st;

	if (fd == -ELOOP || fd == -ENXIO || fd == -EISDIR)
		return -ESTALE;
	if (fd < 0 || (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) &&
			      !((flags & O_TRUNC) && st.st_blocks >= FREEING_LONG)))
		return fd;
	close(fd);
	return -ESTALE;
}

/* Returns a descriptor. S_ISGID stays on a new object only for members of its group. */
static int create_or_open(struct fs *fs, struct caller *caller, struct creation *creation)
{
	int fd = creation->name ? journal_take_made(creation->dir, creation->name) : -ENOENT;

	if (fd < 0)
		fd = (creation->mode & S_ISGID ? run_as_member : run_as_caller)(
			fs, caller, make_object, creation);
	creation->made = fd >= 0;
	if (fd != -EEXIST || (creation->flags & O_EXCL))
		return fd;
	return check_object(run_as_member(fs, caller, open_object, creation), creation->flags);
}

static int remove_object(void *arg)
{
	const struct creation *creation = arg;

	return unlinkat(creation->dir, creation->name, 0) < 0 ? -errno : 0;
}

/* The object cannot be used: then it is as if it had not been made. */
static void unmake_object(
	struct fs *fs, struct caller *caller, struct creation *creation, uint64_t ino)
{
	struct stat st;

	if (creation->made && creation->name &&
		shmfs_object_stat(creation->dir, creation->name, &st) == 0 && st.st_ino == ino)
		run_as_caller(fs, caller, remove_object, creation);
}

/*
 * The kernel learns of the object, which is open as fd. fd is owned in any case. Returns the
 * backing id or -errno.
 */
static int introduce_object(struct fs *fs, struct caller *caller, uint64_t parent,
	struct creation *creation, int fd, struct stat *ret_st)
{
	int r;

	*ret_st = (struct stat){0};
	r = node_introduce(fs->nodes, fd, parent, creation->name, ret_st);
	if (r < 0) {
		close(fd);
	} else {
		r = opened_add(fs->opened, ret_st->st_ino, fd, caller->uid);
		if (r < 0)
			node_put(fs->nodes, ret_st->st_ino, 1);
	}
	if (r < 0)
		unmake_object(fs, caller, creation, ret_st->st_ino);
	return r;
}

static int truncate_object(void *arg)
{
	const struct creation *creation = arg;

	return open_truncate(creation->fd, creation->flags);
}

/*
 * The object was there already and is open now. Its open and its lookup are taken back on error.
 */
static int truncate_existing(
	struct fs *fs, struct caller *caller, struct creation *creation, struct stat *st)
{
	const uint64_t ino = st->st_ino;
	int r;

	creation->fd = opened_dup(fs->opened, ino);
	r = creation->fd < 0 ? creation->fd : run_as_member(fs, caller, truncate_object, creation);
	if (r == 0)
		r = fstat(creation->fd, st) < 0 ? -errno : 0;
	if (creation->fd >= 0)
		close(creation->fd);
	if (r < 0) {
		opened_close(fs->opened, ino);
		node_put(fs->nodes, ino, 1);
	}
	return r;
}

/* A dead worker has counted the open for this request. Returns the backing id or -errno. */
static int open_again(struct fs *fs, uint64_t parent, const struct creation *creation, uint64_t ino,
	struct stat *ret_st)
{
	const int fd = opened_dup(fs->opened, ino);
	int r;

	if (fd < 0)
		return fd;
	r = node_introduce(fs->nodes, fd, parent, creation->name, ret_st);
	close(fd);
	if (r == 0)
		return opened_backing(fs->opened, ino);
	opened_close(fs->opened, ino);
	return r;
}

static void create(
	fuse_req_t req, fuse_ino_t parent, struct creation *creation, struct fuse_file_info *fi)
{
	struct fs *fs = fs_of(req);
	CALLER(caller, req);
	NODE_FD(dir);
	struct stat st;
	uint64_t ino;
	int backing = 0, r;

	creation->caller = &caller;
	if (journal_was_opened(&ino)) {
		r = open_again(fs, parent, creation, ino, &st);
	} else {
		r = caller_pin_directory(fs, &caller, parent, &dir);
		creation->dir = dir.fd;
		if (r == 0)
			r = create_or_open(fs, &caller, creation);
		if (r >= 0)
			r = introduce_object(fs, &caller, parent, creation, r, &st);
	}
	if (r >= 0)
		backing = r;
	if (r >= 0 && !creation->made && (creation->flags & O_TRUNC))
		r = truncate_existing(fs, &caller, creation, &st);
	if (r < 0)
		reply_result(req, r);
	else
		entry_reply_created(req, &st, backing, fi);
}

void op_create(
	fuse_req_t req, fuse_ino_t parent, const char *name, mode_t mode, struct fuse_file_info *fi)
{
	struct creation creation = {.name = name, .mode = mode & 07777, .flags = fi->flags};

	create(req, parent, &creation, fi);
}

void op_tmpfile(fuse_req_t req, fuse_ino_t parent, mode_t mode, struct fuse_file_info *fi)
{
	struct creation creation = {.mode = mode & 07777, .flags = O_RDWR | O_EXCL};

	create(req, parent, &creation, fi);
}

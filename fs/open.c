/* SPDX-License-Identifier: MIT */
/*
 * An open is judged twice: by the mode rules here, and by the kernel when the object is opened
 * under the caller's identity. What comes out serves everybody who has the object open, so it is
 * opened for what its region needs: a mapping for writing needs O_RDWR although the caller asked
 * for O_WRONLY. It is not opened for writing when only readers are there: the kernel would refuse
 * to execute the object.
 */
#include "open.h"

#include "journal.h"
#include "object.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

/* Of the kernel's own flags (FMODE_EXEC); it tells a file system so that this is an execve(2). */
#define OPEN_FOR_EXEC 040

static bool reads(int flags)
{
	return (flags & O_ACCMODE) != O_WRONLY;
}

static bool writes(int flags)
{
	return (flags & O_ACCMODE) != O_RDONLY;
}

/* O_ACCMODE itself, which open(2) calls nonstandard, needs both permissions. */
static int access_mode(int flags)
{
	return reads(flags) && writes(flags) ? O_RDWR : flags & O_ACCMODE;
}

static int wanted(int flags)
{
	if (flags & OPEN_FOR_EXEC)
		return SHMFS_MAY_EXEC;
	return (reads(flags) ? SHMFS_MAY_READ : 0) |
	       (writes(flags) || (flags & O_TRUNC) ? SHMFS_MAY_WRITE : 0);
}

/*
 * Whoever opens what a descriptor stands for (/proc/self/fd) needs no search permission for the
 * directory, and whoever came by a path has been asked for it before. And it finds what has
 * another name now.
 */
static int open_pinned(struct nodes *nodes, struct caller *caller, uint64_t ino, int mode)
{
	__attribute__((cleanup(pin_put))) struct pin pin = PIN_INIT;
	int r;

	r = pin_get(nodes, ino, &pin);
	if (r == 0)
		r = caller_enter(caller);
	if (r == 0)
		r = shmfs_object_reopen(pin.fd, mode);
	caller_leave();
	return r;
}

static int open_as_caller(struct nodes *nodes, struct caller *caller, uint64_t ino, int mode)
{
	int r;

	r = caller_enter(caller);
	if (r == 0)
		r = pin_open(nodes, ino, mode);
	caller_leave();
	return r == -EACCES || r == -ESTALE ? open_pinned(nodes, caller, ino, mode) : r;
}

/* Opens it for everybody. Returns a file descriptor. */
static int open_shared(struct nodes *nodes, struct caller *caller, uint64_t ino, int flags)
{
	const int mode = access_mode(flags);
	int fd, both;

	/* Who may execute need not be allowed to read, but somebody has to. */
	fd = flags & OPEN_FOR_EXEC ? pin_open(nodes, ino, mode)
				   : open_as_caller(nodes, caller, ino, mode);
	if (fd < 0 || reads(flags))
		return fd;
	both = shmfs_object_reopen(fd, O_RDWR);
	if (both < 0)
		return fd;
	close(fd);
	return both;
}

/* O_RDONLY | O_TRUNC leaves nothing open for writing. */
static int truncate_reader(struct shmfs_region *region)
{
	const int fd = shmfs_object_reopen(shmfs_region_reader(region), O_WRONLY | O_TRUNC);

	if (fd < 0)
		return fd;
	close(fd);
	return 0;
}

static int truncate_node(
	struct shmfs_region *region, struct caller *caller, int flags, const struct stat *st)
{
	int r = 0;

	if (!writes(flags) || (st->st_mode & (S_ISUID | S_ISGID)))
		r = caller_enter_to_change(caller, st);
	if (r == 0)
		r = writes(flags) ? shmfs_region_resize(region, 0) : truncate_reader(region);
	caller_leave();
	return r;
}

/* Counts one open. */
static int count_one(struct nodes *nodes, struct caller *caller, uint64_t ino, int flags)
{
	int fd;

	if (node_count_open(nodes, ino, reads(flags), writes(flags)) == 0)
		return 0;
	fd = open_shared(nodes, caller, ino, flags);
	return fd < 0 ? fd : node_add_fd(nodes, ino, fd);
}

int open_for_caller(struct nodes *nodes, struct caller *caller, uint64_t ino, int flags)
{
	const bool counted = journal_was_opened(NULL);
	struct stat st;
	int r;

	r = pin_stat(nodes, ino, &st, NULL);
	if (!counted && r == 0)
		r = shmfs_access_check(&st, &caller->ids, wanted(flags));
	if (!counted && r == 0)
		r = count_one(nodes, caller, ino, flags);
	if (counted && r < 0)
		node_close(nodes, ino);
	return r;
}

int open_truncate(struct nodes *nodes, struct caller *caller, uint64_t ino, int flags)
{
	struct stat st;
	int r;

	if (!(flags & O_TRUNC) || journal_was_truncated())
		return 0;
	r = pin_stat(nodes, ino, &st, NULL);
	if (r == 0)
		r = truncate_node(node_region(nodes, ino), caller, flags, &st);
	if (r == 0)
		journal_truncated();
	else
		node_close(nodes, ino);
	return r;
}

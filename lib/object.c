/* SPDX-License-Identifier: MIT */
#include "object.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <sys/xattr.h>
#include <unistd.h>

/* As in linux/mount.h since 5.2, which older C libraries do not have. */
#ifndef OPEN_TREE_CLONE
#define OPEN_TREE_CLONE 1
#endif

/* As in linux/mount.h since 5.12. */
#ifndef SYS_mount_setattr
#define SYS_mount_setattr 442
#endif
#define ATTR_NOEXEC 8

/* As in fcntl.h since glibc 2.32; the call is newer there, too. */
#ifndef SYS_faccessat2
#define SYS_faccessat2 439
#endif

/* As in linux/mman.h since 6.5. */
#ifndef SYS_cachestat
#define SYS_cachestat 451
#endif

struct page_range {
	uint64_t offset, length;
};

struct page_counts {
	uint64_t present, dirty, in_writeback, swapped, swapped_recently;
};

/* A descriptor as a file that can be opened, linked and so on: see proc_pid_fd(5). */
struct fd_path {
	char text[sizeof("/proc/self/fd/") + 10];
};

static struct fd_path path_of_fd(int fd)
{
	struct fd_path path;

	snprintf(path.text, sizeof(path.text), "/proc/self/fd/%d", fd);
	return path;
}

static int negative_errno(int result)
{
	return result < 0 ? -errno : result;
}

/*
 * On a noexec mount tmpfs does not say whether a mode lets a caller execute an object. Best effort:
 * the file system that is served has a noexec of its own.
 */
static void allow_exec(int tree)
{
	const struct {
		uint64_t set, clear, propagation, userns;
	} attr = {.clear = ATTR_NOEXEC};

	syscall(SYS_mount_setattr, tree, "", AT_EMPTY_PATH, &attr, sizeof(attr));
}

int shmfs_object_root(void)
{
	const int flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC;
	const int tree = (int)syscall(
		SYS_open_tree, AT_FDCWD, SHMFS_OBJECT_DIR, OPEN_TREE_CLONE | O_CLOEXEC);
	int fd;

	if (tree < 0) {
		fd = open(SHMFS_OBJECT_DIR, flags);
		/* A directory that may not be listed can still be worked in. */
		if (fd < 0 && errno == EACCES)
			fd = open(SHMFS_OBJECT_DIR, O_PATH | O_DIRECTORY | O_CLOEXEC);
		return negative_errno(fd);
	}
	allow_exec(tree);
	fd = negative_errno(openat(tree, ".", flags));
	close(tree);
	return fd;
}

int shmfs_object_create(int dir, const char *name, mode_t mode)
{
	/* Without O_NONBLOCK: no lease can be in the way, and recover.c knows new objects by that.
	 */
	return negative_errno(
		openat(dir, name, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode));
}

int shmfs_object_create_unnamed(int dir, mode_t mode)
{
	return negative_errno(openat(dir, ".", O_RDWR | O_TMPFILE | O_CLOEXEC, mode));
}

int shmfs_object_open(int dir, const char *name, int flags, mode_t mode)
{
	return negative_errno(openat(dir, name, flags | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, mode));
}

int shmfs_object_pin(int dir, const char *name)
{
	return negative_errno(openat(dir, name, O_PATH | O_NOFOLLOW | O_CLOEXEC));
}

int shmfs_object_reopen(int fd, int flags)
{
	const struct fd_path path = path_of_fd(fd);

	return negative_errno(open(path.text, flags | O_NONBLOCK | O_CLOEXEC));
}

int shmfs_object_stat(int dir, const char *name, struct stat *ret_st)
{
	return negative_errno(fstatat(dir, name, ret_st, AT_SYMLINK_NOFOLLOW));
}

int shmfs_object_statx(int fd, struct statx *ret_stx)
{
	return negative_errno(
		statx(fd, "", AT_EMPTY_PATH, STATX_BASIC_STATS | STATX_BTIME, ret_stx));
}

int shmfs_object_truncate(int fd, off_t size)
{
	/* A lease on it would make truncate(2) wait, but not this open, after which there is none.
	 */
	const int writer = shmfs_object_reopen(fd, O_WRONLY);
	struct fd_path path;
	int r;

	if (writer < 0)
		return writer;
	/* Not ftruncate(2): that is a change also where the object has this size already. */
	path = path_of_fd(writer);
	r = negative_errno(truncate(path.text, size));
	close(writer);
	return r;
}

int shmfs_object_chmod(int fd, mode_t mode)
{
	const struct fd_path path = path_of_fd(fd);

	/* fchmod(2) refuses O_PATH. */
	return negative_errno(chmod(path.text, mode));
}

int shmfs_object_chown(int fd, uid_t uid, gid_t gid)
{
	return negative_errno(fchownat(fd, "", uid, gid, AT_EMPTY_PATH));
}

int shmfs_object_utimens(int fd, const struct timespec times[2])
{
	return negative_errno(utimensat(fd, "", times, AT_EMPTY_PATH));
}

int shmfs_object_link(int fd, int dir, const char *name)
{
	const struct fd_path path = path_of_fd(fd);

	return negative_errno(linkat(AT_FDCWD, path.text, dir, name, AT_SYMLINK_FOLLOW));
}

int shmfs_object_may_execute(int fd)
{
	/* The C library's function would compute it from the process's own identity. */
	return negative_errno(
		(int)syscall(SYS_faccessat2, fd, "", X_OK, AT_EMPTY_PATH | AT_EACCESS));
}

ssize_t shmfs_object_readlink(int fd, char *ret_target, size_t size)
{
	const ssize_t len = readlinkat(fd, "", ret_target, size);

	return len < 0 ? -errno : len;
}

/* fgetxattr(2) and its kin refuse O_PATH. */

ssize_t shmfs_object_getxattr(int fd, const char *name, void *ret_value, size_t size)
{
	const struct fd_path path = path_of_fd(fd);
	const ssize_t len = getxattr(path.text, name, ret_value, size);

	return len < 0 ? -errno : len;
}

ssize_t shmfs_object_listxattr(int fd, char *ret_list, size_t size)
{
	const struct fd_path path = path_of_fd(fd);
	const ssize_t len = listxattr(path.text, ret_list, size);

	return len < 0 ? -errno : len;
}

int shmfs_object_setxattr(int fd, const char *name, const void *value, size_t size, int flags)
{
	const struct fd_path path = path_of_fd(fd);

	return negative_errno(setxattr(path.text, name, value, size, flags));
}

int shmfs_object_removexattr(int fd, const char *name)
{
	const struct fd_path path = path_of_fd(fd);

	return negative_errno(removexattr(path.text, name));
}

/* Unsigned: the last page of the largest file ends behind the largest off_t. */
static uint64_t page_up(uint64_t n)
{
	const uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);

	return (n + page - 1) / page * page;
}

bool shmfs_object_is_allocated(int fd, off_t offset, off_t length)
{
	const uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);
	const uint64_t begin = (uint64_t)offset / page * page;
	const uint64_t end = page_up((uint64_t)offset + (uint64_t)length);
	const struct page_range range = {begin, end - begin};
	struct page_counts counts;
	struct stat st;

	if (syscall(SYS_cachestat, fd, &range, &counts, 0) == 0)
		return counts.present + counts.swapped >= (end - begin) / page;
	if (fstat(fd, &st) < 0)
		return false;
	return end <= page_up((uint64_t)st.st_size) &&
	       (uint64_t)st.st_blocks * 512 >= page_up((uint64_t)st.st_size);
}

/* SPDX-License-Identifier: MIT */
#include "object.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdalign.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* The object as a file. */
struct path {
	char text[sizeof(SHMFS_OBJECT_DIR) + sizeof(struct shmfs_name)];
};

/* A file descriptor as a file that can be opened, linked and so on: see proc_pid_fd(5). */
struct fd_path {
	char text[sizeof("/proc/self/fd/") + 10];
};

static struct path path_of(const struct shmfs_name *name)
{
	struct path path = {SHMFS_OBJECT_DIR};

	strcpy(path.text + sizeof(SHMFS_OBJECT_DIR) - 1, name->text);
	return path;
}

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
 * Symbolic links, FIFOs and sockets are shown as what they are, the marker of a directory as that
 * directory. Real directories and devices are not ours.
 */
static bool is_shown(mode_t type)
{
	return S_ISREG(type) || S_ISLNK(type) || S_ISFIFO(type) || S_ISSOCK(type);
}

static mode_t shown_type(const char *encoded, mode_t type)
{
	return S_ISREG(type) && shmfs_name_is_marker(encoded) ? S_IFDIR : type;
}

/* Attributes as shown. False when it is not shown. */
static bool show(const struct shmfs_name *name, struct stat *st)
{
	if (!is_shown(st->st_mode))
		return false;
	st->st_mode = shown_type(name->text + 1, st->st_mode & S_IFMT) | (st->st_mode & 07777);
	return true;
}

/* Hands fd over if it is the object expected, else closes it. */
static int verified(int fd, const struct shmfs_name *name, uint64_t ino, struct stat *ret_st)
{
	struct stat st;

	if (fstat(fd, &st) < 0 || st.st_ino != ino || !show(name, &st)) {
		close(fd);
		return -ESTALE;
	}
	*ret_st = st;
	return fd;
}

/* The errors of shm_open(3) where there is no regular file. Of EISDIR glibc makes EINVAL. */
static bool is_foreign(int error)
{
	return error == ELOOP || error == EINVAL || error == EISDIR || error == ENXIO;
}

int shmfs_object_open(const struct shmfs_name *name, uint64_t ino, int flags, struct stat *ret_st)
{
	struct stat st;
	int fd;

	/* O_NONBLOCK: somebody may have put a FIFO in its place, or have a lease on it. */
	fd = shm_open(name->text, flags | O_NONBLOCK, 0);
	if (fd < 0)
		return is_foreign(errno) ? -ESTALE : -errno;
	fd = verified(fd, name, ino, &st);
	if (fd >= 0 && !S_ISREG(st.st_mode)) {
		close(fd);
		return -ESTALE;
	}
	if (fd >= 0)
		*ret_st = st;
	return fd;
}

int shmfs_object_create(const struct shmfs_name *name, mode_t mode)
{
	return negative_errno(shm_open(name->text, O_RDWR | O_CREAT | O_EXCL, mode));
}

int shmfs_object_create_unnamed(mode_t mode)
{
	return negative_errno(open(SHMFS_OBJECT_DIR, O_RDWR | O_TMPFILE | O_CLOEXEC, mode));
}

int shmfs_object_symlink(const char *target, const struct shmfs_name *name)
{
	const struct path path = path_of(name);

	return negative_errno(symlink(target, path.text));
}

int shmfs_object_mknod(const struct shmfs_name *name, mode_t mode)
{
	const struct path path = path_of(name);

	return S_ISFIFO(mode) || S_ISSOCK(mode) ? negative_errno(mknod(path.text, mode, 0))
						: -EPERM;
}

ssize_t shmfs_object_readlink(int fd, char *ret_target, size_t size)
{
	const ssize_t len = readlinkat(fd, "", ret_target, size);

	return len < 0 ? -errno : len;
}

int shmfs_object_pin(const struct shmfs_name *name, uint64_t ino, struct stat *ret_st)
{
	const struct path path = path_of(name);
	const int fd = open(path.text, O_PATH | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	return verified(fd, name, ino, ret_st);
}

int shmfs_object_pin_dir(struct stat *ret_st)
{
	const int fd = open(SHMFS_OBJECT_DIR, O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	if (fstat(fd, ret_st) == 0)
		return fd;
	close(fd);
	return -EIO;
}

int shmfs_object_reopen(int fd, int flags)
{
	const struct fd_path path = path_of_fd(fd);

	return negative_errno(open(path.text, flags | O_NONBLOCK | O_CLOEXEC));
}

int shmfs_object_stat(const struct shmfs_name *name, struct stat *ret_st)
{
	const struct path path = path_of(name);
	struct stat st;

	if (fstatat(AT_FDCWD, path.text, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return -errno;
	if (!show(name, &st))
		return -ENOENT;
	*ret_st = st;
	return 0;
}

int shmfs_object_birth(int fd, struct timespec *ret_birth)
{
	struct statx stx;

	if (statx(fd, "", AT_EMPTY_PATH, STATX_BTIME, &stx) < 0)
		return -errno;
	if (!(stx.stx_mask & STATX_BTIME))
		return -ENODATA;
	*ret_birth = (struct timespec){stx.stx_btime.tv_sec, stx.stx_btime.tv_nsec};
	return 0;
}

int shmfs_object_stat_dir(struct stat *ret_st)
{
	return negative_errno(stat(SHMFS_OBJECT_DIR, ret_st));
}

int shmfs_object_truncate(int fd, off_t size)
{
	/* Who has a lease on it would keep truncate(2) waiting, but not this; then none has. */
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

int shmfs_object_touch(const struct shmfs_name *name)
{
	const struct timespec times[2] = {{.tv_nsec = UTIME_OMIT}, {.tv_nsec = UTIME_NOW}};
	const struct path path = path_of(name);

	return negative_errno(utimensat(AT_FDCWD, path.text, times, AT_SYMLINK_NOFOLLOW));
}

int shmfs_object_update_atime(const struct shmfs_name *marker)
{
	alignas(struct dirent64) char batch[512];
	const struct path path = path_of(marker);
	/* O_NOFOLLOW: where somebody has put a symbolic link in its place. */
	const int fd = open(path.text, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	ssize_t len;

	if (fd < 0)
		return -errno;
	len = getdents64(fd, batch, sizeof(batch));
	if (len < 0 && errno == ENOTDIR)
		len = read(fd, batch, 1); /* nothing, which counts as an access all the same */
	len = len < 0 ? -errno : 0;
	close(fd);
	return (int)len;
}

int shmfs_object_unlink(const struct shmfs_name *name)
{
	if (shm_unlink(name->text) == 0)
		return 0;
	/*
	 * POSIX knows no EPERM here and glibc says EACCES instead. What else would be EACCES, a
	 * directory that may not be written or searched, also shows in access(2).
	 */
	if (errno == EACCES && faccessat(AT_FDCWD, SHMFS_OBJECT_DIR, W_OK | X_OK, AT_EACCESS) == 0)
		return -EPERM;
	return -errno;
}

int shmfs_object_link(int fd, const struct shmfs_name *name)
{
	const struct fd_path from = path_of_fd(fd);
	const struct path to = path_of(name);

	return negative_errno(linkat(AT_FDCWD, from.text, AT_FDCWD, to.text, AT_SYMLINK_FOLLOW));
}

int shmfs_object_rename(const struct shmfs_name *from, const struct shmfs_name *to, unsigned flags)
{
	const struct path old = path_of(from);
	const struct path new = path_of(to);

	return negative_errno(renameat2(AT_FDCWD, old.text, AT_FDCWD, new.text, flags));
}

int shmfs_object_statvfs(struct statvfs *ret_st)
{
	return negative_errno(statvfs(SHMFS_OBJECT_DIR, ret_st));
}

/* The type of an entry, 0 if that cannot be told. */
static mode_t type_of(int dir_fd, const struct dirent64 *entry)
{
	struct stat st;

	if (entry->d_type != DT_UNKNOWN)
		return (mode_t)entry->d_type << 12; /* DTTOIF(), but clang warns of that */
	return fstatat(dir_fd, entry->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0 ? 0
									    : st.st_mode & S_IFMT;
}

/* Visits what getdents64(2) put into the batch. False: the visitor wants no more. */
static bool visit_batch(
	int dir_fd, const char *batch, size_t len, shmfs_object_visit_fn *visit, void *arg)
{
	for (size_t at = 0; at < len;) {
		const void *here = batch + at;
		const struct dirent64 *entry = here;
		const mode_t type = type_of(dir_fd, entry);

		at += entry->d_reclen;
		if (is_shown(type) &&
			!visit(arg, entry->d_name, entry->d_ino, shown_type(entry->d_name, type)))
			return false;
	}
	return true;
}

/* Looking for oneself is no access of anybody's; only the owner and root may have it so. */
static int open_dir_quietly(void)
{
	const int flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC;
	const int fd = open(SHMFS_OBJECT_DIR, flags | O_NOATIME);

	return fd < 0 && errno == EPERM ? open(SHMFS_OBJECT_DIR, flags) : fd;
}

int shmfs_object_list(shmfs_object_visit_fn *visit, void *arg)
{
	alignas(struct dirent64) char batch[32 * 1024];
	const int fd = open_dir_quietly();
	ssize_t len;

	if (fd < 0)
		return -errno;
	do
		len = getdents64(fd, batch, sizeof(batch));
	while (len > 0 && visit_batch(fd, batch, (size_t)len, visit, arg));
	len = len < 0 ? -errno : 0;
	close(fd);
	return (int)len;
}

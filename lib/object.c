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

/* Hands fd over if it is the object expected, else closes it. */
static int verified(int fd, uint64_t ino, struct stat *ret_st)
{
	struct stat st;

	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || st.st_ino != ino) {
		close(fd);
		return -ESTALE;
	}
	*ret_st = st;
	return fd;
}

/* The errors of shm_open(3) when it met something else than a regular file; EINVAL: EISDIR. */
static bool is_foreign(int error)
{
	return error == ELOOP || error == EINVAL || error == EISDIR || error == ENXIO;
}

int shmfs_object_open(const struct shmfs_name *name, uint64_t ino, int flags, struct stat *ret_st)
{
	/* O_NONBLOCK: somebody may have put a FIFO in its place, or have a lease on it. */
	const int fd = shm_open(name->text, flags | O_NONBLOCK, 0);

	if (fd < 0)
		return is_foreign(errno) ? -ESTALE : -errno;
	return verified(fd, ino, ret_st);
}

int shmfs_object_create(const struct shmfs_name *name, mode_t mode)
{
	return negative_errno(shm_open(name->text, O_RDWR | O_CREAT | O_EXCL, mode));
}

int shmfs_object_create_unnamed(mode_t mode)
{
	return negative_errno(open(SHMFS_OBJECT_DIR, O_RDWR | O_TMPFILE | O_CLOEXEC, mode));
}

int shmfs_object_pin(const struct shmfs_name *name, uint64_t ino, struct stat *ret_st)
{
	const struct path path = path_of(name);
	const int fd = open(path.text, O_PATH | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	return verified(fd, ino, ret_st);
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
	if (!S_ISREG(st.st_mode))
		return -ENOENT;
	*ret_st = st;
	return 0;
}

int shmfs_object_stat_dir(struct stat *ret_st)
{
	return negative_errno(stat(SHMFS_OBJECT_DIR, ret_st));
}

int shmfs_object_truncate(int fd, off_t size)
{
	/* Not truncate(2): it would wait for whoever has a lease on the object. */
	const int writer = shmfs_object_reopen(fd, O_WRONLY);
	int r;

	if (writer < 0)
		return writer;
	r = ftruncate(writer, size) < 0 ? -errno : 0;
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

int shmfs_object_open_dir(void)
{
	return negative_errno(open(SHMFS_OBJECT_DIR, O_RDONLY | O_DIRECTORY | O_CLOEXEC));
}

static bool is_shown(int dir_fd, const struct dirent64 *entry)
{
	struct stat st;

	if (entry->d_type != DT_UNKNOWN)
		return entry->d_type == DT_REG || strcmp(entry->d_name, ".") == 0 ||
		       strcmp(entry->d_name, "..") == 0;
	return fstatat(dir_fd, entry->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(st.st_mode);
}

/* Visits what getdents64(2) put into the batch. Returns the number of visits. */
static int visit_batch(int dir_fd, const char *batch, size_t len, shmfs_object_visit_fn *visit,
	void *arg, bool *ret_stopped)
{
	int visits = 0;

	*ret_stopped = false;
	for (size_t at = 0; at < len && !*ret_stopped;) {
		const void *here = batch + at;
		const struct dirent64 *entry = here;

		at += entry->d_reclen;
		if (!is_shown(dir_fd, entry))
			continue;
		visits++;
		*ret_stopped = !visit(arg, entry->d_name, entry->d_ino, entry->d_off);
	}
	return visits;
}

int shmfs_object_list(int dir_fd, off_t from, size_t size, shmfs_object_visit_fn *visit, void *arg)
{
	alignas(struct dirent64) char batch[32 * 1024];
	bool stopped = false;
	int visits = 0;

	if (lseek(dir_fd, from, SEEK_SET) < 0)
		return -errno;
	/* A batch of entries that are not shown is not the end. */
	while (visits == 0 && !stopped) {
		const ssize_t len =
			getdents64(dir_fd, batch, size < sizeof(batch) ? size : sizeof(batch));

		if (len < 0)
			return -errno;
		if (len == 0)
			break;
		visits = visit_batch(dir_fd, batch, (size_t)len, visit, arg, &stopped);
	}
	return visits;
}

struct search {
	uint64_t ino;
	int result;
	struct shmfs_name *ret_name;
	off_t next;
};

static bool match_ino(void *arg, const char *name, uint64_t ino, off_t next)
{
	struct search *search = arg;

	search->next = next;
	if (ino != search->ino)
		return true;
	search->result = shmfs_name_encode(search->ret_name, SHMFS_NAME_ROOT, name);
	return search->result < 0; /* "." and "..": go on */
}

int shmfs_object_find(uint64_t ino, struct shmfs_name *ret_name)
{
	struct search search = {.ino = ino, .result = -ENOENT, .ret_name = ret_name};
	const int fd = shmfs_object_open_dir();
	int r;

	if (fd < 0)
		return fd;
	do
		r = shmfs_object_list(fd, search.next, SIZE_MAX, match_ino, &search);
	while (r > 0 && search.result < 0);
	close(fd);
	return r < 0 ? r : search.result < 0 ? -ENOENT : 0;
}

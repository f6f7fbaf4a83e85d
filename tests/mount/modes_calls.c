/* SPDX-License-Identifier: MIT */
#include "modes_calls.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

static char bytes[CALL_BIG];

static int own_group(int gid)
{
	return gid == OWN_GROUP ? (int)getegid() : gid;
}

/* The name of a descriptor for calls that want one. */
static const char *fd_path(int fd)
{
	static char path[32];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	return path;
}

static void see_stat(const struct stat *st, struct view *ret)
{
	*ret = (struct view){
		true, -1, st->st_mode, st->st_uid, st->st_gid, st->st_nlink, st->st_size};
}

/* 0 instead of a descriptor, whose number says nothing. */
long see_and_close(int fd, struct view *ret_seen)
{
	struct stat st;

	if (fd < 0)
		return -1;
	if (fstat(fd, &st) == 0)
		see_stat(&st, ret_seen);
	close(fd);
	return 0;
}

CALL(do_open)
{
	return see_and_close(openat(t->dir, t->names[0], op->a | O_CLOEXEC, op->b), seen);
}

CALL(do_reopen)
{
	return see_and_close(open(fd_path(t->fd), op->a | O_CLOEXEC), seen);
}

CALL(do_stat)
{
	struct stat st;
	const int r = fstatat(t->dir, t->names[0], &st, AT_SYMLINK_NOFOLLOW);

	(void)op;
	if (r == 0)
		see_stat(&st, seen);
	return r;
}

CALL(do_access)
{
	(void)seen;
	return faccessat(t->dir, t->names[0], op->a, op->b);
}

CALL(do_access_fd)
{
	(void)seen;
	return access(fd_path(t->fd), op->a);
}

/* The errno of execveat(2), or the program's exit status. */
CALL(do_exec)
{
	static char *const args[] = {bytes, NULL};
	char path[128];
	int status;
	pid_t pid;

	(void)op;
	(void)seen;
	snprintf(path, sizeof(path), "%s/%s", t->path, t->names[0]);
	pid = fork();
	if (pid == 0) {
		execv(path, args);
		_exit(errno);
	}
	if (pid < 0 || waitpid(pid, &status, 0) < 0)
		return -1;
	errno = WIFEXITED(status) ? WEXITSTATUS(status) : EINTR;
	return errno == 0 ? 0 : -1;
}

CALL(do_truncate)
{
	char path[128];

	(void)seen;
	snprintf(path, sizeof(path), "%s/%s", t->path, t->names[0]);
	return truncate(path, op->a);
}

CALL(do_ftruncate)
{
	(void)seen;
	return ftruncate(t->fd, op->a);
}

/* The effect of a change of data is seen at once. */
static long see_after(int fd, long result, struct view *ret_seen)
{
	const int error = errno;
	struct stat st;

	if (fstat(fd, &st) == 0)
		see_stat(&st, ret_seen);
	errno = error;
	return result;
}

CALL(do_write)
{
	return see_after(t->fd, pwrite(t->fd, bytes, (size_t)op->a, op->b), seen);
}

CALL(do_append)
{
	const struct iovec iov = {bytes, (size_t)op->a};

	return see_after(t->fd, pwritev2(t->fd, &iov, 1, 0, RWF_APPEND), seen);
}

CALL(do_open_and_write)
{
	const int fd = openat(t->dir, t->names[0], op->b | O_CLOEXEC);
	long n;

	if (fd < 0)
		return -1;
	n = see_after(fd, write(fd, bytes, (size_t)op->a), seen);
	close(fd);
	return n;
}

CALL(do_read)
{
	(void)seen;
	return pread(t->fd, bytes, (size_t)op->a, 0);
}

CALL(do_fallocate)
{
	return see_after(t->fd, fallocate(t->fd, op->a, 0, op->b), seen);
}

CALL(do_copy)
{
	off_t from = 0, to = op->b;

	return see_after(
		t->fd, copy_file_range(t->source, &from, t->fd, &to, (size_t)op->a, 0), seen);
}

CALL(do_sendfile)
{
	off_t from = 0;

	return see_after(t->fd, sendfile(t->fd, t->source, &from, (size_t)op->a), seen);
}

CALL(do_chmod)
{
	(void)seen;
	return fchmodat(t->dir, t->names[0], (mode_t)op->a, 0);
}

CALL(do_fchmod)
{
	return see_after(t->fd, fchmod(t->fd, (mode_t)op->a), seen);
}

CALL(do_chmod_fd)
{
	(void)seen;
	return chmod(fd_path(t->fd), (mode_t)op->a);
}

CALL(do_chown)
{
	(void)seen;
	return fchownat(
		t->dir, t->names[0], (uid_t)op->a, (gid_t)own_group(op->b), AT_SYMLINK_NOFOLLOW);
}

CALL(do_fchown)
{
	return see_after(t->fd, fchown(t->fd, (uid_t)op->a, (gid_t)own_group(op->b)), seen);
}

/* Nanoseconds of both times, with 1 second: UTIME_NOW, UTIME_OMIT, or less. */
static const struct timespec *two_times(const struct op *op)
{
	static struct timespec times[2];

	times[0] = (struct timespec){1, op->a};
	times[1] = (struct timespec){1, op->b};
	return times;
}

CALL(do_utimens)
{
	(void)seen;
	return utimensat(t->dir, t->names[0], two_times(op), 0);
}

CALL(do_utimens_null)
{
	(void)seen;
	(void)op;
	return utimensat(t->dir, t->names[0], NULL, 0);
}

CALL(do_futimens)
{
	(void)seen;
	return futimens(t->fd, two_times(op));
}

CALL(do_link)
{
	(void)seen;
	(void)op;
	return linkat(t->dir, t->names[0], t->dir, t->names[1], 0);
}

CALL(do_link_fd)
{
	(void)seen;
	return op->a ? linkat(t->fd, "", t->dir, t->names[1], AT_EMPTY_PATH)
		     : linkat(AT_FDCWD, fd_path(t->fd), t->dir, t->names[1], AT_SYMLINK_FOLLOW);
}

CALL(do_unlink)
{
	(void)seen;
	(void)op;
	return unlinkat(t->dir, t->names[0], 0);
}

CALL(do_rename)
{
	(void)seen;
	return renameat2(t->dir, t->names[0], t->dir, t->names[1], (unsigned int)op->a);
}

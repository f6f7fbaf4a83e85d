/* SPDX-License-Identifier: MIT */
#include "harness.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void note(struct side *s, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vdprintf(s->transcript, format, args);
	va_end(args);
	dprintf(s->transcript, "\n");
}

off_t note_result(struct side *s, const char *what, off_t result)
{
	const int error = errno;

	if (result == -1)
		note(s, "%s: %s", what, strerrorname_np(error));
	else
		note(s, "%s: %jd", what, (intmax_t)result);
	errno = error;
	return result;
}

int note_fd(struct side *s, const char *what, int fd)
{
	note_result(s, what, fd < 0 ? -1 : 0);
	return fd;
}

void note_stat(struct side *s, const char *what, const struct stat *st)
{
	note(s, "%s: mode %o links %ju owner %u:%u size %jd blocks %jd", what, st->st_mode,
		(uintmax_t)st->st_nlink, st->st_uid, st->st_gid, (intmax_t)st->st_size,
		(intmax_t)st->st_blocks);
}

void note_lstat(struct side *s, const char *name)
{
	struct stat st;

	if (lstat(name, &st) < 0)
		note(s, "lstat %s: %s", name, strerrorname_np(errno));
	else
		note_stat(s, name, &st);
}

void note_fstat(struct side *s, int fd)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		note(s, "fstat: %s", strerrorname_np(errno));
	else
		note_stat(s, "fstat", &st);
}

void note_bytes(struct side *s, const char *what, const void *buf, ssize_t len)
{
	if (len < 0)
		note(s, "%s: %s", what, strerrorname_np(errno));
	else
		note(s, "%s: %zd bytes %016" PRIx64, what, len, hash_bytes(buf, (size_t)len));
}

void note_range(struct side *s, int fd, off_t offset, size_t len)
{
	char buf[64 * KIB];

	while (len > 0) {
		const size_t step = len < sizeof(buf) ? len : sizeof(buf);
		const ssize_t n = pread(fd, buf, step, offset);

		note_bytes(s, "range", buf, n);
		if (n <= 0)
			return;
		offset += n;
		len -= (size_t)n;
	}
}

void note_open(struct side *s, const char *name, int flags, mode_t mode)
{
	const int fd = open(name, flags | O_CLOEXEC, mode);

	note(s, "open %s %#o %o: %s", name, (unsigned int)flags, mode,
		fd < 0 ? strerrorname_np(errno) : "yes");
	if (fd >= 0)
		close(fd);
}

void make_outside(struct side *s, const char *path, uid_t uid, gid_t gid, mode_t mode, size_t size)
{
	const int fd = openat(s->out, path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	char *bytes = malloc(size + 1);

	fill(bytes, size, 1, 0);
	if (fd < 0 || write(fd, bytes, size) != (ssize_t)size || fchown(fd, uid, gid) < 0 ||
		fchmod(fd, mode) < 0)
		note(s, "making %s on side %s: %s", path, s->path, strerrorname_np(errno));
	free(bytes);
	close(fd);
}

void make_outside_dir(struct side *s, const char *path, uid_t uid, gid_t gid, mode_t mode)
{
	if (mkdirat(s->out, path, 0700) < 0 || fchownat(s->out, path, uid, gid, 0) < 0 ||
		fchmodat(s->out, path, mode, 0) < 0)
		note(s, "making %s on side %s: %s", path, s->path, strerrorname_np(errno));
}

static bool is_later(const struct timespec *a, const struct timespec *b)
{
	return a->tv_sec > b->tv_sec || (a->tv_sec == b->tv_sec && a->tv_nsec > b->tv_nsec);
}

void note_times(struct side *s, const char *what, const struct stat *old, const struct stat *new)
{
	note(s, "%s moved:%s%s%s", what, is_later(&new->st_atim, &old->st_atim) ? " atime" : "",
		is_later(&new->st_mtim, &old->st_mtim) ? " mtime" : "",
		is_later(&new->st_ctim, &old->st_ctim) ? " ctime" : "");
}

bool side_become(struct side *s, struct who who)
{
	const pid_t pid = fork();
	int status;

	if (pid == 0) {
		if (who_become(who) < 0)
			_exit(1);
		note(s, "as %u:%u", who.uid, who.gid);
		return true;
	}
	status = pid < 0 ? -1 : wait_child(pid);
	note(s, status == 0 ? "done as %u" : "died as %u", who.uid);
	return false;
}

void side_leave(void)
{
	_exit(0);
}

/* Empties a directory and closes it. */
static void sweep_fd(int fd)
{
	DIR *d = fdopendir(fd);
	const struct dirent *e;

	assert_non_null(d);
	while ((e = readdir(d))) {
		if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
			continue;
		if (e->d_type == DT_DIR)
			sweep_fd(openat(fd, e->d_name, O_RDONLY | O_DIRECTORY | O_CLOEXEC));
		if (unlinkat(fd, e->d_name, e->d_type == DT_DIR ? AT_REMOVEDIR : 0) < 0)
			print_error("%s: %s\n", e->d_name, strerror(errno));
	}
	closedir(d);
}

void sweep(const char *dir)
{
	sweep_fd(open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC));
}

bool is_empty(const char *dir)
{
	struct dirent **names;
	const int n = scandir(dir, &names, NULL, NULL);

	for (int i = 0; i < n; i++)
		free(names[i]);
	if (n >= 0)
		free(names);
	return n == 2;
}

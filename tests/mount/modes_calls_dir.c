/* SPDX-License-Identifier: MIT */
#include "modes_calls.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

/* With this mode, and this umask. */
CALL(do_create)
{
	umask((mode_t)op->b);
	return see_and_close(
		openat(t->dir, t->names[0], O_RDONLY | O_CREAT | O_EXCL | O_CLOEXEC, (mode_t)op->a),
		seen);
}

CALL(do_create_or_open)
{
	umask(0);
	return see_and_close(
		openat(t->dir, t->names[0], op->a | O_CREAT | O_CLOEXEC, (mode_t)op->b), seen);
}

CALL(do_mknod)
{
	(void)seen;
	umask((mode_t)op->b);
	return mknodat(t->dir, t->names[0], S_IFREG | (mode_t)op->a, 0);
}

CALL(do_tmpfile)
{
	umask((mode_t)op->b);
	return see_and_close(open(t->path, O_RDWR | O_TMPFILE | O_CLOEXEC, (mode_t)op->a), seen);
}

/* It gets a name later. */
CALL(do_tmpfile_and_link)
{
	const int fd = open(t->path, O_RDWR | O_TMPFILE | O_CLOEXEC, (mode_t)op->a);
	char path[32];
	int r, error;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	r = fd < 0 ? -1 : linkat(AT_FDCWD, path, t->dir, t->names[0], AT_SYMLINK_FOLLOW);
	error = errno;
	see_and_close(fd, seen);
	errno = error;
	return r;
}

CALL(do_list)
{
	(void)op;
	(void)seen;
	return count_and_close(opendir(t->path));
}

CALL(do_access_dir)
{
	(void)seen;
	return faccessat(AT_FDCWD, t->path, op->a, op->b);
}

CALL(do_chdir)
{
	(void)op;
	(void)seen;
	return chdir(t->path);
}

CALL(do_open_dir)
{
	return see_and_close(open(t->path, op->a | O_DIRECTORY | O_CLOEXEC), seen);
}

CALL(do_chmod_dir)
{
	(void)seen;
	return chmod(t->path, (mode_t)op->a);
}

CALL(do_chown_dir)
{
	(void)seen;
	return chown(t->path, (uid_t)op->a, op->b == OWN_GROUP ? getegid() : (gid_t)op->b);
}

CALL(do_utimens_dir)
{
	const struct timespec times[2] = {{1, op->a}, {1, op->b}};

	(void)seen;
	return utimensat(AT_FDCWD, t->path, times, 0);
}

/* SPDX-License-Identifier: MIT */
#include "modes_calls.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

/* With this mode, and this umask. */
CALL(do_mkdir)
{
	(void)seen;
	umask((mode_t)op->b);
	return mkdirat(t->dir, t->names[0], (mode_t)op->a);
}

CALL(do_rmdir)
{
	(void)seen;
	(void)op;
	return unlinkat(t->dir, t->names[0], AT_REMOVEDIR);
}

CALL(do_symlink)
{
	(void)seen;
	(void)op;
	return symlinkat("target", t->dir, t->names[0]);
}

CALL(do_mkfifo)
{
	(void)seen;
	umask((mode_t)op->b);
	return mknodat(t->dir, t->names[0], (mode_t)op->a, 0);
}

/* The number of entries of a directory; the name may be that of an object. */
CALL(do_list_entry)
{
	const int fd = openat(t->dir, t->names[0], O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	(void)op;
	(void)seen;
	return fd < 0 ? -1 : count_and_close(fdopendir(fd));
}

/* Where it was before, too: the process makes other calls. */
CALL(do_enter)
{
	const int fd = openat(t->dir, t->names[0], O_PATH | O_CLOEXEC);
	long r;
	int error;

	(void)op;
	(void)seen;
	r = fd < 0 ? -1 : fchdir(fd);
	error = errno;
	if (fd >= 0)
		close(fd);
	if (r == 0)
		r = chdir("/");
	errno = error;
	return r;
}

/* An object in the directory that the entry may be; it is gone again afterwards. */
CALL(do_make_below)
{
	char path[64];
	long r;

	snprintf(path, sizeof(path), "%s/below", t->names[0]);
	umask(0);
	r = see_and_close(openat(t->dir, path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, op->a), seen);
	return r < 0 ? r : unlinkat(t->dir, path, 0);
}

CALL(do_rename_to)
{
	(void)seen;
	return renameat2(t->dir, t->names[0], t->other, t->names[1], (unsigned int)op->a);
}

CALL(do_link_to)
{
	(void)seen;
	(void)op;
	return linkat(t->dir, t->names[0], t->other, t->names[1], 0);
}

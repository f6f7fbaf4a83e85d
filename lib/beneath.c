/* SPDX-License-Identifier: MIT */
#include "beneath.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

int shmfs_beneath_open(int dir, const char *path, int flags)
{
	const struct open_how how = {
		.flags = (uint64_t)(unsigned)(flags | O_NOFOLLOW | O_CLOEXEC),
		.resolve = RESOLVE_NO_XDEV | RESOLVE_NO_SYMLINKS | RESOLVE_BENEATH,
	};
	const long fd = syscall(SYS_openat2, dir, path, &how, sizeof(how));

	return fd < 0 ? -errno : (int)fd;
}

/* Opens just what pin (O_PATH) stands for. */
static int reopen(int pin, uint64_t ino)
{
	struct stat st;
	char path[40];
	int fd;

	if (fstat(pin, &st) < 0)
		return -errno;
	if (!S_ISREG(st.st_mode) || st.st_ino != ino)
		return -ESTALE;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", pin);
	fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (fd < 0)
		return errno == EAGAIN ? -EBUSY : -errno;
	return fd;
}

int shmfs_beneath_read(int dir, const char *path, uint64_t ino)
{
	const int pin = shmfs_beneath_open(dir, path, O_PATH);
	int fd;

	if (pin < 0)
		return pin;
	fd = reopen(pin, ino);
	close(pin);
	return fd;
}

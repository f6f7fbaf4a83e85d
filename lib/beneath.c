/* SPDX-License-Identifier: MIT */
#include "beneath.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
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

static int check(int fd, uint64_t ino)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return -errno;
	return S_ISREG(st.st_mode) && st.st_ino == ino ? 0 : -ESTALE;
}

/* The name may be a device by now. To open one does no harm here: only root makes devices. */
int shmfs_beneath_read(int dir, const char *path, uint64_t ino)
{
	const int fd = shmfs_beneath_open(dir, path, O_RDONLY | O_NONBLOCK | O_NOCTTY);
	int r;

	if (fd < 0)
		return fd == -EAGAIN ? -EBUSY : fd;
	r = check(fd, ino);
	if (r == 0)
		return fd;
	close(fd);
	return r;
}

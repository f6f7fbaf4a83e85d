/* SPDX-License-Identifier: MIT */
#include "lease.h"

#include "beneath.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

int shmfs_lease_take(int dir, const char *path, uint64_t ino)
{
	const int fd = shmfs_beneath_read(dir, path, ino);
	int r;

	if (fd < 0 || fcntl(fd, F_SETLEASE, F_WRLCK) == 0)
		return fd;
	r = errno == EAGAIN ? -EBUSY : -errno;
	close(fd);
	return r;
}

bool shmfs_lease_is_wanted(int fd)
{
	return fcntl(fd, F_GETLEASE) != F_WRLCK;
}

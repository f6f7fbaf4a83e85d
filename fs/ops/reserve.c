/* SPDX-License-Identifier: MIT */
#include "reserve.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

int reserve_growth(int fd, off_t size)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return -errno;
	if (size <= st.st_size)
		return 0;
	return fallocate(fd, 0, st.st_size, size - st.st_size) < 0 ? -errno : 0;
}

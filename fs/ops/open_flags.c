/* SPDX-License-Identifier: MIT */
#include "open_flags.h"

#include "object.h"

#include <fcntl.h>
#include <unistd.h>

int open_flags_of(int flags)
{
	const int mode = (flags & O_ACCMODE) == O_ACCMODE ? O_RDWR : flags & O_ACCMODE;

	return mode | (flags & O_APPEND);
}

/*
 * A mapping for stores needs O_RDWR. A writer without O_APPEND serves all; where tmpfs refuses it
 * (chattr +a) every client appends. An object is not opened for writing when only readers are
 * there: the kernel would refuse to execute it.
 */
int open_for_region(int fd, int flags)
{
	const int mode = open_flags_of(flags) & O_ACCMODE;
	int better = -1;

	if (fd < 0 || mode == O_RDONLY || (mode == O_RDWR && !(flags & O_APPEND)))
		return fd;
	better = shmfs_object_reopen(fd, O_RDWR);
	if (better < 0 && (flags & O_APPEND))
		better = shmfs_object_reopen(fd, mode);
	if (better < 0)
		return fd;
	close(fd);
	return better;
}

int open_truncate(int fd, int flags)
{
	int again;

	if (!(flags & O_TRUNC))
		return 0;
	again = shmfs_object_reopen(fd, open_flags_of(flags) | O_TRUNC);
	if (again < 0)
		return again;
	close(again);
	return 0;
}

/* SPDX-License-Identifier: MIT */
/*
 * -o reserve: the memory of an object is allocated when it grows by truncate(2), so that a full
 * tmpfs is ENOSPC there and no SIGBUS at the first store.
 */
#ifndef SHMFS_RESERVE_H
#define SHMFS_RESERVE_H

#include <sys/types.h>

/*
 * Allocates what the object, open for writing as fd, is to grow by, and makes it grow. Does nothing
 * when it is that long already. size: bytes. 0 or -errno; then nothing has changed.
 */
int reserve_growth(int fd, off_t size);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * -o reserve: the memory of an object is allocated when it grows by truncate(2), so that a full
 * tmpfs is ENOSPC there and no SIGBUS at the first store.
 */
#ifndef SHMFS_RESERVE_H
#define SHMFS_RESERVE_H

#include "fs.h"
#include "request/caller.h"

#include <sys/types.h>

/*
 * Allocates, in the caller's name, the bytes that the object, open for writing as fd, is to grow
 * by. Does nothing when it is that long already. size: bytes. The thread acts as the caller, and
 * does so again afterwards, but with all capabilities. 0 or -errno; then nothing has changed.
 */
int reserve_growth(struct fs *fs, const struct caller *caller, int fd, off_t size);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * Objects whose memory is allocated when they grow by truncate(2), so that there is an ENOSPC then
 * and no SIGBUS at a store later: those of a mount with -o reserve, and of a directory, and all
 * that are below it, whose S_ISUID is set.
 */
#ifndef SHMFS_RESERVE_H
#define SHMFS_RESERVE_H

#include "fs.h"

#include <stdint.h>
#include <sys/types.h>

/* Does that hold for this object? One without a name goes by the mount alone. */
bool reserve_is_on(struct fs *fs, uint64_t ino);

/*
 * Allocates what the object, open for writing as fd, is to grow by, and makes it grow. Does nothing
 * when it is that long already. 0 or -errno; then nothing has changed.
 */
int reserve_growth(struct fs *fs, int fd, off_t size);

#endif

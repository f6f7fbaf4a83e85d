/* SPDX-License-Identifier: MIT */
/*
 * Opening what lies below a directory in which other users own things: no component may be a
 * symbolic link or a mount point, as openat2(2) makes sure.
 */
#ifndef SHMFS_BENEATH_H
#define SHMFS_BENEATH_H

#include <stdint.h>
#include <sys/types.h>

/* Returns a descriptor, closed on exec. -EXDEV: a mount point, -ELOOP: a symbolic link; -ENOENT. */
int shmfs_beneath_open(int dir, const char *path, int flags);

/*
 * Opens the regular file `path` with this inode number for reading. Does not wait. -ESTALE: the
 * name is another file now; -EBUSY: a process has a lease on the file; -EACCES.
 */
int shmfs_beneath_read(int dir, const char *path, uint64_t ino);

#endif

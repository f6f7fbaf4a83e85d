/* SPDX-License-Identifier: MIT */
/*
 * The kernel's own answer to whether anybody uses an object: a write lease (F_SETLEASE in fcntl(2))
 * is granted only if no other open file of it exists: no descriptor in any process or on its way
 * between two, no mapping, no user inside the kernel, in whatever namespace. Only descriptors that
 * merely stand for the object (O_PATH) are not counted.
 *
 * While the lease is held each open(2) of the object waits, or fails with EAGAIN if it is
 * O_NONBLOCK. Nobody can come to hold the object meanwhile, and no chmod, write or truncate of
 * anybody can be under way: rename(2) and unlink(2) of the object wait for nobody.
 *
 * The kernel sends SIGIO when an open waits: the caller ignores or blocks it.
 */
#ifndef SHMFS_LEASE_H
#define SHMFS_LEASE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/*
 * Takes the lease of the regular file `path` below the directory dir, if it has this inode number.
 * Returns a descriptor, the caller's; closing it ends the lease. -EBUSY: somebody holds the object.
 * -ESTALE: it is another one now. -ENOENT. -EACCES, -EPERM, -EINVAL: it cannot be known, because
 * the caller is neither its owner nor has CAP_LEASE, or because leases are switched off.
 */
int shmfs_lease_take(int dir, const char *path, uint64_t ino);

/* Does somebody wait to open the object? The lease is still held; closing fd lets them go on. */
bool shmfs_lease_is_wanted(int fd);

#endif

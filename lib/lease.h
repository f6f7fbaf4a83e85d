/* SPDX-License-Identifier: MIT */
/*
 * The kernel's own answer to the question whether an object is in use: a write lease (F_SETLEASE in
 * fcntl(2)) is granted only if no other open file of the object exists: no descriptor in any
 * process or on its way between two, no mapping, no user inside the kernel, in any namespace. Only
 * descriptors that merely stand for the object (O_PATH) are not counted.
 *
 * While the lease is held each open(2) of the object waits, or fails with EAGAIN if it is
 * O_NONBLOCK. No process can come to hold the object meanwhile, and no chmod, write or truncate can
 * be under way, so that rename(2) and unlink(2) of the object do not wait.
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
 * Returns a descriptor, the caller's; closing it ends the lease. -EBUSY: the object is in use.
 * -ESTALE: the path is another object now. -ENOENT. -EACCES, -EPERM, -EINVAL: the kernel gives no
 * answer, because the caller is neither the owner nor has CAP_LEASE, or because leases are switched
 * off.
 */
int shmfs_lease_take(int dir, const char *path, uint64_t ino);

/* Does a process wait to open the object? The lease is still held; closing fd lets the process go
 * on. */
bool shmfs_lease_is_wanted(int fd);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * Guarded access to a mapping whose object other processes may shrink, or whose file system may be
 * full: both turn a load or a store into SIGBUS. The guard is per thread; a fault outside of the
 * guarded range, or while no guard stands, is raised again and takes its usual course.
 */
#ifndef SHMFS_SIGBUS_H
#define SHMFS_SIGBUS_H

#include <stddef.h>

/*
 * Takes over SIGBUS for the process; the handler from before gets the faults that are not ours. To
 * be called once, before the first guarded copy. Returns 0 or -errno of sigaction(2).
 */
int shmfs_sigbus_install(void);

/*
 * Copies len bytes between a mapping and other memory that do not overlap. `mapped` is the side
 * (dst or src) that may fault. Returns 0, or -EFAULT when it did: then any part of dst may have
 * been written.
 */
int shmfs_sigbus_copy(void *dst, const void *src, size_t len, const void *mapped);

#endif

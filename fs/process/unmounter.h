/* SPDX-License-Identifier: MIT */
/* fusermount3, which takes mounts away for a process that may not do it itself. */
#ifndef SHMFS_UNMOUNTER_H
#define SHMFS_UNMOUNTER_H

#include <stdbool.h>

/*
 * Before this process gives up that it may run programs (harden.h): has a process of its own wait
 * for unmounter_run(). That process ends with this one. 0 or -errno.
 */
int unmounter_prepare(void);

/* Takes the mount at this path away. Waits for a bounded time. False: it may still be there. */
bool unmounter_run(const char *path);

#endif

/* SPDX-License-Identifier: MIT */
/* fusermount3, which unmounts for a process that may not call umount2(2). */
#ifndef SHMFS_UNMOUNTER_H
#define SHMFS_UNMOUNTER_H

#include <stdbool.h>

/*
 * To be called before this process drops the right to run programs (harden.h): makes a child that
 * waits for unmounter_run(). The child ends with this process. 0 or -errno.
 */
int unmounter_prepare(void);

/* Unmounts the mount at this path, in bounded time. False: the mount may still be there. */
bool unmounter_run(const char *path);

#endif

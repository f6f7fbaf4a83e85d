/* SPDX-License-Identifier: MIT */
/*
 * --reserve: ftruncate(2) of an object that grows it allocates the memory first, and fails with
 * ENOSPC when the tmpfs has none left. The kernel asks the guard about each ftruncate(2) of the
 * program and its children (see seccomp_unotify(2)); the call itself is always the kernel's.
 */
#ifndef SHMFS_CLI_RUN_RESERVE_H
#define SHMFS_CLI_RUN_RESERVE_H

#include <sys/types.h>

/* In the process that becomes the program. Returns the descriptor for the guard, or -errno; -EBUSY:
   another program is asked already, for example by a --reserve around this one. */
int run_reserve_install(void);

/* In the guard: answers, in a thread of its own, until no process can ask any more. dev: the tmpfs.
   0 or -errno; the descriptor is taken over. */
int run_reserve_serve(int listener, dev_t dev);

#endif

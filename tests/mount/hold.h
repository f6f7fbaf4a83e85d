/* SPDX-License-Identifier: MIT */
/*
 * Any user can hold the inode lock of an object of their own for as long as they like, by a
 * write(2) from memory that never comes. Calls that need the lock wait in the kernel, and many of
 * them cannot be killed.
 */
#ifndef SHMFS_TEST_HOLD_H
#define SHMFS_TEST_HOLD_H

#include "who.h"

#include <stdbool.h>
#include <sys/types.h>

/* Can that be done here? It needs userfaultfd(2). */
bool can_hold(void);

/*
 * Makes the object if it is not there and holds its lock, in a process that becomes `who`. Returns
 * its process id, -1 on errors. The lock is free when the process is dead.
 */
pid_t hold_start(const char *path, struct who who);

/* Ends it, and waits for its end. */
void hold_end(pid_t holder);

#endif

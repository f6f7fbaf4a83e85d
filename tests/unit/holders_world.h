/* SPDX-License-Identifier: MIT */
/* Processes that hold objects of a /dev/shm of the test's own, for the tests of lib/holders. */
#ifndef SHMFS_TEST_HOLDERS_WORLD_H
#define SHMFS_TEST_HOLDERS_WORLD_H

#include "unit.h"

#include <sys/types.h>

/* Makes an object of 8 KiB. Returns its inode number. */
uint64_t holders_make(const char *name);

/* Starts a process that calls `hold` and then waits until it is ended. hold uses CHECK(). */
typedef void holders_hold_fn(void);
pid_t holders_start(holders_hold_fn *hold);
void holders_end(pid_t pid);

dev_t holders_dev(void);

#endif

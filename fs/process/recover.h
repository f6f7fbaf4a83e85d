/* SPDX-License-Identifier: MIT */
/* Recovery: a new worker first repairs the state that a dead worker left. */
#ifndef SHMFS_RECOVER_H
#define SHMFS_RECOVER_H

#include "request/shared.h"

struct freeing;

/*
 * The worker has no other threads yet, and the keeper waits. Afterwards shared is consistent, the
 * only open descriptors are those in shared and those that the freeing thread is closing, and
 * clients see no half-done change. 0 or -errno.
 */
int recover(struct shared *shared, struct freeing *freeing);

#endif

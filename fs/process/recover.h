/* SPDX-License-Identifier: MIT */
/* What a new worker does first: puts in order what the one before it has left half done. */
#ifndef SHMFS_RECOVER_H
#define SHMFS_RECOVER_H

#include "request/shared.h"

struct freeing;

/*
 * There are no other threads, and the keeper waits. Afterwards shared tells the truth, no other
 * descriptors are open than it knows and those that the freeing thread closes, and nothing is half
 * done that a client could see. 0 or -errno.
 */
int recover(struct shared *shared, struct freeing *freeing);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * Requests that threads of an ended worker are still in the kernel with: journal.c tells what
 * follows. For the keeper, while no worker is starting.
 */
#ifndef SHMFS_HELD_H
#define SHMFS_HELD_H

#include "request/shared.h"

/* The worker has been killed, and is not waited for any more: notes what its threads have. */
void held_note(struct shared *shared, pid_t worker);

/* All its threads have ended. Returns whether a request was held because of it. */
bool held_release(struct shared *shared, pid_t worker);

#endif

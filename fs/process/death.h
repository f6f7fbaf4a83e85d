/* SPDX-License-Identifier: MIT */
/* Why a worker died: because of what it did, or because somebody killed it. */
#ifndef SHMFS_DEATH_H
#define SHMFS_DEATH_H

#include "request/shared.h"

/* How many processes the kernel has killed for want of memory; 0 where it does not tell. */
uint64_t death_count_ooms(void);

/* In the worker: a fault of its own is noted in shared->fault before it ends the process. */
void death_note_faults(struct shared *shared);

/* status: of the worker, see wait(2). ooms: death_count_ooms() before it was started. */
enum shared_death death_judge(const struct shared *shared, int status, uint64_t ooms);

/*
 * The last worker had received requests and answered none: shared->answered was `answered` when it
 * was started. How long it lived says something about the machine only. One request that kills
 * while others are answered is refused in the end: see recover.c.
 */
bool death_was_at_once(const struct shared *shared, uint64_t answered);

#endif

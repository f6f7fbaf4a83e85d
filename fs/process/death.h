/* SPDX-License-Identifier: MIT */
/* Why a worker died: by its own doing, or because another process killed it. */
#ifndef SHMFS_DEATH_H
#define SHMFS_DEATH_H

#include "request/shared.h"

/* The number of processes that the OOM killer has killed; 0 where the kernel does not count. */
uint64_t death_count_ooms(void);

/* In the worker: from now on a fault is noted in shared->fault before it ends the process. */
void death_note_faults(struct shared *shared);

/* status: of the worker, see wait(2). ooms: death_count_ooms() before the worker was started. */
enum shared_death death_judge(const struct shared *shared, int status, uint64_t ooms);

/*
 * Did the last worker receive requests and answer no request? answered: shared->answered when that
 * worker was started. Its lifetime is no criterion, because it depends on the machine's speed. If
 * one request kills each worker while other requests are answered, it is refused in the end: see
 * recover.c.
 */
bool death_was_at_once(const struct shared *shared, uint64_t answered);

/* Logs the end of a worker that the next one follows. status: of the worker, see wait(2). */
void death_log(int status);

/* Logs the end of a first worker that has not served. A worker that exits has logged the reason. */
void death_log_failed_start(const struct shared *shared, int status);

#endif

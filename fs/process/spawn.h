/* SPDX-License-Identifier: MIT */
/* The process of a worker: it shares the keeper's descriptors, and nothing else of it. */
#ifndef SHMFS_SPAWN_H
#define SHMFS_SPAWN_H

#include "options.h"
#include "request/shared.h"

/*
 * Starts a worker. Returns its process id; or -errno; or 0 in the worker, when it has served:
 * *ret_status is its exit status then.
 */
pid_t spawn_worker(const struct options *options, struct shared *shared, int *ret_status);

#endif

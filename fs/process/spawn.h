/* SPDX-License-Identifier: MIT */
/* The process of a worker. It shares the keeper's descriptors, but not its memory. */
#ifndef SHMFS_SPAWN_H
#define SHMFS_SPAWN_H

#include "options.h"
#include "request/shared.h"

/*
 * Starts a worker. Returns its process id, or -errno. In the worker it returns 0 after serving,
 * with the exit status in *ret_status.
 */
pid_t spawn_worker(const struct options *options, struct shared *shared, int *ret_status);

#endif

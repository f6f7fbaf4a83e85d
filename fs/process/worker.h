/* SPDX-License-Identifier: MIT */
/* Serves an existing mount, from the kernel's FUSE_INIT to the end. */
#ifndef SHMFS_WORKER_H
#define SHMFS_WORKER_H

#include "options.h"
#include "request/shared.h"

/*
 * Serves until the mount is gone or a signal asks to stop. shared: the keeper made it, see
 * keeper.c; after a worker's death it holds the state to continue from. ready: called when the
 * mount is usable. Returns the exit status of the process; or WORKER_BUSY: threads are stuck in the
 * kernel with requests, and only _exit(2) can end them.
 */
#define WORKER_BUSY (-1)
int worker_serve(
	const struct options *options, struct shared *shared, void (*ready)(struct shared *shared));

#endif

/* SPDX-License-Identifier: MIT */
/* Serving a mount that somebody else has made, from the kernel's FUSE_INIT to the end. */
#ifndef SHMFS_WORKER_H
#define SHMFS_WORKER_H

#include "options.h"
#include "request/shared.h"

/*
 * Serves until the mount is gone or a signal asks to stop. shared: made by the keeper, see
 * keeper.c; goes on where another worker has died, if there was one. ready: called when the mount
 * is usable. Returns the exit status of the process; or WORKER_BUSY: threads are left in the kernel
 * with requests, and only _exit(2) can end them.
 */
#define WORKER_BUSY (-1)
int worker_serve(
	const struct options *options, struct shared *shared, void (*ready)(struct shared *shared));

#endif

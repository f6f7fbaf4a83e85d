/* SPDX-License-Identifier: MIT */
/* The process that holds a mount while its workers serve it. keeper.c explains how. */
#ifndef SHMFS_KEEPER_H
#define SHMFS_KEEPER_H

#include "options.h"
#include "request/shared.h"
#include "successor.h"

/*
 * Has workers serve the mount until it has to end. The caller has blocked signals
 * (startup_prepare()). Returns the exit status of the process. *ret_is_worker: this process is a
 * worker now, and must not unmount.
 */
int keeper_keep(const struct options *options, struct shared *shared,
	const struct successor *successor, bool *ret_is_worker);

/* A worker serves the mount for the first time: logs it, and lets the starting process exit. */
void keeper_announce(struct shared *shared);

#endif

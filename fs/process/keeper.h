/* SPDX-License-Identifier: MIT */
/* The process that holds a mount while others serve it. keeper.c tells how. */
#ifndef SHMFS_KEEPER_H
#define SHMFS_KEEPER_H

#include "options.h"
#include "request/shared.h"
#include "successor.h"

/*
 * Has the mount served by workers until it is to end. Signals are blocked (startup_prepare()).
 * Returns the exit status of the process; *ret_is_worker: it is a worker now, and not the one that
 * unmounts.
 */
int keeper_keep(const struct options *options, struct shared *shared,
	const struct successor *successor, bool *ret_is_worker);

/* The mount is served for the first time: says so, and lets go of whoever started it. */
void keeper_announce(struct shared *shared);

#endif

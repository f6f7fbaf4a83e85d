/* SPDX-License-Identifier: MIT */
/*
 * Held requests: a thread of a killed worker is still inside the kernel with each of them.
 * journal.c explains the consequences. For the keeper, while no worker is starting.
 */
#ifndef SHMFS_HELD_H
#define SHMFS_HELD_H

#include "request/shared.h"

/* The keeper has killed the worker and stops waiting for it: notes the requests of its threads. */
void held_note(struct shared *shared, pid_t worker);

/* The worker's last thread has ended: releases its requests. Returns whether it had any. */
bool held_release(struct shared *shared, pid_t worker);

#endif

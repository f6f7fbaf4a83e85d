/* SPDX-License-Identifier: MIT */
/* The keeper's events: signals, the end of children, the death of the worker, a deadline. */
#ifndef SHMFS_ORDERS_H
#define SHMFS_ORDERS_H

#include <stdbool.h>
#include <stdint.h>

/* Instead of a deadline: waits without one. */
#define ORDERS_NEVER INT64_MAX

/* The worker sends this signal after it has changed shared->settled. */
#define ORDERS_SETTLED SIGUSR1

struct orders {
	int stops;    /* how often SIGTERM or SIGINT has come, or the terminal has hung up */
	bool replace; /* SIGHUP */
	bool dead;    /* the worker's thread has ended */
};

/*
 * From now on the process takes the signals only inside orders_wait(), and only notes them. Ignored
 * signals stay ignored.
 */
void orders_prepare(void);

/* For a worker: restores the default actions of the signals. They stay blocked. */
void orders_forget(void);

/*
 * Waits for an event, or until `deadline` (ms, see clock.h). thread: see orders_watch_thread(), or
 * -1. replace: waits for SIGHUP as well. Returns the orders that have come.
 */
struct orders orders_wait(int thread, int64_t deadline, bool replace);

/*
 * Makes the descriptor refer to the calling thread, so that orders_wait() notices its end. This is
 * needed because waitpid(2) reports a process only after its last thread, which may be stuck in the
 * kernel. The caller must not be the first thread of its process. False: the kernel cannot do it.
 */
bool orders_watch_thread(int descriptor);

#endif

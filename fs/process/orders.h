/* SPDX-License-Identifier: MIT */
/* What the keeper waits for: signals, the end of children, the death of the worker, a deadline. */
#ifndef SHMFS_ORDERS_H
#define SHMFS_ORDERS_H

#include <stdbool.h>
#include <stdint.h>

/* No deadline. */
#define ORDERS_NEVER INT64_MAX

/* From the worker: shared->settled has changed. */
#define ORDERS_SETTLED SIGUSR1

struct orders {
	int stops;    /* how often SIGTERM or SIGINT has come, or the terminal has gone */
	bool replace; /* SIGHUP */
	bool dead;    /* the worker's thread has ended */
};

/*
 * From now on the signals are only noted, while orders_wait() waits. Those that were ignored stay
 * so.
 */
void orders_prepare(void);

/* For a worker: the signals are those of a new process, and blocked as they were. */
void orders_forget(void);

/*
 * Waits for anything, or until `deadline` (ms, see clock.h). thread: see orders_watch_thread(), or
 * -1. replace: SIGHUP is waited for as well. Returns what has come.
 */
struct orders orders_wait(int thread, int64_t deadline, bool replace);

/*
 * Has the descriptor stand for the calling thread, of whose end orders_wait() tells. A process
 * whose other threads are stuck in the kernel has not ended, and waitpid(2) does not tell. The
 * first thread of a process will not do. False: the kernel cannot do that.
 */
bool orders_watch_thread(int descriptor);

#endif

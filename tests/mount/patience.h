/* SPDX-License-Identifier: MIT */
/*
 * How long a test waits for something: as long as anything in its world makes progress. Time that a
 * busy or slow machine takes does not count, only time in which every other process of the world
 * sleeps. Beside a process that never sleeps, as a failed test may leave one, a wait has an end,
 * too.
 */
#ifndef SHMFS_TEST_PATIENCE_H
#define SHMFS_TEST_PATIENCE_H

#include <stdbool.h>

/* Seconds of sleep after which nothing is expected to happen any more. */
#define PATIENCE_SECONDS 30

/* Seconds after which a wait is over in any case: thousands of times its usual time. */
#define PATIENCE_MOST 600

/* Of one wait, {0} at its beginning. */
struct patience {
	double begun; /* seconds_now() */
	double last;  /* the same, of the last look */
	double idle;  /* seconds */
};

/* To be asked between two polls, as often as they come. True: no use in waiting any longer. */
bool patience_is_over(struct patience *patience);

#endif

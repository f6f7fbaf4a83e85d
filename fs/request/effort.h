/* SPDX-License-Identifier: MIT */
/* The CPU time and the sleeps of the calling thread, and whether a request made it work long. */
#ifndef SHMFS_EFFORT_H
#define SHMFS_EFFORT_H

#include <stdbool.h>
#include <stdint.h>

struct effort {
	int64_t time, cpu_time; /* ns */
	long sleeps;            /* in the kernel */
};

struct effort effort_now(void);

/*
 * Has the thread been at work for some milliseconds since then, asleep in the kernel or using a
 * CPU? Time in which the thread only waited for a CPU does not count.
 */
bool effort_was_long(const struct effort *since);

#endif

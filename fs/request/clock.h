/* SPDX-License-Identifier: MIT */
/* Elapsed time, for waiting: CLOCK_MONOTONIC of clock_gettime(2), in ns or ms. */
#ifndef SHMFS_CLOCK_H
#define SHMFS_CLOCK_H

#include <stdint.h>
#include <time.h>

#define CLOCK_NS_PER_MS INT64_C(1000000)

static inline int64_t clock_now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * INT64_C(1000000000) + now.tv_nsec;
}

static inline int64_t clock_now_ms(void)
{
	return clock_now_ns() / CLOCK_NS_PER_MS;
}

static inline struct timespec clock_timespec_of_ms(int64_t ms)
{
	return (struct timespec){(time_t)(ms / 1000), (long)(ms % 1000 * CLOCK_NS_PER_MS)};
}

#endif

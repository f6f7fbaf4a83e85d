/* SPDX-License-Identifier: MIT */
#include "effort.h"

#include "clock.h"

#include <sys/resource.h>

#define LONG_NS (4 * CLOCK_NS_PER_MS)

/* A request that uses more CPU time is long: most requests use a tenth of it. */
#define LONG_CPU_NS CLOCK_NS_PER_MS

static int64_t ns_of(struct timeval time)
{
	return time.tv_sec * INT64_C(1000000000) + time.tv_usec * INT64_C(1000);
}

struct effort effort_now(void)
{
	struct rusage usage;

	getrusage(RUSAGE_THREAD, &usage);
	return (struct effort){
		.time = clock_now_ns(),
		.cpu_time = ns_of(usage.ru_utime) + ns_of(usage.ru_stime),
		.sleeps = usage.ru_nvcsw,
	};
}

bool effort_was_long(const struct effort *since)
{
	struct effort now;

	if (clock_now_ns() - since->time <= LONG_NS)
		return false;
	now = effort_now();
	return now.cpu_time - since->cpu_time > LONG_CPU_NS || now.sleeps != since->sleeps;
}

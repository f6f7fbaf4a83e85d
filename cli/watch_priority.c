/* SPDX-License-Identifier: MIT */
#include "watch_priority.h"

#include "listing.h"

#include <sched.h>

#define WINDOW_SECONDS 0.1
#define SHARE_MAX 0.25 /* of a processor */

static void set_real_time(struct watch_priority *priority, bool is_real_time)
{
	const struct sched_param param = {.sched_priority = is_real_time ? 1 : 0};

	if (priority->is_real_time != is_real_time)
		sched_setscheduler(
			0, is_real_time ? SCHED_RR | SCHED_RESET_ON_FORK : SCHED_OTHER, &param);
	priority->is_real_time = is_real_time;
}

void watch_priority_adjust(struct watch_priority *priority)
{
	struct timespec now, used;
	double window, share;

	clock_gettime(CLOCK_MONOTONIC, &now);
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
	window = shmfs_seconds_between(&priority->since, &now);
	if (window < WINDOW_SECONDS)
		return;
	share = shmfs_seconds_between(&priority->used, &used) / window;
	set_real_time(priority, share < SHARE_MAX);
	priority->since = now;
	priority->used = used;
}

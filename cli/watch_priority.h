/* SPDX-License-Identifier: MIT */
/*
 * A process that ends right after its system call can be looked at only if shmfs watch runs at
 * once, also on a busy machine: as a real-time process. It is one only while it needs little time,
 * so that no user can take the machine from other users by causing events without end.
 */
#ifndef SHMFS_CLI_WATCH_PRIORITY_H
#define SHMFS_CLI_WATCH_PRIORITY_H

#include <stdbool.h>
#include <time.h>

struct watch_priority {
	bool is_real_time;
	struct timespec since,
		used; /* the beginning of a window, and the CPU time used until then */
};

/* To be called before each wait: real-time, or not, by the CPU time of the last window. Without
 * CAP_SYS_NICE nothing happens. */
void watch_priority_adjust(struct watch_priority *priority);

#endif

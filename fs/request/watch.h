/* SPDX-License-Identifier: MIT */
/* The watchdog: the main thread looks at the leader, see loop.c. */
#ifndef SHMFS_WATCH_H
#define SHMFS_WATCH_H

#include <stdint.h>
#include <time.h>

struct loop;

/* The state of the watchdog after its last look. */
struct watch {
	uint64_t turn;
	int quiet;         /* looks in a row without a new request */
	int64_t begun;     /* ns, when a look first found the leader in this request */
	int64_t begun_cpu; /* ns, the leader's CPU time at that moment */
};

/*
 * Takes the lead away from a leader that has been in one request for too long. Returns in how many
 * ms to look again; -1: not before loop_watch() is called.
 */
int64_t watch_look(struct loop *loop, struct watch *watch);

#endif

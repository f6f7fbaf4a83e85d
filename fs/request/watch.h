/* SPDX-License-Identifier: MIT */
/* The watchdog: the main thread looks at the leader, see loop.c. */
#ifndef SHMFS_WATCH_H
#define SHMFS_WATCH_H

#include <stdint.h>
#include <time.h>

struct loop;

/* What the watchdog found when it last looked. */
struct watch {
	uint64_t turn;
	int quiet;         /* looks in a row without a new request */
	int64_t begun;     /* ns, when the leader was first seen in this request */
	int64_t begun_cpu; /* ns of CPU time that the leader had then */
};

/*
 * Takes the lead away from a leader that has been in one request for too long. Returns in how many
 * ms to look again; -1: when loop_watch() asks for it.
 */
int64_t watch_look(struct loop *loop, struct watch *watch);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * Objects that have just been looked up, held for a moment.
 *
 * Between LOOKUP and the request that follows it another process may replace the object. On tmpfs
 * the caller still gets the old one; here its handle is stale then, and the kernel tries once more,
 * from the lookup on. So from the first stale handle on, lookups are held for a while (O_PATH): the
 * second try succeeds. At other times holding costs nothing.
 *
 * All functions may be called from any thread.
 */
#ifndef SHMFS_HOLD_H
#define SHMFS_HOLD_H

#include "freeing.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

enum { HOLD_MAX = 16 };

struct hold {
	struct freeing *freeing;          /* never changes; closes objects that are let go of */
	atomic_int_fast64_t wanted_until; /* ms of CLOCK_MONOTONIC; 0: never wanted */
	pthread_mutex_t lock;             /* of everything below */
	struct {
		int64_t until; /* ms of CLOCK_MONOTONIC; 0: the place is free */
		int fd;
	} held[HOLD_MAX];
	unsigned next; /* where the next one goes */
	bool watched;  /* hold_expire() is going to be called */
};

/* freeing outlives it. */
void hold_init(struct hold *hold, struct freeing *freeing);

/* Lets go of all; no other thread uses it any more. */
void hold_clear(struct hold *hold);

/* An object was gone that had been looked up: lookups are to be held for a while. */
void hold_want(struct hold *hold);
bool hold_is_wanted(const struct hold *hold);

/*
 * Holds the object that fd stands for, and owns fd. Returns whether hold_expire() has to be called,
 * because no thread waits for the time to do so.
 */
bool hold_add(struct hold *hold, int fd);

/* Another descriptor of the object with this number, the caller's. -ESTALE when it is not held. */
int hold_dup(struct hold *hold, uint64_t ino);

/* Lets go of objects that were held long enough. Returns the ms until the next call, or -1. */
int hold_expire(struct hold *hold);

/*
 * The tmpfs has no room: lets go of all, and waits until all memory that is being freed is free.
 * Returns whether there was any.
 */
bool hold_make_room(struct hold *hold);

#endif

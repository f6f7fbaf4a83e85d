/* SPDX-License-Identifier: MIT */
/*
 * Objects that have just been looked up, held for a moment.
 *
 * Between a lookup and the open or stat that follows it, others may replace the object outside of
 * the mount. On tmpfs whoever has looked it up still gets it; here it is gone, ESTALE, and the
 * kernel tries once more, from the lookup on. Usually nobody is that fast twice. Where somebody is,
 * lookups are held for a while: from the first ESTALE on, so that the second try succeeds, and
 * nothing is paid for it at other times.
 *
 * Not locked, but for recent_is_wanted(): whoever has it has the lock for it.
 */
#ifndef SHMFS_RECENT_H
#define SHMFS_RECENT_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

enum { RECENT_MAX = 16 };

struct recent {
	atomic_int_fast64_t wanted_until; /* ms of CLOCK_MONOTONIC; 0: never wanted */
	struct {
		uint64_t ino;
		int64_t until; /* ms of CLOCK_MONOTONIC; 0: there is none */
		int fd;        /* O_PATH */
		mode_t type;   /* S_IFDIR for the marker of a directory */
	} held[RECENT_MAX];
	unsigned next; /* where the next one goes */
};

/* Something was gone that had been looked up: lookups are to be held for a while. */
void recent_want(struct recent *recent);

bool recent_is_wanted(const struct recent *recent);

/* Holds what fd stands for. Returns a descriptor to be closed, whose place it takes, or -1. */
int recent_hold(struct recent *recent, uint64_t ino, int fd, mode_t type);

/* The descriptor, which stays where it is; -1 if that object is not held. */
int recent_find(const struct recent *recent, uint64_t ino, mode_t *ret_type);

/* As gone_take_fd(), but *ret_wait is only lowered, from -1 or what is there. */
int recent_take_fd(struct recent *recent, bool all, int *ret_wait);

#endif

/* SPDX-License-Identifier: MIT */
/* An attack: calls of one user, through a mount and beside it, that another user might feel. */
#ifndef SHMFS_TEST_ATTACK_H
#define SHMFS_TEST_ATTACK_H

#include "../mount/harness.h"

#include <stdatomic.h>

/* Shared by an attack and by the process that measures the victim's calls. */
struct battle {
	atomic_bool stop;
	atomic_ulong steps; /* that the attackers have made */
};

struct attack {
	const char *name;
	/*
	 * Runs until battle->stop, as an ordinary user. `outside` and `mount` are a directory of
	 * the user's own, by its two doors.
	 */
	void (*run)(struct battle *battle, const char *outside, const char *mount);
	bool holds; /* needs can_hold() */
};

extern const struct attack attacks[];
extern const size_t attack_count;

#endif

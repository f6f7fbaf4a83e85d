/* SPDX-License-Identifier: MIT */
/*
 * A keeper is replaced by the program that lies at its path now: same process, same descriptors,
 * same command line. The new program learns of it through the environment.
 */
#ifndef SHMFS_SUCCESSOR_H
#define SHMFS_SUCCESSOR_H

#include <limits.h>
#include <stdbool.h>

struct successor {
	char **argv;            /* of this program, and of the next one */
	char program[PATH_MAX]; /* where both lie */
	int memory;             /* descriptor of the shared memory (shared.h) */
};

/* The program has not been replaced yet. memory is left to the caller. */
void successor_init(struct successor *successor, char **argv);

/* Whether the program at the path can take over, and knows our options: it is asked. */
bool successor_is_able(const struct successor *successor);

/* Becomes it, while there is no worker. Returns only if that is not possible; it is logged then. */
void successor_become(const struct successor *successor);

/* For the new program. Is it one? *ret_memory is set then. */
bool successor_is(int *ret_memory);

/* Is it only asked? Then it is to exit with this status, if its options are right; 0: it is not. */
int successor_probed(void);

#endif

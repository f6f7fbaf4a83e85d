/* SPDX-License-Identifier: MIT */
/*
 * A keeper is replaced by the program that lies at its path now: same process, same descriptors,
 * same command line. The new program learns of it through the environment.
 */
#ifndef SHMFS_SUCCESSOR_H
#define SHMFS_SUCCESSOR_H

#include <limits.h>
#include <stdbool.h>
#include <sys/types.h>

struct successor {
	char **argv;            /* of this program, and of the next one */
	char program[PATH_MAX]; /* where both lie */
	int memory;             /* descriptor of the shared memory (shared.h) */
};

/* The program has not been replaced yet. memory is left to the caller. */
void successor_init(struct successor *successor, char **argv);

/*
 * Asks the program at the path, in a process of its own, whether it can take over and knows our
 * options. Returns the process id, or -errno. The answer is the status of that process.
 */
pid_t successor_ask(const struct successor *successor);
bool successor_agrees(int status);

/* Becomes it, while there is no worker. Returns only if that is not possible; it is logged then. */
void successor_become(const struct successor *successor);

/* For the new program. Is it one? *ret_memory is set then. */
bool successor_is(int *ret_memory);

/* Is it only asked? Then it is to exit with this status, if its options are right; 0: it is not. */
int successor_probed(void);

#endif

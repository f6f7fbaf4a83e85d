/* SPDX-License-Identifier: MIT */
/*
 * The new program at the keeper's path replaces the keeper: same process, same descriptors, same
 * command line. An environment variable tells the new program its task.
 */
#ifndef SHMFS_SUCCESSOR_H
#define SHMFS_SUCCESSOR_H

#include <limits.h>
#include <stdbool.h>
#include <sys/types.h>

struct successor {
	char **argv;            /* of this program, and of its successor */
	char program[PATH_MAX]; /* the path of both */
	int memory;             /* descriptor of the shared memory (shared.h) */
};

/* Notes the program's path, before its file can be replaced. The caller sets memory. */
void successor_init(struct successor *successor, char **argv);

/*
 * Runs the program at the path in a new process, to ask whether it can take over and knows the
 * options. Returns the process id, or -errno. The exit status of that process is the answer, which
 * successor_agrees() judges.
 */
pid_t successor_ask(const struct successor *successor);
bool successor_agrees(int status);

/* Executes the program, while there is no worker. Returns only after an error, which is logged. */
void successor_become(const struct successor *successor);

/* Is this program a successor? If so, sets *ret_memory to the descriptor of the shared memory. */
bool successor_is(int *ret_memory);

/* If this program is only probed: the status to exit with if its options are right; otherwise 0. */
int successor_probed(void);

#endif

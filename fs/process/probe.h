/* SPDX-License-Identifier: MIT */
/* The keeper asks a new program whether it can take over, and goes on meanwhile. */
#ifndef SHMFS_PROBE_H
#define SHMFS_PROBE_H

#include "successor.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct probe {
	const struct successor *successor;
	pid_t pid;   /* of the program that is asked; 0: none */
	int64_t end; /* ms; when the keeper does not wait for it any more; INT64_MAX: no program */
	bool able;   /* the program can take over */
};

#define PROBE_NONE(of) ((struct probe){.successor = (of), .end = INT64_MAX})

/* Asks the program, unless it is being asked or has agreed. A refusal is logged, as below. */
void probe_start(struct probe *probe);

/* A child has ended. False: it is not the program that is asked. */
bool probe_answer(struct probe *probe, pid_t child, int status);

/* now: ms. Ends a program that has not answered in time. */
void probe_expire(struct probe *probe, int64_t now);

#endif

/* SPDX-License-Identifier: MIT */
/* The keeper asks a new program whether it can take over, and does not block meanwhile. */
#ifndef SHMFS_PROBE_H
#define SHMFS_PROBE_H

#include "successor.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct probe {
	const struct successor *successor;
	pid_t pid;   /* of the program being asked; 0: no program */
	int64_t end; /* ms; when the keeper stops waiting for the answer; INT64_MAX: no program */
	bool able;   /* the program has answered that it can take over */
};

#define PROBE_NONE(of) ((struct probe){.successor = (of), .end = INT64_MAX})

/* Asks the program, unless it is being asked or has agreed. All functions here log a refusal. */
void probe_start(struct probe *probe);

/* A child has ended with this status. False: it is not the program being asked. */
bool probe_answer(struct probe *probe, pid_t child, int status);

/* Kills a program that has not answered in time. now: ms. */
void probe_expire(struct probe *probe, int64_t now);

#endif

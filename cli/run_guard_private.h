/* SPDX-License-Identifier: MIT */
/* Shared by the files of the guard: run_guard.c, run_guard_program.c, run_guard_end.c. */
#ifndef SHMFS_CLI_RUN_GUARD_PRIVATE_H
#define SHMFS_CLI_RUN_GUARD_PRIVATE_H

#include "run_guard.h"
#include "run_left.h"
#include "run_report.h"
#include "run_wire.h"

#include <stdint.h>

struct guard {
	struct run *run;
	int front; /* the connection */
	pid_t front_pid;
	int report;       /* --json=FILE, or -1 */
	pid_t program;    /* 0: has ended */
	int64_t deadline; /* for its descendants */
	int objects;      /* the program's /dev/shm; -1: not needed */
	bool front_stopped;
	bool told;          /* the front knows the outcome */
	bool is_superseded; /* the namespace was removed just now: the front begins again */
	struct run_outcome outcome;
	struct run_objects before; /* --check */
};

/* Does this guard hold a tmpfs, an IPC namespace for all that run in the namespace? */
bool run_guard_holds_tmpfs(const struct run *run);
bool run_guard_holds_ipc(const struct run *run);

/* A message to the front, which may have ended; fd: -1, or one to hand over. */
void run_guard_tell(const struct guard *guard, enum run_wire_kind kind, int value, int fd);

/* Starts the program, in this process group. 0 or -errno. */
int run_guard_start(struct guard *guard, pid_t group);

/* When the program itself has ended: --check, --json. */
void run_guard_check(struct guard *guard);

/* Descendants go on, and the caller does not wait for them. */
void run_guard_release_front(struct guard *guard);

/* All descendants have ended: removes the namespace, now or when other programs have left it. */
void run_guard_finish(struct guard *guard);

#endif

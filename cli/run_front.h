/* SPDX-License-Identifier: MIT */
/*
 * The process that the caller has started. It waits for the program, which is the guard's child,
 * and behaves as if it were the program. It hands on signals that only it gets. The program gets
 * the terminal's signals itself, because both are in one process group.
 */
#ifndef SHMFS_CLI_RUN_FRONT_H
#define SHMFS_CLI_RUN_FRONT_H

#include "run.h"

/*
 * Blocks the signals that are handed on: one that comes before the program is there is kept for
 * it, so that nothing half made stays behind.
 */
void run_front_block(struct run *run);

/* In the child that becomes the program: signals are as they were at the start. */
void run_front_unblock(const struct run *run);

/*
 * end: the connection to the guard. Returns the exit status or RUN_AGAIN; does not return when a
 * signal has killed the program.
 */
int run_front_wait(int end, pid_t guard);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * `shmfs run`: a program in a namespace of shared memory objects of its own. A map of its files:
 *
 *   run             from the command line to the program
 *   run_options     the command line
 *   run_directory   the directory of the namespace, and its owner
 *   run_lock        the lock of the namespace: flock(2) on the directory
 *   run_inhabitant  processes that run in it without the lock
 *   run_use         processes that run in it, or hold its objects
 *   run_enter       the mount namespace of the program
 *   run_obstacle    why there can be none
 *   run_place       a tmpfs and an IPC namespace that the guard of another run holds
 *   run_program     the program itself
 *
 * Options that need work while or after the program runs make three processes of it. The front is
 * the process that the caller has started: it hands signals on, and ends the way the program does.
 * Its child, the guard, is the program's parent and outlives both.
 *
 *   run_front          the front
 *   run_guard          the guard
 *   run_guard_program  its part of the start
 *   run_guard_end      its work at the end
 *   run_wire           the messages of both
 *   run_remove         --rm
 *   run_left           --check: objects that are left
 *   run_report         --check, --json: the report
 *   run_reserve        --reserve
 *   run_share          --share, --share-later
 *   run_say            messages
 *   kernel             system calls
 */
#ifndef SHMFS_CLI_RUN_H
#define SHMFS_CLI_RUN_H

#include "run_directory.h"
#include "run_options.h"
#include "run_place.h"

#include <signal.h>
#include <stdbool.h>

/* One run, from its options on. */
struct run {
	struct run_options options;
	const char *base; /* --mount DIR, or /dev/shm */
	struct run_directory directory;
	int attempts;           /* how often it was opened */
	bool alone;             /* the lock is held alone: no program runs in the namespace */
	struct run_place place; /* of the guard whose tmpfs or IPC namespace is to be used */
	bool blocks_signals;    /* for the front; the state before: */
	sigset_t signals;       /* those that were blocked at the start */
	bool ignores_children;  /* SIGCHLD was ignored at the start */
};

/* Started as another attempt is needed: the namespace was removed just now. No exit status. */
#define RUN_AGAIN (-1)

int run_main(int argc, char **argv);

/* In the process that becomes the program: enters the namespace. 0 or RUN_FAILED. */
int run_enter(struct run *run);

#endif

/* SPDX-License-Identifier: MIT */
/* The process: into the background, and what holds for it before it serves. */
#ifndef SHMFS_STARTUP_H
#define SHMFS_STARTUP_H

#include <stdbool.h>

/*
 * To be called first: stdin, stdout and stderr are open, and signals work, whatever the one who
 * started the process has closed, blocked or ignored. SIGINT and SIGHUP stay ignored: nohup(1), and
 * shells without job control, do that on purpose.
 */
void startup_reset(void);

/*
 * Goes on in a child process. The parent waits there until startup_ready(), then exits with 0; or
 * until the child ends without, then exits with 1. Returns 0 in the child, or -errno.
 */
int startup_fork(void);

/* The descriptor, closed by startup_ready(), by which the parent is told; -1: there is none. */
int startup_parent(void);

/* Is the daemon to be in the background? */
bool startup_is_background(void);

/* In the background: leaves the terminal and the working directory, logs to syslog(3). */
void startup_detach(void);

/* The process goes on with what another program has begun, in the background. */
void startup_continue_in_background(void);

/*
 * The mount is usable. In the background: lets the parent go, leaves the terminal and the working
 * directory, and logs to syslog(3) from now on. Without startup_fork() it does nothing.
 */
void startup_ready(void);

/*
 * Before there are threads: blocks the signals that end the daemon until the loop waits for them
 * (unless they are ignored),
 * no umask, no limits of our own on what callers do, SIGBUS guarded, identity prepared, and nothing
 * kept that the daemon does not need (harden.h).
 * Returns 0 or -errno.
 */
int startup_prepare(void);

#endif

/* SPDX-License-Identifier: MIT */
/* The process: into the background, and what holds for it before it serves. */
#ifndef SHMFS_STARTUP_H
#define SHMFS_STARTUP_H

#include <stdbool.h>

/* To be called first: stdin, stdout and stderr are open, even if the caller had closed them. */
void startup_open_standard(void);

/*
 * Goes on in a child process. The parent waits there until startup_ready(), then exits with 0; or
 * until the child ends without, then exits with 1. Returns 0 in the child, or -errno.
 */
int startup_fork(void);

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

/* SPDX-License-Identifier: MIT */
/* The daemon's process: going into the background, and preparation for serving. */
#ifndef SHMFS_STARTUP_H
#define SHMFS_STARTUP_H

#include <stdbool.h>

/*
 * To be called first. Opens stdin, stdout and stderr if the starting process has closed them, and
 * resets signals that it has blocked or ignored. SIGINT and SIGHUP stay ignored: nohup(1), and
 * shells without job control, do that on purpose.
 */
void startup_reset(void);

/*
 * Forks and returns 0 in the child. The parent does not return: it exits with 0 when the child
 * calls startup_ready(), or with 1 when the child ends without that call. -errno: there is no
 * child.
 */
int startup_fork(void);

/* The pipe on which the parent waits, closed by startup_ready(); -1: no parent waits. */
int startup_parent(void);

/* Does the daemon run in the background, now or after startup_ready()? */
bool startup_is_background(void);

/* In the background: leaves the terminal and the working directory, logs to syslog(3). */
void startup_detach(void);

/* For a successor: the program before it ran in the background, and this one does, too. */
void startup_continue_in_background(void);

/*
 * To be called when the mount is usable. After startup_fork(): lets the parent exit, leaves the
 * terminal and the working directory, and logs to syslog(3) from now on. Otherwise does nothing.
 */
void startup_ready(void);

/*
 * To be called before there are threads. Blocks the signals that end the daemon (unless they are
 * ignored) until the loop waits for them. Clears the umask, lifts the process's own limits,
 * installs the handler of SIGBUS, prepares acting as callers, and drops privileges (harden.h).
 * Returns 0 or -errno.
 */
int startup_prepare(void);

#endif

/* SPDX-License-Identifier: MIT */
/* The daemon under test: found through the environment (SHMFS), started, watched and ended. */
#ifndef SHMFS_TEST_DAEMON_H
#define SHMFS_TEST_DAEMON_H

#include <stdbool.h>
#include <sys/types.h>

#include "who.h"

struct daemon {
	struct who who;
	pid_t pid; /* 0 when it does not run */
	char mount[64];
	char log[80];
};

/* Path of the daemon's executable, in a place where every user may run it. */
const char *daemon_path(void);

/* Is there a FUSE mount on this directory that answers this user? */
bool mount_is_usable(const char *dir, struct who who);

/* Is anything mounted on this directory, dead or alive? */
bool is_mount_point(const char *dir);

/* An empty directory `base`/`name`, mode 0755; asserts. The text goes to ret_path (64 bytes). */
void make_dir(char *ret_path, const char *base, const char *name);

/*
 * Starts it in the foreground on `mount`, with more arguments (NULL at their end, or no list at
 * all), its messages in `mount`.log, and waits until the mount is usable; asserts.
 */
void daemon_start(struct daemon *ret, const char *mount, const char *const args[]);

/* The same as another user. */
void daemon_start_as(
	struct daemon *ret, const char *mount, const char *const args[], struct who who);

/* Waits for its end: exit status 0, no mount left, nothing suspicious in its log; asserts. */
void daemon_expect_end(struct daemon *daemon);

/* Unmounts and expects the end. */
void daemon_stop(struct daemon *daemon);

/* kill -9, and waits until the mount, which stays, is dead. */
void daemon_kill(struct daemon *daemon);

/* The process that serves for it, if that is another one; 0 if not, or between two of them. */
pid_t daemon_worker(const struct daemon *daemon);

/* Asserts that the mount tells this line about itself (shmfs status). */
void daemon_expect_status(const struct daemon *daemon, const char *line);

/* For daemons that are going to be ended with SIGSEGV or SIGABRT: sanitizers do not report that. */
void daemon_may_crash(void);

/* A living child, such as a daemon that went to the background and was adopted; 0 if there is none.
 */
pid_t adopted_child(void);

#endif

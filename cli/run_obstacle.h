/* SPDX-License-Identifier: MIT */
/* Why there can be no private mount namespace, and the setting that an administrator can change. */
#ifndef SHMFS_CLI_RUN_OBSTACLE_H
#define SHMFS_CLI_RUN_OBSTACLE_H

/* error: -errno of the call that failed. Prints the reason; returns RUN_FAILED. */
int run_obstacle_say(int error);

/*
 * The text for an error, and for the contents of the files below proc/sys; proc: a descriptor of
 * /proc, in_chroot: the root directory of the process is not that of its mount namespace.
 */
const char *run_obstacle_text(int error, int proc, int in_chroot);

#endif

/* SPDX-License-Identifier: MIT */
/* `shmfs status`: who serves the mounts of shmfs, and how. See shmfs-status(1). */
#ifndef SHMFS_CLI_STATUS_VERB_H
#define SHMFS_CLI_STATUS_VERB_H

int status_main(int argc, char **argv);

/* Prints what the mount with this directory tells. Returns the exit status. */
int status_print(const char *path);

#endif

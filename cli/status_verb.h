/* SPDX-License-Identifier: MIT */
/* `shmfs status`: who serves the mounts of shmfs, and how. See shmfs-status(1). */
#ifndef SHMFS_CLI_STATUS_VERB_H
#define SHMFS_CLI_STATUS_VERB_H

int status_main(int argc, char **argv);

#endif

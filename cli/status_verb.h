/* SPDX-License-Identifier: MIT */
/* `shmfs status`: the state of the mounts of shmfs and of their daemons. See shmfs-status(1). */
#ifndef SHMFS_CLI_STATUS_VERB_H
#define SHMFS_CLI_STATUS_VERB_H

int status_main(int argc, char **argv);

#endif

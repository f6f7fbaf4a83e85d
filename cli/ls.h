/* SPDX-License-Identifier: MIT */
/* `shmfs ls`: the objects of /dev/shm, the memory that they use, and their holders. See
 * shmfs-ls(1). */
#ifndef SHMFS_CLI_LS_H
#define SHMFS_CLI_LS_H

int ls_main(int argc, char **argv);

#endif

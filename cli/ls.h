/* SPDX-License-Identifier: MIT */
/* `shmfs ls`: the objects of /dev/shm, what they use, and who holds them. See shmfs-ls(1). */
#ifndef SHMFS_CLI_LS_H
#define SHMFS_CLI_LS_H

int ls_main(int argc, char **argv);

#endif

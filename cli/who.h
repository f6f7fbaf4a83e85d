/* SPDX-License-Identifier: MIT */
/* `shmfs who`: the processes that hold an object. See shmfs-who(1). */
#ifndef SHMFS_CLI_WHO_H
#define SHMFS_CLI_WHO_H

int who_main(int argc, char **argv);

#endif

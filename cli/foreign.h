/* SPDX-License-Identifier: MIT */
/*
 * The /dev/shm of other mount namespaces. The way there leads through file systems of other users,
 * which may never answer: a child walks it, and is given up after a while.
 */
#ifndef SHMFS_CLI_FOREIGN_H
#define SHMFS_CLI_FOREIGN_H

#include <sys/types.h>

/*
 * Opens /dev/shm as the process pid sees it, if it is a tmpfs with this device number. Returns a
 * descriptor. -ESTALE: it is something else; -ETIMEDOUT; -EACCES; -ENOENT.
 */
int foreign_open_shm(pid_t pid, dev_t dev);

#endif

/* SPDX-License-Identifier: MIT */
/* Opening an object that exists, on behalf of a caller. */
#ifndef SHMFS_OPEN_H
#define SHMFS_OPEN_H

#include "caller.h"
#include "pin.h"

/*
 * flags: an access mode, O_TRUNC, and the kernel's mark of an execve(2). Counts one open of the
 * node, to be undone with node_close(). -EACCES, -ESTALE and what open(2) says.
 */
int open_for_caller(struct nodes *nodes, struct caller *caller, uint64_t ino, int flags);

/*
 * To follow it: does what O_TRUNC asks for, if it is there. If that fails, the open is undone. It
 * may take long.
 */
int open_truncate(struct nodes *nodes, struct caller *caller, uint64_t ino, int flags);

#endif

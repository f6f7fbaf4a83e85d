/* SPDX-License-Identifier: MIT */
/* The tree outside of the mount, noted as paths: the same in the reference and in /dev/shm. */
#ifndef SHMFS_TEST_SNAPSHOT_H
#define SHMFS_TEST_SNAPSHOT_H

#include "side.h"

/* Notes every path with its attributes and contents, in the order of the paths. */
void note_outside(struct side *s);

/* All paths in /dev/shm, sorted, a line each with inode number and attributes; to be freed. */
char *list_shm(void);

#endif

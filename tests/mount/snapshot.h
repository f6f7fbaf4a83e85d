/* SPDX-License-Identifier: MIT */
/*
 * What lies outside of the mount, noted as a tree of paths. On the reference that is what a walk
 * finds. In /dev/shm the names are turned into paths first, by the rules of the view: a marker is a
 * directory, and a name lies in the directory of its longest prefix that has a marker.
 */
#ifndef SHMFS_TEST_SNAPSHOT_H
#define SHMFS_TEST_SNAPSHOT_H

#include "side.h"

/* Notes every path with its attributes and contents, in the order of the paths. */
void note_outside(struct side *s);

/* The raw names in /dev/shm, sorted, a line each with inode number and attributes; to be freed. */
char *list_shm(void);

#endif

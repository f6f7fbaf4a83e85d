/* SPDX-License-Identifier: MIT */
/*
 * Names by inode number, for a worker that is asked for numbers that only the one before it knew.
 * The directory of objects is read once, for the first number. May be used by several threads.
 */
#ifndef SHMFS_FINDER_H
#define SHMFS_FINDER_H

#include "name.h"

#include <stdint.h>

struct finder;

/* -ENOMEM. */
int finder_new(struct finder **ret_finder);

/* NULL is accepted. */
struct finder *finder_free(struct finder *finder);

/* A name that the inode had then. -ENOENT if it had none; -ENOMEM. */
int finder_name(struct finder *finder, uint64_t ino, struct shmfs_name *ret_name);

#endif

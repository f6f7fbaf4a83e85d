/* SPDX-License-Identifier: MIT */
/*
 * Directories of the view: which object a component stands for, and what a caller may do to the
 * entries. There is one, the root, and it is the directory of all objects: same owner, mode, times.
 */
#ifndef SHMFS_DIRECTORY_H
#define SHMFS_DIRECTORY_H

#include "caller.h"
#include "name.h"

#include <sys/stat.h>

/* The object that an entry is, may it exist or not. -ENOTDIR, -ENAMETOOLONG, -EINVAL. */
int directory_entry(fuse_ino_t dir, const char *component, struct shmfs_name *ret_name);

/* The same for an entry that is to be made: -EINVAL also where it would be a path. */
int directory_new_entry(fuse_ino_t dir, const char *component, struct shmfs_name *ret_name);

/* Read (list), write, search: SHMFS_MAY_… */
int directory_may(fuse_ino_t dir, struct caller *caller, int wanted);

/* Add an entry. */
int directory_may_add(fuse_ino_t dir, struct caller *caller);

/*
 * Makes this thread act as the caller, see caller_enter(), to make an object with that mode in the
 * directory: with the groups if they decide whether it may have its S_ISGID.
 */
int directory_enter_to_add(fuse_ino_t dir, struct caller *caller, mode_t mode);

/* Remove, replace or rename the entry that `victim` describes. */
int directory_may_remove(fuse_ino_t dir, struct caller *caller, const struct stat *victim);

#endif

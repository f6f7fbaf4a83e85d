/* SPDX-License-Identifier: MIT */
/* An object is about to lose a name, which may be its last: what becomes of it then. */
#ifndef SHMFS_LAST_NAME_H
#define SHMFS_LAST_NAME_H

#include "fs.h"
#include "name.h"

#include <sys/stat.h>

/*
 * What has just lost its last name is held for who may just be opening it, see gone.h, but only up
 * to these sizes, in blocks of 512 bytes: whoever removes much memory wants to have it. An open
 * that comes too late for what was unlinked finds no name when it tries again; of what is replaced
 * again and again it may find one that is gone once more (ESTALE).
 */
#define LAST_NAME_UNLINKED ((blkcnt_t)1024 * 1024 / 512)
#define LAST_NAME_REPLACED ((blkcnt_t)16 * 1024 * 1024 / 512)

/*
 * Before: st describes what has the name. Returns a descriptor (O_PATH) for last_name_release(), or
 * -1 if more names stay, or it cannot be had.
 */
int last_name_hold(const struct shmfs_name *name, const struct stat *st);

/* The name was not taken away: gives back what last_name_hold() gave, which becomes -1. */
void last_name_drop(int *held);

/*
 * After, whether the name is gone or not: takes what last_name_hold() gave, or -1. Giving memory
 * back may take long: fs->names is not held.
 */
void last_name_release(struct fs *fs, int held, blkcnt_t max);

/* The same for a directory, which has lost its marker. st: its attributes before. */
void last_name_release_directory(struct fs *fs, const struct stat *st);

#endif

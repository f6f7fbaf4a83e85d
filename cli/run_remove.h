/* SPDX-License-Identifier: MIT */
/*
 * Removal of the contents of a namespace, on held descriptors. Other users may rename, link or
 * mount meanwhile: no file is removed that has not been inside, and no symbolic link is followed.
 */
#ifndef SHMFS_CLI_RUN_REMOVE_H
#define SHMFS_CLI_RUN_REMOVE_H

#include "run_directory.h"

struct run_removal {
	int error;               /* -errno of the first entry that stays, or 0 */
	char name[NAME_MAX + 1]; /* of this entry, without the directories above */
};

/* Removes all entries of the directory, at any depth. */
void run_remove_contents(int dir, struct run_removal *ret_removal);

/* The same, and the directory itself. One that has lost its name needs no removal. */
void run_remove_directory(const struct run_directory *directory, struct run_removal *ret_removal);

#endif

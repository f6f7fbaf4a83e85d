/* SPDX-License-Identifier: MIT */
/* The object that a name or path on the command line means. */
#ifndef SHMFS_CLI_TARGET_H
#define SHMFS_CLI_TARGET_H

#include "survey.h"

struct target {
	dev_t dev; /* of its tmpfs */
	uint64_t ino;
	struct timespec birth;                   /* 0: not known */
	const struct shmfs_listing_entry *entry; /* in the survey; NULL if it is not there */
};

/*
 * A word with a slash in the middle that begins with /, ./ or ../ is a path: of the tmpfs, of a
 * mount of shmfs, of any mount that leads there. Everything else is a name in /dev/shm, with or
 * without a slash before it, and with the directory if it lies in one. -ENOENT; -EMEDIUMTYPE: a
 * file that is no shared memory.
 */
int target_find(const struct survey *survey, const char *word, struct target *ret_target);

#endif

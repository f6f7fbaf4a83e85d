/* SPDX-License-Identifier: MIT */
/* One object on its way out: reap_batch.h tells the steps. */
#ifndef SHMFS_CLI_REAP_ASIDE_H
#define SHMFS_CLI_REAP_ASIDE_H

#include "reap_rules.h"
#include "survey.h"

#include <limits.h>

struct reap_aside {
	int directory; /* in which the object lies */
	int lease;     /* a descriptor of the object; -1: it is a directory, and gone */
	char name[NAME_MAX + 1], aside[NAME_MAX + 1];
};

/*
 * Takes the lease and renames the object aside; an empty directory is removed at once, if no
 * process has a lock on it, and an object that an earlier reap has left aside gets its name back.
 * Returns REAP_MAY_GO: the object is aside; else the end of the matter, and *ret_error is -errno or
 * 0.
 */
enum reap_verdict reap_aside_begin(struct reap_aside *aside, const struct survey *survey,
	const struct shmfs_listing_entry *entry, double older_than, int *ret_error);

/* Does a process wait to open the object? Then it is to be ended without delay. */
bool reap_aside_is_wanted(const struct reap_aside *aside);

/* Removes the object, or gives it its name back. Ends the lease. */
enum reap_verdict reap_aside_end(struct reap_aside *aside, int *ret_error);

/* Is this the name of an object that was renamed aside by a process which lives no more? Then
   ret_name is its own name. */
bool reap_aside_is_left(const char *name, uint64_t ino, char ret_name[NAME_MAX + 1]);

#endif

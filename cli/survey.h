/* SPDX-License-Identifier: MIT */
/* A look at a tmpfs: its objects, and their holders. */
#ifndef SHMFS_CLI_SURVEY_H
#define SHMFS_CLI_SURVEY_H

#include "holders.h"
#include "listing.h"

#include <stdio.h>
#include <time.h>

#define SURVEY_SHM "/dev/shm"

enum survey_status {
	SURVEY_UNKNOWN, /* no holder can be seen, but not every process */
	SURVEY_HELD,
	SURVEY_FREE,
};

struct survey {
	int dir; /* the directory of the tmpfs that is at /dev/shm */
	dev_t dev;
	struct shmfs_listing listing; /* by path */
	struct shmfs_holders holders;
	struct timespec now;
};

/* Surveys /dev/shm. Says on stderr, for this verb, why it cannot. 0 or -errno. */
int survey_take(const char *verb, struct survey *ret_survey);
void survey_free(struct survey *survey);

/* Reads the listing of another tmpfs instead; dir is taken over. */
int survey_move(struct survey *survey, int dir);

/* The holders of this entry, as far as they can be seen; *ret_count of them. */
const struct shmfs_holder *survey_holders(
	const struct survey *survey, const struct shmfs_listing_entry *entry, size_t *ret_count);

/*
 * The status. Where no holder can be seen, but not every process either, the kernel's own answer
 * decides if it gives one (lease.h): an open(2) of the object by another process waits meanwhile,
 * for some microseconds.
 */
enum survey_status survey_status(
	const struct survey *survey, const struct shmfs_listing_entry *entry);

/* The status of each entry of the listing, found by several threads; that of
 * directories is not set. */
void survey_statuses(const struct survey *survey, enum survey_status *ret_statuses);

/* The entry with this inode number that is no directory; NULL. */
const struct shmfs_listing_entry *survey_find(const struct survey *survey, uint64_t ino);

/* One line about the processes and directories that could not be looked at, if any. */
void survey_print_unseen(const struct survey *survey, FILE *out);
/* The same as a JSON object. NULL: no memory. */
struct json_object *survey_unseen_json(const struct survey *survey);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * The attributes of all objects when events were told last: an event says only that there is a
 * change. The comparison says which one.
 */
#ifndef SHMFS_CLI_WATCH_KNOWN_H
#define SHMFS_CLI_WATCH_KNOWN_H

#include "listing.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define WATCH_CHANGES_MAX 3
#define WATCH_DETAIL_SIZE 80

/* The kinds of an event. */
enum {
	WATCH_SIZE = 1 << 0,       /* FAN_MODIFY: contents and size */
	WATCH_ATTRIBUTES = 1 << 1, /* FAN_ATTRIB: mode, owner, times */
};

struct watch_known; /* a set */

int watch_known_new(const struct shmfs_listing *listing, struct watch_known **ret_known);
/* NULL is accepted. Returns NULL. */
struct watch_known *watch_known_free(struct watch_known *known);

/*
 * Notes an object that has got a name. sure: the kinds of attributes that are as they were then.
 * entry: NULL: it could not be looked at. Returns true if the object was known already.
 */
bool watch_known_add(struct watch_known *known, uint64_t ino,
	const struct shmfs_listing_entry *entry, unsigned sure);

struct watch_change {
	const char *action;             /* "chmod", "chown", "resize", "change", "write" */
	char detail[WATCH_DETAIL_SIZE]; /* "0600 0644" */
	bool is_shared;                 /* several processes may have taken part */
};

/*
 * Compares the object with its noted state, and notes the new one, as far as these kinds go.
 * Returns how many changes an event of these kinds has to tell, at least one for each kind.
 */
size_t watch_known_compare(struct watch_known *known, const struct shmfs_listing_entry *entry,
	unsigned kinds, struct watch_change ret_changes[WATCH_CHANGES_MAX]);

/* The next change of these kinds that compare finds is one that several processes share. */
void watch_known_share(struct watch_known *known, uint64_t ino, unsigned kinds);

void watch_known_forget(struct watch_known *known, uint64_t ino);

/*
 * Objects that were replaced by rename(2) go without an event of their own. Where many more are
 * known than at the last sweep, those that this directory does not show are forgotten.
 */
void watch_known_sweep(struct watch_known *known, int dir);

#endif

/* SPDX-License-Identifier: MIT */
/* What objects were like when they were seen last: events tell that, and not what, has changed. */
#ifndef SHMFS_CLI_WATCH_KNOWN_H
#define SHMFS_CLI_WATCH_KNOWN_H

#include "listing.h"

#include <stddef.h>
#include <stdint.h>

#define WATCH_CHANGES_MAX 4
#define WATCH_DETAIL_SIZE 80

struct watch_known; /* a set */

int watch_known_new(const struct shmfs_listing *listing, struct watch_known **ret_known);
/* NULL is accepted. Returns NULL. */
struct watch_known *watch_known_free(struct watch_known *known);

struct watch_change {
	const char *action;             /* "chmod", "chown", "resize", "change", "write", "link" */
	char detail[WATCH_DETAIL_SIZE]; /* "0600 0644" */
};

/*
 * Notes what the object is like now. Returns how many changes that are since it was noted last, 0
 * for a new one. is_write: it was written to, or its size was changed.
 */
size_t watch_known_note(struct watch_known *known, const struct shmfs_listing_entry *entry,
	bool is_write, struct watch_change ret_changes[WATCH_CHANGES_MAX]);

void watch_known_forget(struct watch_known *known, uint64_t ino);

#endif

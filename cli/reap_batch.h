/* SPDX-License-Identifier: MIT */
/*
 * The removal of objects that seem to have no holder. Other processes may open, map, rename,
 * replace and link them at every moment. Objects go in batches, each in five steps:
 *
 * 1. A write lease is taken of each object. It is granted only if the object has no holder, through
 *   any door (lease.h), and from now on each open(2) of the object waits for this batch.
 * 2. The object is renamed aside, in its directory, with RENAME_NOREPLACE: no process finds it any
 *   more.
 * 3. A pause: a process that had found the object before, and not opened it yet, comes to wait.
 *   Then the object gets its name back at once, with RENAME_NOREPLACE. If that name has been taken
 *   in these microseconds the object stays under its other name.
 * 4. All other objects are removed.
 * 5. The leases end, and processes that waited go on with an object that is alive.
 *
 * A batch is the work of a child that no signal of the terminal ends in the middle, and that is
 * left behind if it does not come to an end: other users can lock their own directories for ever.
 */
#ifndef SHMFS_CLI_REAP_BATCH_H
#define SHMFS_CLI_REAP_BATCH_H

#include "reap_rules.h"
#include "survey.h"

struct reap_item {
	const struct shmfs_listing_entry *entry;
	enum reap_verdict verdict;
	int error; /* -errno, of REAP_FAILED and REAP_DOUBT; 0 */
};

/*
 * Removes all items with the verdict REAP_MAY_GO, each of which has another one then. -ENOMEM,
 * -EAGAIN.
 */
int reap_remove(
	const struct survey *survey, double older_than, struct reap_item *items, size_t count);

#endif

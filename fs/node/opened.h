/* SPDX-License-Identifier: MIT */
/*
 * Objects that clients have open: for each a region (region.h) with its descriptors and mapping,
 * from the first open to the last close, and with passthrough one backing id, the same for all of
 * its opens. opened.c tells which parts outlive the worker.
 *
 * All functions may be called from any thread; 0 or -errno.
 */
#ifndef SHMFS_OPENED_H
#define SHMFS_OPENED_H

#include "region.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct freeing;
struct opened;
struct passthrough;
struct shared;

/*
 * noatime: reading an object leaves its atime alone. The other arguments outlive it. recover.h has
 * repaired the state that the last worker left in shared; those objects are open then.
 */
int opened_new(struct opened **ret_opened, const struct passthrough *passthrough,
	struct shared *shared, struct freeing *freeing, bool noatime);

/* Open objects stay open for the next worker. NULL is accepted. */
struct opened *opened_free(struct opened *opened);

/*
 * The caller has opened the object as fd, which is owned in any case: counts one open. The region
 * takes fd for the kinds of access that it lacks. Returns the backing id of the object, 0 without
 * one, or -errno. -EMFILE: this user has its share of open objects.
 */
int opened_add(struct opened *opened, uint64_t ino, int fd, uid_t user);

/* One open ends. */
void opened_close(struct opened *opened, uint64_t ino);

/* Does any client have it open; is it open for writing? */
bool opened_has(struct opened *opened, uint64_t ino);
bool opened_has_writer(struct opened *opened, uint64_t ino);

/* How many objects are open. */
size_t opened_count(struct opened *opened);

/* The users who have their share of open objects, `max` at most. Returns how many. */
size_t opened_list_full(struct opened *opened, uint64_t *ret_users, size_t max);

/* The backing id of an object that is open; 0: it has no backing id. */
int opened_backing(struct opened *opened, uint64_t ino);

/* The region of an object that the caller has open. */
struct shmfs_region *opened_region(struct opened *opened, uint64_t ino);

/* Another descriptor of an object that is open, the caller's. -ESTALE when it is not open. */
int opened_dup(struct opened *opened, uint64_t ino);

#endif

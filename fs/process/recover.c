/* SPDX-License-Identifier: MIT */
#include "recover.h"

#include "node/freeing.h"
#include "node/passthrough.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

/* The set of descriptors that stay open. */
struct known {
	struct shared *shared;
	struct freeing *freeing;
	size_t room; /* the set's capacity: descriptors below this number */
	uint8_t *set;
};

static bool is_used(const struct shared_slot *slot)
{
	return atomic_load(&slot->unique) != 0;
}

static void redo_count(struct shared *shared)
{
	struct shared_redo *redo = &shared->redo;

	if (!atomic_load(&redo->valid))
		return;
	shared->opens[redo->open] = redo->after;
	if (redo->slot < SHARED_SLOTS) {
		shared->slots[redo->slot].ino = redo->after.ino;
		atomic_store(&shared->slots[redo->slot].phase, redo->phase);
	}
	atomic_store(&redo->valid, 0);
}

static int note_known_descriptors(struct known *known)
{
	const long max = sysconf(_SC_OPEN_MAX);
	struct shared *shared = known->shared;

	known->room = max > 0 ? (size_t)max : SHARED_FDS;
	known->set = calloc(DESCRIPTORS_SET_SIZE(known->room), 1);
	if (!known->set)
		return -ENOMEM;
	for (uint32_t i = 0; i < shared->opens_used; i++)
		if (shared->opens[i].ino != 0 && shared->opens[i].count > 0) {
			descriptors_add(known->set, known->room, shared->opens[i].reader);
			descriptors_add(known->set, known->room, shared->opens[i].writer);
		}
	for (size_t i = 0; i < SHARED_SLOTS; i++)
		if (shared->orphans[i].ino != 0)
			descriptors_add(known->set, known->room, shared->orphans[i].fd);
	for (size_t i = 0; i < 2; i++)
		descriptors_add(known->set, known->room, atomic_load(&shared->nodes.fds[i]));
	return 0;
}

/* Does fd come from making an object? All other opens of objects use O_NONBLOCK. */
static bool is_made(const struct shared *shared, int fd, struct stat *ret_st)
{
	const int flags = fcntl(fd, F_GETFL);
	struct stat root;

	return flags >= 0 && (flags & (O_ACCMODE | O_NONBLOCK | O_PATH)) == O_RDWR &&
	       fstat(fd, ret_st) == 0 && S_ISREG(ret_st->st_mode) &&
	       fstat(shared->root, &root) == 0 && root.st_dev == ret_st->st_dev;
}

/* Keeps a new object's descriptor for the request that made it and comes again: see journal.c. */
static bool keep_orphan(struct shared *shared, int fd)
{
	struct stat st;

	if (!is_made(shared, fd, &st))
		return false;
	for (size_t i = 0; i < SHARED_SLOTS; i++)
		if (shared->orphans[i].ino == 0) {
			shared->orphans[i].fd = fd;
			shared->orphans[i].ino = st.st_ino;
			return true;
		}
	return false;
}

static void sweep_descriptor(void *arg, int fd)
{
	const struct known *known = arg;

	if (descriptors_has(known->set, known->room, fd) || keep_orphan(known->shared, fd))
		return;
	if (freeing_takes_long(fd))
		freeing_close(known->freeing, fd, FREEING_NOBODY);
	else
		close(fd);
}

static int sweep_unknown(struct shared *shared, struct freeing *freeing)
{
	struct known known = {.shared = shared, .freeing = freeing};
	int r;

	r = note_known_descriptors(&known);
	if (r == 0)
		r = shared_visit_others(shared, sweep_descriptor, &known);
	free(known.set);
	return r;
}

static void drop_given_up(struct shared *shared, const struct passthrough *passthrough)
{
	for (uint32_t i = 0; i < shared->opens_used; i++) {
		struct shared_open *open = &shared->opens[i];

		if (open->ino == 0 || open->count > 0)
			continue;
		if (open->backing > 0)
			passthrough_close(passthrough, open->backing);
		open->ino = 0;
	}
}

static bool is_backing(const struct shared *shared, int id)
{
	for (uint32_t i = 0; i < shared->opens_used; i++)
		if (shared->opens[i].ino != 0 && shared->opens[i].backing == id)
			return true;
	return false;
}

/*
 * Closes the backing ids that the dead worker got but did not record. The kernel hands out ids in
 * ascending order: the lost ones start at the lowest id that an unfinished request may have got,
 * and end at most SHARED_SLOTS above the highest id seen.
 */
static void drop_lost_backings(struct shared *shared, const struct passthrough *passthrough)
{
	const int end = atomic_load(&shared->backing_last) + SHARED_SLOTS;
	int from = 0;

	for (size_t i = 0; i < SHARED_SLOTS; i++) {
		struct shared_slot *slot = &shared->slots[i];

		if (is_used(slot) && slot->registering > 0 &&
			(from == 0 || slot->registering < from))
			from = slot->registering;
		slot->registering = 0;
	}
	for (int id = from; from > 0 && id <= end; id++)
		if (!is_backing(shared, id))
			passthrough_close(passthrough, id);
}

static struct shared_suspect *suspect_of(struct shared *shared, uint64_t unique)
{
	struct shared_suspect *suspect;

	for (size_t i = 0; i < SHARED_SUSPECTS; i++)
		if (shared->suspects[i].unique == unique)
			return &shared->suspects[i];
	suspect = &shared->suspects[shared->suspects_next++ % SHARED_SUSPECTS];
	*suspect = (struct shared_suspect){.unique = unique};
	return suspect;
}

/* Each request that the dead worker was serving may be the cause of its death. */
static void note_suspects(struct shared *shared)
{
	const uint32_t points = shared->death == DEATH_OWN       ? SHARED_POINTS_OWN
				: shared->death == DEATH_OUTSIDE ? SHARED_POINTS_OUTSIDE
								 : 0;

	for (size_t i = 0; i < SHARED_THREADS; i++) {
		const uint64_t unique = atomic_exchange(&shared->services[i].unique, 0);
		const uint32_t slow = atomic_exchange(&shared->services[i].slow, false);
		struct shared_suspect *suspect;

		if (unique == 0 || (points == 0 && !slow))
			continue;
		suspect = suspect_of(shared, unique);
		suspect->points += points;
		suspect->slow = slow;
	}
}

int recover(struct shared *shared, struct freeing *freeing)
{
	const struct passthrough passthrough = {.device = shared->device};
	int r;

	note_suspects(shared);
	redo_count(shared);
	/* This frees no memory: the freeing thread closes the descriptors that refer to it. */
	drop_given_up(shared, &passthrough);
	r = sweep_unknown(shared, freeing);
	if (r < 0)
		return r;
	drop_lost_backings(shared, &passthrough);
	return 0;
}

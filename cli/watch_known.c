/* SPDX-License-Identifier: MIT */
#include "watch_known.h"

#include <errno.h>
#include <inttypes.h>
#include <search.h>
#include <stdio.h>
#include <stdlib.h>

#define SWEEP_MIN 4096 /* objects */

struct state {
	uint64_t ino, size;
	mode_t mode;
	uid_t uid;
	gid_t gid;
	unsigned sure, shared; /* WATCH_SIZE, WATCH_ATTRIBUTES */
};

struct watch_known {
	void *tree; /* tsearch(3): struct state */
	size_t count, limit;
};

static int compare_inos(const void *a, const void *b)
{
	const struct state *one = a, *other = b;

	return one->ino < other->ino ? -1 : one->ino > other->ino;
}

static struct state *find_state(const struct watch_known *known, uint64_t ino)
{
	const struct state key = {.ino = ino};
	struct state *const *node = tfind(&key, &known->tree, compare_inos);

	return node ? *node : NULL;
}

static void note_state(struct state *state, const struct shmfs_listing_entry *entry, unsigned kinds)
{
	if (kinds & WATCH_SIZE)
		state->size = entry->size;
	if (kinds & WATCH_ATTRIBUTES) {
		state->mode = entry->mode;
		state->uid = entry->uid;
		state->gid = entry->gid;
	}
	state->sure |= kinds;
	state->shared &= ~kinds;
}

/* Without memory the object stays unknown: its next change is told without the value before. */
static struct state *add_state(struct watch_known *known, uint64_t ino)
{
	struct state *state = calloc(1, sizeof(*state));

	if (!state)
		return NULL;
	state->ino = ino;
	if (!tsearch(state, &known->tree, compare_inos)) {
		free(state);
		return NULL;
	}
	known->count++;
	return state;
}

bool watch_known_add(struct watch_known *known, uint64_t ino,
	const struct shmfs_listing_entry *entry, unsigned sure)
{
	struct state *state = find_state(known, ino);

	if (state)
		return true;
	state = add_state(known, ino);
	if (state && entry)
		note_state(state, entry, sure);
	return false;
}

int watch_known_new(const struct shmfs_listing *listing, struct watch_known **ret_known)
{
	struct watch_known *known = calloc(1, sizeof(*known));

	if (!known)
		return -ENOMEM;
	for (size_t i = 0; i < listing->count; i++)
		watch_known_add(known, listing->entries[i].ino, &listing->entries[i],
			WATCH_SIZE | WATCH_ATTRIBUTES);
	known->limit = SWEEP_MIN + 2 * known->count;
	*ret_known = known;
	return 0;
}

struct watch_known *watch_known_free(struct watch_known *known)
{
	if (known)
		tdestroy(known->tree, free);
	free(known);
	return NULL;
}

static struct watch_change *next_change(
	struct watch_change *changes, size_t *count, const char *action, bool is_shared)
{
	changes[*count] = (struct watch_change){.action = action, .is_shared = is_shared};
	return &changes[(*count)++];
}

static void compare_sizes(const struct state *old, const struct shmfs_listing_entry *now,
	struct watch_change *changes, size_t *count)
{
	const bool is_shared = old->shared & WATCH_SIZE;

	if (!(old->sure & WATCH_SIZE))
		snprintf(next_change(changes, count, "resize", is_shared)->detail,
			WATCH_DETAIL_SIZE, "? %" PRIu64, now->size);
	else if (old->size != now->size)
		snprintf(next_change(changes, count, "resize", is_shared)->detail,
			WATCH_DETAIL_SIZE, "%" PRIu64 " %" PRIu64, old->size, now->size);
	else
		next_change(changes, count, "write", false);
}

static void compare_attributes(const struct state *old, const struct shmfs_listing_entry *now,
	struct watch_change *changes, size_t *count)
{
	const bool is_shared = old->shared & WATCH_ATTRIBUTES, sure = old->sure & WATCH_ATTRIBUTES;
	const size_t before = *count;

	if (sure && old->mode != now->mode)
		snprintf(next_change(changes, count, "chmod", is_shared)->detail, WATCH_DETAIL_SIZE,
			"%04o %04o", old->mode & 07777, now->mode & 07777);
	if (sure && (old->uid != now->uid || old->gid != now->gid))
		snprintf(next_change(changes, count, "chown", is_shared)->detail, WATCH_DETAIL_SIZE,
			"%u:%u %u:%u", old->uid, old->gid, now->uid, now->gid);
	if (*count == before)
		next_change(changes, count, "change", false);
}

size_t watch_known_compare(struct watch_known *known, const struct shmfs_listing_entry *entry,
	unsigned kinds, struct watch_change ret_changes[WATCH_CHANGES_MAX])
{
	const struct state nothing = {.ino = entry->ino};
	struct state *state = find_state(known, entry->ino);
	size_t count = 0;

	if (kinds & WATCH_SIZE)
		compare_sizes(state ? state : &nothing, entry, ret_changes, &count);
	if (kinds & WATCH_ATTRIBUTES)
		compare_attributes(state ? state : &nothing, entry, ret_changes, &count);
	if (!state)
		state = add_state(known, entry->ino);
	if (state)
		note_state(state, entry, kinds);
	return count;
}

void watch_known_share(struct watch_known *known, uint64_t ino, unsigned kinds)
{
	struct state *state = find_state(known, ino);

	if (state)
		state->shared |= kinds;
}

void watch_known_forget(struct watch_known *known, uint64_t ino)
{
	struct state *state = find_state(known, ino);

	if (!state)
		return;
	tdelete(state, &known->tree, compare_inos);
	free(state);
	known->count--;
}

void watch_known_sweep(struct watch_known *known, int dir)
{
	struct watch_known kept = {.tree = NULL};
	struct shmfs_listing listing;

	if (known->count < known->limit || shmfs_listing_read(dir, &listing) < 0)
		return;
	for (size_t i = 0; i < listing.count; i++) {
		const struct state *old = find_state(known, listing.entries[i].ino);
		struct state *state =
			old && !find_state(&kept, old->ino) ? add_state(&kept, old->ino) : NULL;

		if (state)
			*state = *old;
	}
	shmfs_listing_free(&listing);
	tdestroy(known->tree, free);
	*known = kept;
	known->limit = SWEEP_MIN + 2 * known->count;
}

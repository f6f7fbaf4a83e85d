/* SPDX-License-Identifier: MIT */
#include "watch_known.h"

#include <errno.h>
#include <inttypes.h>
#include <search.h>
#include <stdio.h>
#include <stdlib.h>

struct state {
	uint64_t ino, size;
	mode_t mode;
	uid_t uid;
	gid_t gid;
	uint32_t links;
};

struct watch_known {
	void *tree; /* tsearch(3): struct state */
};

static int compare(const void *a, const void *b)
{
	const struct state *one = a, *other = b;

	return one->ino < other->ino ? -1 : one->ino > other->ino;
}

static struct state state_of(const struct shmfs_listing_entry *entry)
{
	return (struct state){.ino = entry->ino,
		.size = entry->size,
		.mode = entry->mode,
		.uid = entry->uid,
		.gid = entry->gid,
		.links = entry->links};
}

/* Without memory, the next change of the object is not told. */
static void add(struct watch_known *known, const struct state *state)
{
	struct state *copy = malloc(sizeof(*copy));

	if (!copy)
		return;
	*copy = *state;
	if (!tsearch(copy, &known->tree, compare))
		free(copy);
}

int watch_known_new(const struct shmfs_listing *listing, struct watch_known **ret_known)
{
	struct watch_known *known = calloc(1, sizeof(*known));

	if (!known)
		return -ENOMEM;
	for (size_t i = 0; i < listing->count; i++) {
		struct watch_change changes[WATCH_CHANGES_MAX];

		watch_known_note(known, &listing->entries[i], false, changes);
	}
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
	struct watch_change *changes, size_t *count, const char *action)
{
	changes[*count].action = action;
	changes[*count].detail[0] = '\0';
	return &changes[(*count)++];
}

static size_t tell(const struct state *old, const struct state *new, bool is_write,
	struct watch_change *changes)
{
	size_t count = 0;

	if (old->size != new->size)
		snprintf(next_change(changes, &count, "resize")->detail, WATCH_DETAIL_SIZE,
			"%" PRIu64 " %" PRIu64, old->size, new->size);
	if (old->mode != new->mode)
		snprintf(next_change(changes, &count, "chmod")->detail, WATCH_DETAIL_SIZE,
			"%04o %04o", old->mode & 07777, new->mode & 07777);
	if (old->uid != new->uid || old->gid != new->gid)
		snprintf(next_change(changes, &count, "chown")->detail, WATCH_DETAIL_SIZE,
			"%u:%u %u:%u", old->uid, old->gid, new->uid, new->gid);
	if (count == 0 && old->links == new->links)
		next_change(changes, &count, is_write ? "write" : "change");
	return count;
}

size_t watch_known_note(struct watch_known *known, const struct shmfs_listing_entry *entry,
	bool is_write, struct watch_change ret_changes[WATCH_CHANGES_MAX])
{
	const struct state now = state_of(entry);
	struct state *const *node = tfind(&now, &known->tree, compare);
	size_t count;

	if (!node) {
		add(known, &now);
		return 0;
	}
	count = tell(*node, &now, is_write, ret_changes);
	**node = now;
	return count;
}

void watch_known_forget(struct watch_known *known, uint64_t ino)
{
	const struct state key = {.ino = ino};
	struct state *const *node = tfind(&key, &known->tree, compare);
	struct state *state = node ? *node : NULL;

	if (!state)
		return;
	tdelete(state, &known->tree, compare);
	free(state);
}

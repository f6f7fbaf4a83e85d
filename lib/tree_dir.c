// SPDX-License-Identifier: MIT
/*
 * A listing goes down from the highest inode number, which is the newest object. A position behind
 * an entry is its inode number: whatever else comes or goes, and whoever is renamed meanwhile, the
 * rest is what has lower numbers. Only between links of one object in one directory it is also a
 * hash of the name, by which they are in order, and how many with that hash have been listed.
 */
#include "tree_dir.h"

#include "name.h"
#include "position.h"

#include <string.h>

static struct shmfs_tree_entry *entry_of(struct shmfs_order_item *item)
{
	return (struct shmfs_tree_entry *)item;
}

struct shmfs_tree_entry *shmfs_tree_dir_first(const struct shmfs_tree_dir *dir)
{
	return entry_of(shmfs_order_before(dir->entries, UINT64_MAX, 0));
}

struct shmfs_tree_entry *shmfs_tree_dir_next(
	const struct shmfs_tree_dir *dir, const struct shmfs_tree_entry *entry)
{
	return entry_of(shmfs_order_below(dir->entries, &entry->item));
}

struct shmfs_tree_entry *shmfs_tree_dir_find_ino(const struct shmfs_tree_dir *dir, uint64_t ino)
{
	struct shmfs_tree_entry *entry = entry_of(shmfs_order_before(dir->entries, ino + 1, 0));

	return entry && entry->item.ino == ino ? entry : NULL;
}

/* A loose entry may have to move when a marker comes. */
static bool is_loose(const struct shmfs_tree_entry *entry)
{
	const size_t len = strlen(entry->name);

	return shmfs_name_outer(entry->name, len) > entry->component;
}

/* by: 1 or -1, as size_t. */
static void count(struct shmfs_tree_dir *dir, const struct shmfs_tree_entry *entry, size_t by)
{
	dir->seen += entry->hidden ? 0 : by;
	dir->directories += entry->own ? by : 0;
}

static void loosen(struct shmfs_tree_entry *entry, struct shmfs_tree_dir *dir)
{
	entry->loose = &dir->loose;
	entry->loose_next = dir->loose;
	if (entry->loose_next)
		entry->loose_next->loose = &entry->loose_next;
	dir->loose = entry;
}

static void fasten(struct shmfs_tree_entry *entry)
{
	*entry->loose = entry->loose_next;
	if (entry->loose_next)
		entry->loose_next->loose = entry->loose;
	entry->loose = NULL;
}

void shmfs_tree_dir_enter(
	struct shmfs_tree_entry *entry, struct shmfs_tree_dir *dir, size_t component)
{
	entry->where = dir;
	entry->component = (uint8_t)component;
	shmfs_order_add(&dir->entries, &entry->item);
	count(dir, entry, 1);
	if (is_loose(entry))
		loosen(entry, dir);
}

void shmfs_tree_dir_leave(struct shmfs_tree_entry *entry)
{
	if (entry->loose)
		fasten(entry);
	count(entry->where, entry, (size_t)-1);
	shmfs_order_remove(&entry->where->entries, &entry->item);
}

void shmfs_tree_dir_hide(struct shmfs_tree_entry *entry, bool hidden)
{
	if (entry->hidden != hidden)
		entry->where->seen += hidden ? (size_t)-1 : 1;
	entry->hidden = hidden;
}

/* --- listings --- */

static void fill_item(struct shmfs_tree_item *item, const struct shmfs_tree_entry *entry)
{
	const char *component = entry->name + entry->component;
	const size_t len = strlen(component) - (entry->own ? strlen(SHMFS_NAME_SLASH) : 0);

	item->ino = entry->item.ino;
	item->type = entry->type;
	*(char *)mempcpy(item->component, component, len) = '\0';
}

static uint32_t hash_of_link(const struct shmfs_tree_entry *entry)
{
	return shmfs_position_hash(entry->item.ino, entry->item.tie);
}

static bool is_link_at(const struct shmfs_position *at, const struct shmfs_tree_entry *entry)
{
	return entry && entry->item.ino == at->ino && hash_of_link(entry) == at->hash;
}

/* Behind this entry, which comes after the position; `next` is seen after it. */
static struct shmfs_position behind(const struct shmfs_position *at,
	const struct shmfs_tree_entry *entry, const struct shmfs_tree_entry *next)
{
	struct shmfs_position now = {.ino = entry->item.ino};

	if (!next || next->item.ino != now.ino)
		return now;
	now.hash = hash_of_link(entry);
	now.count = is_link_at(at, entry) ? at->count + 1 : 1;
	/* So many names do not have one hash by chance. */
	now.count = now.count < SHMFS_POSITION_COUNT_MAX ? now.count : SHMFS_POSITION_COUNT_MAX;
	return now;
}

static const struct shmfs_tree_entry *seen_from(
	const struct shmfs_tree_dir *dir, const struct shmfs_tree_entry *entry)
{
	while (entry && entry->hidden)
		entry = shmfs_tree_dir_next(dir, entry);
	return entry;
}

/* The first of the links with that hash, or what comes where they would be. */
static const struct shmfs_tree_entry *first_at(
	const struct shmfs_tree_dir *dir, const struct shmfs_position *at)
{
	const uint64_t limit = shmfs_position_limit(at);

	return entry_of(limit > UINT32_MAX
				? shmfs_order_before(dir->entries, at->ino + 1, 0)
				: shmfs_order_before(dir->entries, at->ino, (uint32_t)limit));
}

static const struct shmfs_tree_entry *entry_at(
	const struct shmfs_tree_dir *dir, const struct shmfs_position *at)
{
	const struct shmfs_tree_entry *entry = seen_from(dir, first_at(dir, at));

	for (unsigned i = 0; i < at->count && is_link_at(at, entry); i++)
		entry = seen_from(dir, shmfs_tree_dir_next(dir, entry));
	return entry;
}

size_t shmfs_tree_dir_list(const struct shmfs_tree_dir *dir, uint64_t from,
	struct shmfs_tree_item *ret_items, size_t max)
{
	struct shmfs_position at = shmfs_position_unpack(from);
	const struct shmfs_tree_entry *entry, *next;
	size_t n = 0;

	for (entry = seen_from(dir, from == 0 ? shmfs_tree_dir_first(dir) : entry_at(dir, &at));
		entry && n < max; entry = next) {
		next = seen_from(dir, shmfs_tree_dir_next(dir, entry));
		at = behind(&at, entry, next);
		fill_item(&ret_items[n], entry);
		ret_items[n++].next = shmfs_position_pack(&at);
	}
	return n;
}

/* SPDX-License-Identifier: MIT */
/*
 * Every name has an entry, and all entries are in one hash table. Each lies in a directory, which
 * is the root or belongs to the entry of its marker, and is kept there in the order of inode
 * numbers.
 *
 * Invariants:
 *
 * - An entry lies in the directory with the longest marked prefix of its name, see
 *   shmfs_name_outer(). So when a marker comes, entries move down from the directory in which it
 *   lies, and up again when it goes. The names that may move down have an encoded slash in their
 *   component: they are loose, each directory has a list of its own of them, and there are hardly
 *   ever any.
 * - An entry is hidden when a directory has its name: when the name with an encoded slash behind it
 *   is a marker.
 *
 * A listing goes down from the highest inode number, which is the newest object. A position behind
 * an entry is its inode number: whatever else comes or goes, and whoever is renamed meanwhile, the
 * rest is what has lower numbers. Only between links of one object in one directory it is also a
 * hash of the name, by which they are in order, and how many with that hash have been listed.
 */
#include "tree.h"

#include "order.h"
#include "position.h"
#include "table.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>

struct entry {
	struct shmfs_order_item item; /* first: in its directory */
	struct shmfs_table_entry by_name;
	struct directory *where;
	struct directory *own;             /* of which it is the marker, or NULL */
	struct entry *loose_next, **loose; /* in the list of loose ones; NULL: it is none */
	mode_t type;
	uint8_t component; /* starts at this byte of the name */
	bool hidden;
	char name[];
};

struct directory {
	struct directory *next, *prev; /* all there are, in a ring with the root */
	struct shmfs_order_item *entries;
	struct entry *loose;
	size_t seen, directories;
};

struct shmfs_tree {
	struct shmfs_table names; /* by their hashes */
	uint64_t seed;            /* of the hashes: others choose the names */
	struct directory *root;
	size_t moves;
};

static void clear_root(struct shmfs_tree *tree)
{
	*tree->root = (struct directory){.next = tree->root, .prev = tree->root};
}

int shmfs_tree_new(struct shmfs_tree **ret_tree)
{
	struct shmfs_tree *tree = calloc(1, sizeof(*tree));

	if (!tree)
		return -ENOMEM;
	tree->root = calloc(1, sizeof(*tree->root));
	if (!tree->root || shmfs_table_init(&tree->names) < 0) {
		free(tree->root);
		free(tree);
		return -ENOMEM;
	}
	clear_root(tree);
	if (getrandom(&tree->seed, sizeof(tree->seed), GRND_NONBLOCK) < 0)
		tree->seed = (uintptr_t)tree;
	*ret_tree = tree;
	return 0;
}

/* --- by name --- */

static struct entry *of_name(const struct shmfs_table_entry *by_name)
{
	const size_t offset = offsetof(struct entry, by_name);

	return (void *)((uintptr_t)by_name - offset);
}

static void entry_free(struct entry *entry)
{
	free(entry->own);
	free(entry);
}

static void drop(struct shmfs_table_entry *by_name)
{
	entry_free(of_name(by_name));
}

void shmfs_tree_clear(struct shmfs_tree *tree)
{
	shmfs_table_clear(&tree->names, drop);
	clear_root(tree);
}

struct shmfs_tree *shmfs_tree_free(struct shmfs_tree *tree)
{
	if (!tree)
		return NULL;
	shmfs_tree_clear(tree);
	shmfs_table_free(&tree->names);
	free(tree->root);
	free(tree);
	return NULL;
}

/* FNV-1a */
static uint64_t hash_of(uint64_t seed, const char *name, size_t len)
{
	uint64_t hash = UINT64_C(14695981039346656037) ^ seed;

	for (size_t i = 0; i < len; i++)
		hash = (hash ^ (unsigned char)name[i]) * UINT64_C(1099511628211);
	return hash ^ hash >> 32;
}

static bool has_name(const struct entry *entry, const char *name, size_t len)
{
	return strncmp(entry->name, name, len) == 0 && entry->name[len] == '\0';
}

static struct entry *find(const struct shmfs_tree *tree, const char *name, size_t len)
{
	const uint64_t hash = hash_of(tree->seed, name, len);

	for (const struct shmfs_table_entry *found = shmfs_table_find(&tree->names, hash); found;
		found = shmfs_table_next(found)) {
		struct entry *entry = of_name(found);

		if (has_name(entry, name, len))
			return entry;
	}
	return NULL;
}

/* NULL if there is none. */
static struct directory *directory_of(const struct shmfs_tree *tree, const char *name, size_t len)
{
	const struct entry *marker;

	if (len == 0)
		return tree->root;
	marker = find(tree, name, len);
	return marker ? marker->own : NULL;
}

/* --- in a directory --- */

static struct entry *entry_of(struct shmfs_order_item *item)
{
	return (struct entry *)item;
}

/* In a directory, from the highest number down. */
static struct entry *first_of(const struct directory *dir)
{
	return entry_of(shmfs_order_before(dir->entries, UINT64_MAX, 0));
}

static struct entry *next_of(const struct directory *dir, const struct entry *entry)
{
	return entry_of(shmfs_order_below(dir->entries, &entry->item));
}

/* A loose entry may have to move when a marker comes. */
static bool is_loose(const struct entry *entry)
{
	const size_t len = strlen(entry->name);

	return shmfs_name_outer(entry->name, len) > entry->component;
}

/* by: 1 or -1, as size_t. */
static void count(struct directory *dir, const struct entry *entry, size_t by)
{
	dir->seen += entry->hidden ? 0 : by;
	dir->directories += entry->own ? by : 0;
}

static void loosen(struct entry *entry, struct directory *dir)
{
	entry->loose = &dir->loose;
	entry->loose_next = dir->loose;
	if (entry->loose_next)
		entry->loose_next->loose = &entry->loose_next;
	dir->loose = entry;
}

static void fasten(struct entry *entry)
{
	*entry->loose = entry->loose_next;
	if (entry->loose_next)
		entry->loose_next->loose = entry->loose;
	entry->loose = NULL;
}

static void enter(struct entry *entry, struct directory *dir, size_t component)
{
	entry->where = dir;
	entry->component = (uint8_t)component;
	shmfs_order_add(&dir->entries, &entry->item);
	count(dir, entry, 1);
	if (is_loose(entry))
		loosen(entry, dir);
}

static void leave(struct entry *entry)
{
	if (entry->loose)
		fasten(entry);
	count(entry->where, entry, (size_t)-1);
	shmfs_order_remove(&entry->where->entries, &entry->item);
}

static void set_hidden(struct entry *entry, bool hidden)
{
	if (entry->hidden != hidden)
		entry->where->seen += hidden ? (size_t)-1 : 1;
	entry->hidden = hidden;
}

/* --- markers --- */

/* Where it lies, and in *ret_component where its component starts. */
static struct directory *place_of(
	const struct shmfs_tree *tree, const char *name, size_t *ret_component)
{
	struct directory *dir = NULL;
	size_t len = strlen(name);

	while (!dir) {
		len = shmfs_name_outer(name, len);
		dir = directory_of(tree, name, len);
	}
	*ret_component = len;
	return dir;
}

/* To where it has to lie, now that a marker has changed. */
static void move(const struct shmfs_tree *tree, struct entry *entry)
{
	size_t component;
	struct directory *to = place_of(tree, entry->name, &component);

	leave(entry);
	enter(entry, to, component);
}

/* What lies beside a new marker and has to lie below it. */
static void move_down(struct shmfs_tree *tree, const struct entry *marker)
{
	const size_t len = strlen(marker->name);
	struct entry *next;

	for (struct entry *entry = marker->where->loose; entry; entry = next) {
		next = entry->loose_next;
		tree->moves++;
		if (entry != marker && strncmp(entry->name, marker->name, len) == 0)
			move(tree, entry);
	}
}

/* What lay below a marker that is known no more. */
static void move_up(struct shmfs_tree *tree, const struct directory *dir)
{
	struct entry *next;

	for (struct entry *entry = first_of(dir); entry; entry = next) {
		next = next_of(dir, entry);
		tree->moves++;
		move(tree, entry);
	}
}

/* The entry whose name the directory of a marker has, or NULL. */
static struct entry *namesake(const struct shmfs_tree *tree, const char *marker)
{
	return find(tree, marker, strlen(marker) - strlen(SHMFS_NAME_SLASH));
}

static void show_namesake(const struct shmfs_tree *tree, const char *marker, bool shown)
{
	struct entry *entry = namesake(tree, marker);

	if (entry)
		set_hidden(entry, !shown);
}

static bool is_claimed_by_directory(const struct shmfs_tree *tree, const char *name)
{
	struct shmfs_name marker;

	return shmfs_name_encode_dir(&marker, SHMFS_NAME_ROOT, name) == 0 &&
	       directory_of(tree, marker.text + 1, strlen(marker.text + 1)) != NULL;
}

/* --- names come and go --- */

static struct entry *entry_new(
	const struct shmfs_tree *tree, const char *name, uint64_t ino, mode_t type)
{
	const size_t len = strlen(name);
	struct entry *entry = calloc(1, sizeof(*entry) + len + 1);

	if (!entry)
		return NULL;
	if (S_ISDIR(type)) {
		entry->own = calloc(1, sizeof(*entry->own));
		if (!entry->own) {
			free(entry);
			return NULL;
		}
	}
	entry->item.ino = ino;
	entry->by_name.key = hash_of(tree->seed, name, len);
	/* Its highest bits are to differ, also between names that differ in one letter. */
	entry->item.tie = (uint32_t)(hash_of(0, name, len) * UINT64_C(0x9e3779b97f4a7c15) >> 32);
	entry->item.priority = (uint32_t)(entry->by_name.key >> 16);
	entry->type = type;
	memcpy(entry->name, name, len + 1);
	return entry;
}

static void link_directory(struct shmfs_tree *tree, struct directory *dir)
{
	dir->next = tree->root->next;
	dir->prev = tree->root;
	dir->next->prev = dir;
	dir->prev->next = dir;
}

static void unlink_directory(struct directory *dir)
{
	dir->next->prev = dir->prev;
	dir->prev->next = dir->next;
}

/* But for what may have to move below it. */
static void add(struct shmfs_tree *tree, struct entry *entry)
{
	size_t component;
	struct directory *dir = place_of(tree, entry->name, &component);

	entry->hidden = is_claimed_by_directory(tree, entry->name);
	shmfs_table_add(&tree->names, &entry->by_name);
	enter(entry, dir, component);
	if (!entry->own)
		return;
	link_directory(tree, entry->own);
	show_namesake(tree, entry->name, false);
}

static void take_out(struct shmfs_tree *tree, struct entry *entry)
{
	shmfs_table_remove(&tree->names, &entry->by_name);
	leave(entry);
	if (!entry->own)
		return;
	unlink_directory(entry->own);
	show_namesake(tree, entry->name, true);
	move_up(tree, entry->own);
}

int shmfs_tree_set(struct shmfs_tree *tree, const char *encoded, uint64_t ino, mode_t type)
{
	struct entry *entry = find(tree, encoded, strlen(encoded));

	if (entry && entry->item.ino == ino && entry->type == (type & S_IFMT))
		return 0;
	shmfs_tree_remove(tree, encoded);
	entry = entry_new(tree, encoded, ino, type & S_IFMT);
	if (!entry)
		return -ENOMEM;
	add(tree, entry);
	if (entry->own)
		move_down(tree, entry);
	return 0;
}

int shmfs_tree_append(struct shmfs_tree *tree, const char *encoded, uint64_t ino, mode_t type)
{
	struct entry *entry;

	if (find(tree, encoded, strlen(encoded)))
		return shmfs_tree_set(tree, encoded, ino, type);
	entry = entry_new(tree, encoded, ino, type & S_IFMT);
	if (!entry)
		return -ENOMEM;
	add(tree, entry);
	return 0;
}

void shmfs_tree_remove(struct shmfs_tree *tree, const char *encoded)
{
	struct entry *entry = find(tree, encoded, strlen(encoded));

	if (!entry)
		return;
	take_out(tree, entry);
	entry_free(entry);
}

/* --- questions --- */

size_t shmfs_tree_size(const struct shmfs_tree *tree)
{
	return tree->names.entry_count;
}

size_t shmfs_tree_moves(const struct shmfs_tree *tree)
{
	return tree->moves;
}

int shmfs_tree_count(
	const struct shmfs_tree *tree, const char *prefix, struct shmfs_tree_count *ret_count)
{
	const struct directory *dir = directory_of(tree, prefix, strlen(prefix));

	if (!dir)
		return -ENOENT;
	*ret_count = (struct shmfs_tree_count){dir->seen, dir->directories};
	return 0;
}

int shmfs_tree_find_ino(const struct shmfs_tree *tree, uint64_t ino, struct shmfs_name *ret_name)
{
	const struct directory *dir = tree->root;

	do {
		const struct entry *entry = entry_of(shmfs_order_before(dir->entries, ino + 1, 0));

		if (entry && entry->item.ino == ino)
			return shmfs_name_encode(ret_name, SHMFS_NAME_ROOT, entry->name);
		dir = dir->next;
	} while (dir != tree->root);
	return -ENOENT;
}

static void fill_item(struct shmfs_tree_item *item, const struct entry *entry)
{
	const char *component = entry->name + entry->component;
	const size_t len = strlen(component) - (entry->own ? strlen(SHMFS_NAME_SLASH) : 0);

	item->ino = entry->item.ino;
	item->type = entry->type;
	*(char *)mempcpy(item->component, component, len) = '\0';
}

static uint32_t hash_of_link(const struct entry *entry)
{
	return shmfs_position_hash(entry->item.ino, entry->item.tie);
}

static bool is_link_at(const struct shmfs_position *at, const struct entry *entry)
{
	return entry && entry->item.ino == at->ino && hash_of_link(entry) == at->hash;
}

/* Behind this entry, which comes after the position; `next` is seen after it. */
static struct shmfs_position behind(
	const struct shmfs_position *at, const struct entry *entry, const struct entry *next)
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

static const struct entry *seen_from(const struct directory *dir, const struct entry *entry)
{
	while (entry && entry->hidden)
		entry = next_of(dir, entry);
	return entry;
}

/* The first of the links with that hash, or what comes where they would be. */
static const struct entry *first_at(const struct directory *dir, const struct shmfs_position *at)
{
	const uint64_t limit = shmfs_position_limit(at);

	return entry_of(limit > UINT32_MAX
				? shmfs_order_before(dir->entries, at->ino + 1, 0)
				: shmfs_order_before(dir->entries, at->ino, (uint32_t)limit));
}

static const struct entry *entry_at(const struct directory *dir, const struct shmfs_position *at)
{
	const struct entry *entry = seen_from(dir, first_at(dir, at));

	for (unsigned i = 0; i < at->count && is_link_at(at, entry); i++)
		entry = seen_from(dir, next_of(dir, entry));
	return entry;
}

ssize_t shmfs_tree_list(const struct shmfs_tree *tree, const char *prefix, uint64_t from,
	struct shmfs_tree_item *ret_items, size_t max)
{
	const struct directory *dir = directory_of(tree, prefix, strlen(prefix));
	struct shmfs_position at = shmfs_position_unpack(from);
	const struct entry *entry, *next;
	size_t n = 0;

	if (!dir)
		return -ENOENT;
	for (entry = seen_from(dir, from == 0 ? first_of(dir) : entry_at(dir, &at));
		entry && n < max; entry = next) {
		next = seen_from(dir, next_of(dir, entry));
		at = behind(&at, entry, next);
		fill_item(&ret_items[n], entry);
		ret_items[n++].next = shmfs_position_pack(&at);
	}
	return (ssize_t)n;
}

static int visit_below(const struct directory *dir, shmfs_tree_visit_fn *visit, void *arg)
{
	int r = 0;

	for (const struct entry *entry = first_of(dir); entry && r == 0;
		entry = next_of(dir, entry)) {
		r = visit(arg, entry->name, entry->item.ino);
		if (r == 0 && entry->own)
			r = visit_below(entry->own, visit, arg);
	}
	return r;
}

int shmfs_tree_below(
	const struct shmfs_tree *tree, const char *prefix, shmfs_tree_visit_fn *visit, void *arg)
{
	const struct directory *dir = directory_of(tree, prefix, strlen(prefix));

	return dir ? visit_below(dir, visit, arg) : -ENOENT;
}

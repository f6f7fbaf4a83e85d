/* SPDX-License-Identifier: MIT */
/*
 * Every name has an entry, and all entries are in one hash table. Each lies in a directory, which
 * is the root or belongs to the entry of its marker.
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
 */
#include "tree.h"

#include "table.h"
#include "tree_dir.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>

struct shmfs_tree {
	struct shmfs_table names; /* by their hashes */
	uint64_t seed;            /* of the hashes: others choose the names */
	struct shmfs_tree_dir *root;
	size_t moves;
};

static void clear_root(struct shmfs_tree *tree)
{
	*tree->root = (struct shmfs_tree_dir){.next = tree->root, .prev = tree->root};
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

static struct shmfs_tree_entry *of_name(const struct shmfs_table_entry *by_name)
{
	const size_t offset = offsetof(struct shmfs_tree_entry, by_name);

	return (void *)((uintptr_t)by_name - offset);
}

static void entry_free(struct shmfs_tree_entry *entry)
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

static bool has_name(const struct shmfs_tree_entry *entry, const char *name, size_t len)
{
	return strncmp(entry->name, name, len) == 0 && entry->name[len] == '\0';
}

static struct shmfs_tree_entry *find(const struct shmfs_tree *tree, const char *name, size_t len)
{
	const uint64_t hash = hash_of(tree->seed, name, len);

	for (const struct shmfs_table_entry *found = shmfs_table_find(&tree->names, hash); found;
		found = shmfs_table_next(found)) {
		struct shmfs_tree_entry *entry = of_name(found);

		if (has_name(entry, name, len))
			return entry;
	}
	return NULL;
}

/* NULL if there is none. */
static struct shmfs_tree_dir *directory_of(
	const struct shmfs_tree *tree, const char *name, size_t len)
{
	const struct shmfs_tree_entry *marker;

	if (len == 0)
		return tree->root;
	marker = find(tree, name, len);
	return marker ? marker->own : NULL;
}

/* --- markers --- */

/* Where it lies, and in *ret_component where its component starts. */
static struct shmfs_tree_dir *place_of(
	const struct shmfs_tree *tree, const char *name, size_t *ret_component)
{
	struct shmfs_tree_dir *dir = NULL;
	size_t len = strlen(name);

	while (!dir) {
		len = shmfs_name_outer(name, len);
		dir = directory_of(tree, name, len);
	}
	*ret_component = len;
	return dir;
}

/* To where it has to lie, now that a marker has changed. */
static void move(const struct shmfs_tree *tree, struct shmfs_tree_entry *entry)
{
	size_t component;
	struct shmfs_tree_dir *to = place_of(tree, entry->name, &component);

	shmfs_tree_dir_leave(entry);
	shmfs_tree_dir_enter(entry, to, component);
}

/* What lies beside a new marker and has to lie below it. */
static void move_down(struct shmfs_tree *tree, const struct shmfs_tree_entry *marker)
{
	const size_t len = strlen(marker->name);
	struct shmfs_tree_entry *next;

	for (struct shmfs_tree_entry *entry = marker->where->loose; entry; entry = next) {
		next = entry->loose_next;
		tree->moves++;
		if (entry != marker && strncmp(entry->name, marker->name, len) == 0)
			move(tree, entry);
	}
}

/* What lay below a marker that is known no more. */
static void move_up(struct shmfs_tree *tree, const struct shmfs_tree_dir *dir)
{
	struct shmfs_tree_entry *next;

	for (struct shmfs_tree_entry *entry = shmfs_tree_dir_first(dir); entry; entry = next) {
		next = shmfs_tree_dir_next(dir, entry);
		tree->moves++;
		move(tree, entry);
	}
}

/* The entry whose name the directory of a marker has, or NULL. */
static struct shmfs_tree_entry *namesake(const struct shmfs_tree *tree, const char *marker)
{
	return find(tree, marker, strlen(marker) - strlen(SHMFS_NAME_SLASH));
}

static void show_namesake(const struct shmfs_tree *tree, const char *marker, bool shown)
{
	struct shmfs_tree_entry *entry = namesake(tree, marker);

	if (entry)
		shmfs_tree_dir_hide(entry, !shown);
}

static bool is_claimed_by_directory(const struct shmfs_tree *tree, const char *name)
{
	struct shmfs_name marker;

	return shmfs_name_encode_dir(&marker, SHMFS_NAME_ROOT, name) == 0 &&
	       directory_of(tree, marker.text + 1, strlen(marker.text + 1)) != NULL;
}

/* --- names come and go --- */

static struct shmfs_tree_entry *entry_new(
	const struct shmfs_tree *tree, const char *name, uint64_t ino, mode_t type)
{
	const size_t len = strlen(name);
	struct shmfs_tree_entry *entry = calloc(1, sizeof(*entry) + len + 1);

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

static void link_directory(struct shmfs_tree *tree, struct shmfs_tree_dir *dir)
{
	dir->next = tree->root->next;
	dir->prev = tree->root;
	dir->next->prev = dir;
	dir->prev->next = dir;
}

static void unlink_directory(struct shmfs_tree_dir *dir)
{
	dir->next->prev = dir->prev;
	dir->prev->next = dir->next;
}

/* But for what may have to move below it. */
static void add(struct shmfs_tree *tree, struct shmfs_tree_entry *entry)
{
	size_t component;
	struct shmfs_tree_dir *dir = place_of(tree, entry->name, &component);

	entry->hidden = is_claimed_by_directory(tree, entry->name);
	shmfs_table_add(&tree->names, &entry->by_name);
	shmfs_tree_dir_enter(entry, dir, component);
	if (!entry->own)
		return;
	link_directory(tree, entry->own);
	show_namesake(tree, entry->name, false);
}

static void take_out(struct shmfs_tree *tree, struct shmfs_tree_entry *entry)
{
	shmfs_table_remove(&tree->names, &entry->by_name);
	shmfs_tree_dir_leave(entry);
	if (!entry->own)
		return;
	unlink_directory(entry->own);
	show_namesake(tree, entry->name, true);
	move_up(tree, entry->own);
}

int shmfs_tree_set(struct shmfs_tree *tree, const char *encoded, uint64_t ino, mode_t type)
{
	struct shmfs_tree_entry *entry = find(tree, encoded, strlen(encoded));

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
	struct shmfs_tree_entry *entry;

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
	struct shmfs_tree_entry *entry = find(tree, encoded, strlen(encoded));

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
	const struct shmfs_tree_dir *dir = directory_of(tree, prefix, strlen(prefix));

	if (!dir)
		return -ENOENT;
	*ret_count = (struct shmfs_tree_count){dir->seen, dir->directories};
	return 0;
}

int shmfs_tree_find_ino(const struct shmfs_tree *tree, uint64_t ino, struct shmfs_name *ret_name)
{
	const struct shmfs_tree_dir *dir = tree->root;

	do {
		const struct shmfs_tree_entry *entry = shmfs_tree_dir_find_ino(dir, ino);

		if (entry)
			return shmfs_name_encode(ret_name, SHMFS_NAME_ROOT, entry->name);
		dir = dir->next;
	} while (dir != tree->root);
	return -ENOENT;
}

ssize_t shmfs_tree_list(const struct shmfs_tree *tree, const char *prefix, uint64_t from,
	struct shmfs_tree_item *ret_items, size_t max)
{
	const struct shmfs_tree_dir *dir = directory_of(tree, prefix, strlen(prefix));

	return dir ? (ssize_t)shmfs_tree_dir_list(dir, from, ret_items, max) : -ENOENT;
}

static int visit_below(const struct shmfs_tree_dir *dir, shmfs_tree_visit_fn *visit, void *arg)
{
	int r = 0;

	for (const struct shmfs_tree_entry *entry = shmfs_tree_dir_first(dir); entry && r == 0;
		entry = shmfs_tree_dir_next(dir, entry)) {
		r = visit(arg, entry->name, entry->item.ino);
		if (r == 0 && entry->own)
			r = visit_below(entry->own, visit, arg);
	}
	return r;
}

int shmfs_tree_below(
	const struct shmfs_tree *tree, const char *prefix, shmfs_tree_visit_fn *visit, void *arg)
{
	const struct shmfs_tree_dir *dir = directory_of(tree, prefix, strlen(prefix));

	return dir ? visit_below(dir, visit, arg) : -ENOENT;
}

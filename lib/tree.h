/* SPDX-License-Identifier: MIT */
/*
 * The tree of the view: which name of an object lies in which directory. tree.c tells how. It knows
 * what it is told, by encoded names without a slash before them; see name.h for the rules. Not
 * locked.
 */
#ifndef SHMFS_TREE_H
#define SHMFS_TREE_H

#include "name.h"

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct shmfs_tree;

/* Empty. 0 or -errno. */
int shmfs_tree_new(struct shmfs_tree **ret_tree);

/* NULL is accepted. */
struct shmfs_tree *shmfs_tree_free(struct shmfs_tree *tree);

/* Forgets all names. */
void shmfs_tree_clear(struct shmfs_tree *tree);

/*
 * There is something with this name; what was known of the name before counts no more. type:
 * S_IFDIR for the marker of a directory, and for nothing else. -ENOMEM.
 */
int shmfs_tree_set(struct shmfs_tree *tree, const char *encoded, uint64_t ino, mode_t type);

/*
 * The same for a name that is behind all known ones in the order of strcmp(3). So is what lies
 * below a marker behind the marker: nothing has to move.
 */
int shmfs_tree_append(struct shmfs_tree *tree, const char *encoded, uint64_t ino, mode_t type);

/* There is nothing with this name. */
void shmfs_tree_remove(struct shmfs_tree *tree, const char *encoded);

/* How many names there are. */
size_t shmfs_tree_size(const struct shmfs_tree *tree);

/* A name of what has this inode number, with a slash before it. -ENOENT. */
int shmfs_tree_find_ino(const struct shmfs_tree *tree, uint64_t ino, struct shmfs_name *ret_name);

/* What markers have cost that came and went: how many entries they had looked at, ever. */
size_t shmfs_tree_moves(const struct shmfs_tree *tree);

/* What is seen in a directory. */
struct shmfs_tree_count {
	size_t entries;     /* all, "." and ".." not counted */
	size_t directories; /* of these */
};

/* prefix: of a directory. -ENOENT when its marker is not known. */
int shmfs_tree_count(
	const struct shmfs_tree *tree, const char *prefix, struct shmfs_tree_count *ret_count);

/* One entry of a listing. */
struct shmfs_tree_item {
	uint64_t ino;
	mode_t type;
	uint64_t next; /* where to go on behind this entry; never 0 */
	char component[SHMFS_NAME_MAX + 1];
};

/*
 * Up to `max` entries of a directory from the position `from` (0, or the `next` of an item). As
 * positions follow from inode numbers and names, they are good for any tree of the same objects.
 * What stays while others come and go is listed once. Returns how many there are, 0 at the end, or
 * -ENOENT.
 */
ssize_t shmfs_tree_list(const struct shmfs_tree *tree, const char *prefix, uint64_t from,
	struct shmfs_tree_item *ret_items, size_t max);

/* Takes a name below a directory; returns 0 to go on, or what shmfs_tree_below() is to return. */
typedef int shmfs_tree_visit_fn(void *arg, const char *encoded, uint64_t ino);

/*
 * Visits all names that lie below the directory, at any depth, seen or not; not its own marker.
 * Returns 0, -ENOENT, or what a visit returned.
 */
int shmfs_tree_below(
	const struct shmfs_tree *tree, const char *prefix, shmfs_tree_visit_fn *visit, void *arg);

#endif

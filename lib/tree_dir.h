/* SPDX-License-Identifier: MIT */
/*
 * One directory of a tree, for tree.c, which knows which entries lie in it: it keeps them in the
 * order of their inode numbers, counts what is seen, and lists it. tree_dir.c tells how a listing
 * goes on. Not locked.
 */
#ifndef SHMFS_TREE_DIR_H
#define SHMFS_TREE_DIR_H

#include "order.h"
#include "table.h"
#include "tree.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct shmfs_tree_entry {
	struct shmfs_order_item item; /* first: in its directory */
	struct shmfs_table_entry by_name;
	struct shmfs_tree_dir *where;
	struct shmfs_tree_dir *own; /* of which it is the marker, or NULL */
	struct shmfs_tree_entry *loose_next;
	struct shmfs_tree_entry **loose; /* what points to it in the list of loose ones, or NULL */
	mode_t type;
	uint8_t component; /* starts at this byte of the name */
	bool hidden;
	char name[];
};

struct shmfs_tree_dir {
	struct shmfs_tree_dir *next, *prev; /* all there are, in a ring with the root */
	struct shmfs_order_item *entries;
	struct shmfs_tree_entry *loose;
	size_t seen, directories;
};

/* The entry lies in the directory from now on; its component starts at this byte of its name. */
void shmfs_tree_dir_enter(
	struct shmfs_tree_entry *entry, struct shmfs_tree_dir *dir, size_t component);

/* It lies in no directory. */
void shmfs_tree_dir_leave(struct shmfs_tree_entry *entry);

/* Whether it is seen in the directory in which it lies. */
void shmfs_tree_dir_hide(struct shmfs_tree_entry *entry, bool hidden);

/* All entries, hidden ones too, from the highest inode number down; NULL at the end. */
struct shmfs_tree_entry *shmfs_tree_dir_first(const struct shmfs_tree_dir *dir);
struct shmfs_tree_entry *shmfs_tree_dir_next(
	const struct shmfs_tree_dir *dir, const struct shmfs_tree_entry *entry);

/* One with this inode number, or NULL. */
struct shmfs_tree_entry *shmfs_tree_dir_find_ino(const struct shmfs_tree_dir *dir, uint64_t ino);

/* Fills up to `max` items from a position on, as shmfs_tree_list() says. Returns how many. */
size_t shmfs_tree_dir_list(const struct shmfs_tree_dir *dir, uint64_t from,
	struct shmfs_tree_item *ret_items, size_t max);

#endif

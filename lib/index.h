/* SPDX-License-Identifier: MIT */
/*
 * The tree of all names that there are in the directory of objects (tree.h), as it is at the moment
 * of the question, whoever changes it. index.c tells how. May be used by several threads.
 *
 * All functions return 0 (or what they say) or -errno: -EACCES when the directory of objects may
 * not be read, -ENOMEM, and what tree.h says.
 */
#ifndef SHMFS_INDEX_H
#define SHMFS_INDEX_H

#include "tree.h"

struct shmfs_index;

/* Reads nothing yet. -ENOMEM. */
int shmfs_index_new(struct shmfs_index **ret_index);

/* NULL is accepted. */
struct shmfs_index *shmfs_index_free(struct shmfs_index *index);

/* As the functions of tree.h. A visit must not use the index. */
int shmfs_index_count(
	struct shmfs_index *index, const char *prefix, struct shmfs_tree_count *ret_count);
ssize_t shmfs_index_list(struct shmfs_index *index, const char *prefix, uint64_t from,
	struct shmfs_tree_item *ret_items, size_t max);
int shmfs_index_find_ino(struct shmfs_index *index, uint64_t ino, struct shmfs_name *ret_name);
int shmfs_index_below(
	struct shmfs_index *index, const char *prefix, shmfs_tree_visit_fn *visit, void *arg);

#endif

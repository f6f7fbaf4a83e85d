/* SPDX-License-Identifier: MIT */
/*
 * Where file handles are refused: under which name of which directory a node was seen last. Of this
 * process; the next worker looks for the names again. Not locked.
 */
#ifndef SHMFS_NODE_NAMES_H
#define SHMFS_NODE_NAMES_H

#include "node_table.h"
#include "table.h"

#include <limits.h>
#include <stdint.h>

struct node_names {
	struct shmfs_table table;
};

struct node_name {
	uint64_t parent; /* nodeid of the directory */
	char text[NAME_MAX + 1];
};

/* 0 or -ENOMEM. */
int node_names_init(struct node_names *names);
void node_names_clear(struct node_names *names);

/* 0 or -ENOMEM; then the old name is gone, too. */
int node_names_set(struct node_names *names, uint64_t ino, uint64_t parent, const char *name);

/* 0 or -ESTALE. */
int node_names_get(const struct node_names *names, uint64_t ino, struct node_name *ret_name);

void node_names_remove(struct node_names *names, uint64_t ino);

/*
 * Looks for numbers in the table, in root and all directories below that are in the table and can
 * be read: the kernel knows the directory of each node that it knows.
 */
void node_names_relearn(struct node_names *names, int root, const struct node_table *table);

#endif

/* SPDX-License-Identifier: MIT */
/* What node.c, which tells the model, and node_open.c share. */
#ifndef SHMFS_NODE_PRIVATE_H
#define SHMFS_NODE_PRIVATE_H

#include "gone.h"
#include "node.h"
#include "opens.h"
#include "recent.h"
#include "table.h"

#include <pthread.h>

struct node {
	struct shmfs_table_entry entry; /* first: the table hands it out for the node */
	uint64_t lookups;
	char *name;                  /* last known name, or NULL */
	struct shmfs_region *region; /* while opens > 0 */
	struct shared_open *open;    /* while opens > 0; its backing is as the first open decided */
	unsigned opens;              /* by the kernel, and by pins */
	struct gone *gone;           /* or NULL */
};

struct nodes {
	const struct passthrough *passthrough; /* never changes */
	struct shmfs_index *index;             /* never changes */
	bool adopts;                           /* never changes; somebody came before */
	bool noatime;                          /* never changes */

	pthread_mutex_t lock; /* of everything below, and of the fields of the nodes */
	struct shmfs_table table;
	struct opens opens;
	struct gone_list held;
	struct recent recent; /* wanted_until without the lock */
	uint64_t forgotten;   /* how many nodes the kernel has forgotten */
	bool watched;         /* nodes_let_go() is going to be called */
};

/* The lock is held for all of these. NULL if there is none; without memory. */
struct node *nodes_find(const struct nodes *nodes, uint64_t ino);
struct node *nodes_add(struct nodes *nodes, uint64_t ino);

/*
 * Takes the node out of the table if the kernel knows it no more and nobody has it open; then it is
 * to be dropped when the lock is not held.
 */
struct node *nodes_take_if_unused(struct nodes *nodes, struct node *node);
void nodes_drop(struct node *node);

/* What a worker before has left open. There is one thread. 0 or -errno. */
int nodes_inherit_opens(struct nodes *nodes);

#endif

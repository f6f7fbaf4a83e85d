/* SPDX-License-Identifier: MIT */
/*
 * The numbers that the kernel knows, with their generations and lookup counts: a hash table in a
 * memfd. It has two of them, whose descriptors stand in shared memory (shared.h): the next worker
 * finds them, and a table that grows needs no descriptor that might be refused. node_table.c tells
 * how a worker may die at any point of a change. Not locked.
 */
#ifndef SHMFS_NODE_TABLE_H
#define SHMFS_NODE_TABLE_H

#include "request/shared.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/* 16 bytes for each place; at most 5 of 6 are taken. */
struct node_entry {
	_Atomic uint64_t ino; /* 0: free. 1: was removed; the root, which has it, is in no table */
	uint32_t generation;
	uint32_t lookups; /* modulo 2^32, as the kernel's sum is when it forgets */
};

struct node_places {
	struct node_entry *entries;
	uint64_t count; /* a power of two; 0: there is no such table */
	int shift;      /* of a hash, to get a place */
};

/* The old places are the table before, while its entries are moved. Later that memfd is empty. */
struct node_table {
	struct node_table_shared *shared;
	struct node_places now, old;
};

/* Continues with the memory that the last worker left; the first worker makes the memfds. 0 or
 * -errno. */
int node_table_init(struct node_table *table, struct node_table_shared *shared);

/* Unmaps it; the entries stay for the next worker. */
void node_table_clear(struct node_table *table);

/* NULL: there is none. The entry stays where it is until the next add or remove. */
struct node_entry *node_table_find(const struct node_table *table, uint64_t ino);

/* Adds a number that is not there. NULL without memory. */
struct node_entry *node_table_add(struct node_table *table, uint64_t ino, uint32_t generation);

/* Removes an entry of this table. */
void node_table_remove(struct node_table *table, struct node_entry *entry);

#endif

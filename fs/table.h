/* SPDX-License-Identifier: MIT */
/*
 * A hash table of what has an inode number, each number once. The entries are parts of what their
 * owner keeps: nothing is allocated for one. Not locked.
 */
#ifndef SHMFS_TABLE_H
#define SHMFS_TABLE_H

#include <stddef.h>
#include <stdint.h>

struct table_entry {
	struct table_entry *next; /* in its bucket */
	uint64_t ino;             /* never changes while it is in the table */
};

struct table {
	struct table_entry **buckets;
	size_t bucket_count; /* a power of two */
	size_t entry_count;
};

/* -ENOMEM. */
int table_init(struct table *table);

/* Hands every entry to `drop`, and frees the table. */
void table_clear(struct table *table, void (*drop)(struct table_entry *entry));

/* NULL if there is none. */
struct table_entry *table_find(const struct table *table, uint64_t ino);

/* Its number is not in the table yet. */
void table_add(struct table *table, struct table_entry *entry);
void table_remove(struct table *table, struct table_entry *entry);

#endif

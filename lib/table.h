/* SPDX-License-Identifier: MIT */
/*
 * A hash table by numbers that are spread well, as inode numbers are. The entries are parts of the
 * owner's structures, so that the table allocates nothing for an entry. Not locked.
 */
#ifndef SHMFS_TABLE_H
#define SHMFS_TABLE_H

#include <stddef.h>
#include <stdint.h>

struct shmfs_table_entry {
	struct shmfs_table_entry *next; /* in its bucket */
	uint64_t key;                   /* never changes while it is in the table */
};

struct shmfs_table {
	struct shmfs_table_entry **buckets;
	size_t bucket_count; /* a power of two */
	size_t entry_count;
};

/* -ENOMEM. */
int shmfs_table_init(struct shmfs_table *table);

/* Frees the table, which must be empty. */
void shmfs_table_free(struct shmfs_table *table);

/* Hands every entry to `drop`, and forgets them. */
void shmfs_table_clear(struct shmfs_table *table, void (*drop)(struct shmfs_table_entry *entry));

/* The entry with this key; NULL if there is none. */
struct shmfs_table_entry *shmfs_table_find(const struct shmfs_table *table, uint64_t key);

void shmfs_table_add(struct shmfs_table *table, struct shmfs_table_entry *entry);
void shmfs_table_remove(struct shmfs_table *table, struct shmfs_table_entry *entry);

#endif

/* SPDX-License-Identifier: MIT */
#include "table.h"

#include <errno.h>
#include <stdlib.h>

#define BUCKETS_MIN 1024

int shmfs_table_init(struct shmfs_table *table)
{
	table->entry_count = 0;
	table->bucket_count = BUCKETS_MIN;
	table->buckets = calloc(table->bucket_count, sizeof(struct shmfs_table_entry *));
	return table->buckets ? 0 : -ENOMEM;
}

void shmfs_table_clear(struct shmfs_table *table, void (*drop)(struct shmfs_table_entry *entry))
{
	for (size_t i = 0; i < table->bucket_count; i++) {
		struct shmfs_table_entry *next;

		for (struct shmfs_table_entry *entry = table->buckets[i]; entry; entry = next) {
			next = entry->next;
			drop(entry);
		}
		table->buckets[i] = NULL;
	}
	table->entry_count = 0;
}

void shmfs_table_free(struct shmfs_table *table)
{
	free(table->buckets);
}

/* Inode numbers of a tmpfs count up: taken as they are they spread perfectly. */
static struct shmfs_table_entry **bucket_of(const struct shmfs_table *table, uint64_t key)
{
	return &table->buckets[key & (table->bucket_count - 1)];
}

struct shmfs_table_entry *shmfs_table_find(const struct shmfs_table *table, uint64_t key)
{
	struct shmfs_table_entry *entry = *bucket_of(table, key);

	while (entry && entry->key != key)
		entry = entry->next;
	return entry;
}

static void put_entry(const struct shmfs_table *table, struct shmfs_table_entry *entry)
{
	struct shmfs_table_entry **bucket = bucket_of(table, entry->key);

	entry->next = *bucket;
	*bucket = entry;
}

/* One entry a bucket, or about. Without memory for that it only gets slower. */
static void grow_buckets(struct shmfs_table *table)
{
	struct shmfs_table_entry **old = table->buckets;
	const size_t old_count = table->bucket_count;

	if (table->entry_count < old_count)
		return;
	table->buckets = calloc(old_count * 2, sizeof(struct shmfs_table_entry *));
	if (!table->buckets) {
		table->buckets = old;
		return;
	}
	table->bucket_count = old_count * 2;
	for (size_t i = 0; i < old_count; i++) {
		struct shmfs_table_entry *next;

		for (struct shmfs_table_entry *entry = old[i]; entry; entry = next) {
			next = entry->next;
			put_entry(table, entry);
		}
	}
	free(old);
}

void shmfs_table_add(struct shmfs_table *table, struct shmfs_table_entry *entry)
{
	grow_buckets(table);
	put_entry(table, entry);
	table->entry_count++;
}

void shmfs_table_remove(struct shmfs_table *table, struct shmfs_table_entry *entry)
{
	struct shmfs_table_entry **link = bucket_of(table, entry->key);

	while (*link != entry)
		link = &(*link)->next;
	*link = entry->next;
	table->entry_count--;
}

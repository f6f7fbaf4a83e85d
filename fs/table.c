/* SPDX-License-Identifier: MIT */
#include "table.h"

#include <errno.h>
#include <stdlib.h>

#define BUCKETS_MIN 1024

int table_init(struct table *table)
{
	table->entry_count = 0;
	table->bucket_count = BUCKETS_MIN;
	table->buckets = calloc(table->bucket_count, sizeof(struct table_entry *));
	return table->buckets ? 0 : -ENOMEM;
}

void table_clear(struct table *table, void (*drop)(struct table_entry *entry))
{
	for (size_t i = 0; i < table->bucket_count; i++) {
		struct table_entry *next;

		for (struct table_entry *entry = table->buckets[i]; entry; entry = next) {
			next = entry->next;
			drop(entry);
		}
	}
	free(table->buckets);
}

/* Numbers of a tmpfs count up: taken as they are they spread perfectly. */
static struct table_entry **bucket_of(const struct table *table, uint64_t ino)
{
	return &table->buckets[ino & (table->bucket_count - 1)];
}

struct table_entry *table_find(const struct table *table, uint64_t ino)
{
	struct table_entry *entry = *bucket_of(table, ino);

	while (entry && entry->ino != ino)
		entry = entry->next;
	return entry;
}

static void put(const struct table *table, struct table_entry *entry)
{
	struct table_entry **bucket = bucket_of(table, entry->ino);

	entry->next = *bucket;
	*bucket = entry;
}

/* One entry a bucket, or about. Without memory for that it only gets slower. */
static void grow(struct table *table)
{
	struct table_entry **old = table->buckets;
	const size_t old_count = table->bucket_count;

	if (table->entry_count < old_count)
		return;
	table->buckets = calloc(old_count * 2, sizeof(struct table_entry *));
	if (!table->buckets) {
		table->buckets = old;
		return;
	}
	table->bucket_count = old_count * 2;
	for (size_t i = 0; i < old_count; i++) {
		struct table_entry *next;

		for (struct table_entry *entry = old[i]; entry; entry = next) {
			next = entry->next;
			put(table, entry);
		}
	}
	free(old);
}

void table_add(struct table *table, struct table_entry *entry)
{
	grow(table);
	put(table, entry);
	table->entry_count++;
}

void table_remove(struct table *table, struct table_entry *entry)
{
	struct table_entry **link = bucket_of(table, entry->ino);

	while (*link != entry)
		link = &(*link)->next;
	*link = entry->next;
	table->entry_count--;
}

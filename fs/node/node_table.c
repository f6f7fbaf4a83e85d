/* SPDX-License-Identifier: MIT */
/*
 * Open addressing with linear probing. A table that is too full, or much too large, is replaced by
 * a new one, into which each change moves some entries of the old one: no change waits for all of
 * them. Until that is done an entry is in one of the two, and is looked for in the new one first.
 *
 * A worker may die between any two stores. Then
 * - an entry that was being added is either there, whole, or not: its number is stored last;
 * - an entry that was being moved may be in both tables: the new one is right;
 * - a memfd whose descriptor is not noted in shared memory is closed by the next worker
 *   (recover.h);
 * - a new table that was not in use yet has no entries, and the next worker empties it;
 * - the counts may be wrong, and far wrong just after a table was replaced: the next worker counts
 *   again.
 */
#include "node_table.h"

#include <errno.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#define REMOVED 1
#define PLACES_MIN 256
#define MOVED_AT_ONCE 64 /* places of the old table that one change looks at */

static int fd_of_now(const struct node_table_shared *shared)
{
	return atomic_load(&shared->fds[atomic_load(&shared->now)]);
}

static int fd_of_other(const struct node_table_shared *shared)
{
	return atomic_load(&shared->fds[!atomic_load(&shared->now)]);
}

/* An empty memfd has none. */
static int map_places(int fd, struct node_places *ret_places)
{
	struct stat st;
	void *entries;

	if (fstat(fd, &st) < 0)
		return -errno;
	if (st.st_size == 0)
		return 0;
	entries = mmap(NULL, (size_t)st.st_size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (entries == MAP_FAILED)
		return -errno;
	ret_places->entries = entries;
	ret_places->count = (uint64_t)st.st_size / sizeof(struct node_entry);
	ret_places->shift = __builtin_clzll(ret_places->count) + 1;
	return 0;
}

static void unmap_places(struct node_places *places)
{
	if (places->count > 0)
		munmap(places->entries, (size_t)places->count * sizeof(struct node_entry));
	*places = (struct node_places){0};
}

static uint64_t ino_of(const struct node_entry *entry)
{
	return atomic_load_explicit(&entry->ino, memory_order_relaxed);
}

static void set_ino(struct node_entry *entry, uint64_t ino)
{
	atomic_store_explicit(&entry->ino, ino, memory_order_release);
}

static uint64_t first_place(
	const struct node_table *table, const struct node_places *places, uint64_t ino)
{
	return ino * table->shared->factor >> places->shift;
}

static struct node_entry *find_in(
	const struct node_table *table, const struct node_places *places, uint64_t ino)
{
	uint64_t at;

	if (places->count == 0)
		return NULL;
	for (at = first_place(table, places, ino);; at = (at + 1) & (places->count - 1)) {
		struct node_entry *entry = &places->entries[at];
		const uint64_t found = ino_of(entry);

		if (found == ino)
			return entry;
		if (found == 0)
			return NULL;
	}
}

/* Best effort: set_size() empties the memory before it is used again. */
static void drop_old(struct node_table *table)
{
	unmap_places(&table->old);
	(void)!ftruncate(fd_of_other(table->shared), 0);
}

/*
 * After a death. An entry that was being moved is in both. A table without entries was about to be
 * used, or has just been left: it would be in the way of the next one.
 */
static void count_entries(struct node_table *table)
{
	struct node_table_shared *shared = table->shared;
	bool old_is_used = false;

	shared->used = shared->live = 0;
	for (uint64_t i = 0; i < table->now.count; i++) {
		const uint64_t ino = ino_of(&table->now.entries[i]);

		shared->used += ino != 0;
		shared->live += ino > REMOVED;
	}
	for (uint64_t i = 0; i < table->old.count; i++) {
		struct node_entry *entry = &table->old.entries[i];

		if (ino_of(entry) > REMOVED && find_in(table, &table->now, ino_of(entry)))
			set_ino(entry, REMOVED);
		if (ino_of(entry) > REMOVED) {
			shared->live++;
			old_is_used = true;
		}
	}
	if (!old_is_used)
		drop_old(table);
}

static int make_memory(struct node_table_shared *shared)
{
	for (int i = 0; i < 2; i++) {
		int fd;

		if (atomic_load(&shared->fds[i]) > 0)
			continue;
		fd = memfd_create("shmfs-nodes", MFD_CLOEXEC);
		if (fd < 0)
			return -errno;
		atomic_store(&shared->fds[i], fd);
	}
	return 0;
}

static int make_factor(struct node_table_shared *shared)
{
	uint64_t factor;

	if (shared->factor != 0)
		return 0;
	if (getrandom(&factor, sizeof(factor), 0) < 0)
		return -errno;
	shared->factor = factor | 1;
	return 0;
}

int node_table_init(struct node_table *table, struct node_table_shared *shared)
{
	int r;

	*table = (struct node_table){.shared = shared};
	r = make_factor(shared);
	if (r == 0)
		r = make_memory(shared);
	if (r == 0)
		r = map_places(fd_of_now(shared), &table->now);
	if (r == 0)
		r = map_places(fd_of_other(shared), &table->old);
	if (r < 0)
		node_table_clear(table);
	else
		count_entries(table);
	return r;
}

void node_table_clear(struct node_table *table)
{
	unmap_places(&table->now);
	unmap_places(&table->old);
}

struct node_entry *node_table_find(const struct node_table *table, uint64_t ino)
{
	struct node_entry *entry;

	if (ino <= REMOVED)
		return NULL;
	entry = find_in(table, &table->now, ino);

	return entry ? entry : find_in(table, &table->old, ino);
}

/* There is a free place. */
static struct node_entry *put_entry(struct node_table *table, struct node_entry new)
{
	const uint64_t ino = ino_of(&new);
	struct node_entry *entry;
	uint64_t at = first_place(table, &table->now, ino);

	while (ino_of(&table->now.entries[at]) > REMOVED)
		at = (at + 1) & (table->now.count - 1);
	entry = &table->now.entries[at];
	if (ino_of(entry) == 0)
		table->shared->used++;
	entry->generation = new.generation;
	entry->lookups = new.lookups;
	set_ino(entry, ino);
	return entry;
}

static void move_some(struct node_table *table)
{
	struct node_table_shared *shared = table->shared;

	for (int i = 0; i < MOVED_AT_ONCE && table->old.count > 0; i++) {
		struct node_entry *entry;

		if (shared->moved >= table->old.count) {
			drop_old(table);
			return;
		}
		entry = &table->old.entries[shared->moved];
		if (ino_of(entry) > REMOVED) {
			if (!find_in(table, &table->now, ino_of(entry)))
				put_entry(table, *entry);
			set_ino(entry, REMOVED);
		}
		shared->moved++;
	}
}

/* All bytes are 0 then. */
static int set_size(int fd, uint64_t size)
{
	return ftruncate(fd, 0) < 0 || ftruncate(fd, (off_t)size) < 0 ? -errno : 0;
}

/*
 * It has room for twice the entries, and for the changes until all of the old table is moved: these
 * take at most a quarter of the new places.
 */
static int new_places(const struct node_table *table, struct node_places *ret_places)
{
	const int fd = fd_of_other(table->shared);
	uint64_t count = PLACES_MIN;
	int r;

	while (count < table->shared->live * 2 || count < table->now.count / (MOVED_AT_ONCE / 4))
		count *= 2;
	r = set_size(fd, count * sizeof(struct node_entry));
	return r < 0 ? r : map_places(fd, ret_places);
}

/* Begins with a new table. Without memory for one the present one stays. */
static void replace_table(struct node_table *table)
{
	struct node_table_shared *shared = table->shared;
	struct node_places places;

	if (table->old.count > 0 || new_places(table, &places) < 0)
		return;
	shared->moved = 0;
	atomic_store(&shared->now, !atomic_load(&shared->now));
	shared->used = 0;
	table->old = table->now;
	table->now = places;
}

static bool is_too_full(const struct node_table *table)
{
	return table->shared->used * 6 >= table->now.count * 5;
}

static bool is_too_large(const struct node_table *table)
{
	return table->now.count > PLACES_MIN && table->shared->live * 8 < table->now.count;
}

static void tend(struct node_table *table)
{
	move_some(table);
	if (is_too_full(table) || is_too_large(table))
		replace_table(table);
}

struct node_entry *node_table_add(struct node_table *table, uint64_t ino, uint32_t generation)
{
	struct node_entry new = {.generation = generation};

	tend(table);
	/* Linear probing needs a free place to end at. */
	if (table->shared->used + 1 >= table->now.count)
		return NULL;
	set_ino(&new, ino);
	table->shared->live++;
	return put_entry(table, new);
}

void node_table_remove(struct node_table *table, struct node_entry *entry)
{
	set_ino(entry, REMOVED);
	if (table->shared->live > 0)
		table->shared->live--;
	tend(table);
}

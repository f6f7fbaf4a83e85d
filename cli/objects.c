/* SPDX-License-Identifier: MIT */
#include "objects.h"

#include <errno.h>
#include <fnmatch.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

struct objects {
	bool with_status;
	struct object *objects;
	size_t count, room;
	struct shmfs_listing_entry **deleted; /* entries of those without a name */
	size_t deleted_count, deleted_room;
};

/* --- which objects ------------------------------------------------------------------------------
 */

static bool matches(const char *path, char *const *patterns)
{
	if (!patterns || !*patterns)
		return true;
	for (; *patterns; patterns++) {
		const char *pattern = *patterns + (**patterns == '/');

		if (fnmatch(pattern, strchr(pattern, '/') ? path : object_name(path), 0) == 0)
			return true;
	}
	return false;
}

static int grow_array(void *array, size_t *room, size_t count, size_t size)
{
	void **items = array, *grown;

	if (count < *room)
		return 0;
	grown = reallocarray(*items, *room ? *room * 2 : 64, size);
	if (!grown)
		return -ENOMEM;
	*items = grown;
	*room = *room ? *room * 2 : 64;
	return 0;
}

static int keep_object(struct objects *all, const struct survey *survey,
	const struct object *object, const struct objects_wish *wish)
{
	int r;

	if ((wish->only_orphans && object->status == SURVEY_HELD) ||
		(wish->only_deleted && !object->is_deleted) ||
		!matches(object->entry->path, wish->patterns))
		return 0;
	r = grow_array(&all->objects, &all->room, all->count, sizeof(*all->objects));
	if (r < 0)
		return r;
	all->objects[all->count] = *object;
	all->objects[all->count++].age = shmfs_seconds_between(&object->entry->birth, &survey->now);
	return 0;
}

static void add_up(struct objects_sum *sum, const struct object *object, uint64_t used)
{
	sum->objects++;
	sum->used += used;
	sum->held += object->status == SURVEY_HELD;
	if (object->status == SURVEY_FREE) {
		sum->free++;
		sum->used_by_free += used;
	}
	if (object->is_deleted) {
		sum->deleted++;
		sum->used_by_deleted += used;
	}
}

static enum survey_status *find_statuses(const struct objects *all, const struct survey *survey)
{
	enum survey_status *statuses = calloc(survey->listing.count + 1, sizeof(*statuses));

	if (statuses && all->with_status)
		survey_statuses(survey, statuses);
	return statuses;
}

/* An object with several names is counted in parts, so that the sum is right. */
static int take_named(struct objects *all, const struct survey *survey,
	const struct objects_wish *wish, struct objects_sum *sum)
{
	enum survey_status *statuses = find_statuses(all, survey);
	int r = statuses ? 0 : -ENOMEM;

	for (size_t i = 0; r == 0 && i < survey->listing.count; i++) {
		const struct shmfs_listing_entry *entry = &survey->listing.entries[i];
		struct object object = {.entry = entry, .is_known = true, .status = statuses[i]};

		if (S_ISDIR(entry->mode))
			continue;
		object.holders = survey_holders(survey, entry, &object.holder_count);
		add_up(sum, &object, entry->links > 1 ? entry->used / entry->links : entry->used);
		r = keep_object(all, survey, &object, wish);
	}
	free(statuses);
	return r;
}

/* --- objects without a name ---------------------------------------------------------------------
 */

static int compare_numbers(const void *a, const void *b)
{
	const uint64_t one = *(const uint64_t *)a, other = *(const uint64_t *)b;

	return one < other ? -1 : one > other;
}

/* The inode numbers of all that has a name, in order. */
static uint64_t *named_numbers(const struct survey *survey)
{
	uint64_t *numbers = calloc(survey->listing.count + 1, sizeof(*numbers));

	for (size_t i = 0; numbers && i < survey->listing.count; i++)
		numbers[i] = survey->listing.entries[i].ino;
	if (numbers)
		qsort(numbers, survey->listing.count, sizeof(*numbers), compare_numbers);
	return numbers;
}

/* Its last name: the kernel remembers it, and says that it is no more. */
static char *former_name(const struct survey *survey, const struct shmfs_holder *holder)
{
	static const char tail[] = " (deleted)";
	char path[PATH_MAX] = "";
	size_t length;

	if (shmfs_holders_name(&survey->holders, holder, path, sizeof(path)) < 0)
		return strdup("");
	length = strlen(path);
	if (length > sizeof(tail) && strcmp(path + length - strlen(tail), tail) == 0)
		path[length - strlen(tail)] = '\0';
	return strdup(object_name(path));
}

/*
 * Attributes of an object that was not listed, from any holder that lets them be seen. false: it
 * has a name, but not below the directory that was listed.
 */
static bool find_attributes(const struct survey *survey, struct object *object,
	struct shmfs_listing_entry *entry, const struct shmfs_holder **ret_best)
{
	struct statx stx;

	*ret_best = object->holders;
	for (size_t i = 0; i < object->holder_count; i++) {
		if (shmfs_holders_stat(&survey->holders, &object->holders[i], &stx) < 0)
			continue;
		*ret_best = &object->holders[i];
		shmfs_listing_set(entry, &stx);
		object->is_known = true;
		return stx.stx_nlink == 0 && S_ISREG(stx.stx_mode);
	}
	for (size_t i = 0; i < object->holder_count; i++)
		if (object->holders[i].looks_deleted)
			return true;
	return false;
}

/* Returns 1 if it is one, 0 if not, -ENOMEM. */
static int take_deleted(struct objects *all, const struct survey *survey, struct object *object)
{
	struct shmfs_listing_entry *entry = calloc(1, sizeof(*entry));
	const struct shmfs_holder *best;
	int r = entry ? grow_array(&all->deleted, &all->deleted_room, all->deleted_count,
				sizeof(*all->deleted))
		      : -ENOMEM;

	if (r < 0) {
		free(entry);
		return r;
	}
	entry->ino = object->holders->ino;
	if (!find_attributes(survey, object, entry, &best)) {
		free(entry);
		return 0;
	}
	all->deleted[all->deleted_count++] = entry;
	entry->path = former_name(survey, best);
	object->entry = entry;
	object->is_deleted = true;
	return entry->path ? 1 : -ENOMEM;
}

static int take_unnamed(struct objects *all, const struct survey *survey,
	const struct objects_wish *wish, struct objects_sum *sum)
{
	const struct shmfs_holders *holders = &survey->holders;
	uint64_t *numbers = named_numbers(survey);
	int r = numbers ? 0 : -ENOMEM;

	for (size_t i = 0, count; r >= 0 && i < holders->holder_count; i += count) {
		const struct shmfs_holder *first = &holders->holders[i];
		struct object object = {.status = SURVEY_HELD};

		object.holders =
			shmfs_holders_of(holders, first->dev, first->ino, &object.holder_count);
		count = object.holder_count;
		if (first->dev != survey->dev ||
			bsearch(&first->ino, numbers, survey->listing.count, sizeof(*numbers),
				compare_numbers))
			continue;
		r = take_deleted(all, survey, &object);
		if (r <= 0)
			continue;
		add_up(sum, &object, object.entry->used);
		r = keep_object(all, survey, &object, wish);
	}
	free(numbers);
	return r < 0 ? r : 0;
}

/* --- order --------------------------------------------------------------------------------------
 */

static int by_name(const void *a, const void *b)
{
	const struct object *one = a, *other = b;
	const int r = strcmp(one->entry->path, other->entry->path);

	return r ? r : (one->entry->ino < other->entry->ino ? -1 : 1);
}

static int larger_first(uint64_t one, uint64_t other, const void *a, const void *b)
{
	if (one != other)
		return one > other ? -1 : 1;
	return by_name(a, b);
}

static int by_used(const void *a, const void *b)
{
	const struct object *one = a, *other = b;

	return larger_first(one->entry->used, other->entry->used, a, b);
}

static int by_size(const void *a, const void *b)
{
	const struct object *one = a, *other = b;

	return larger_first(one->entry->size, other->entry->size, a, b);
}

static int by_age(const void *a, const void *b)
{
	const struct object *one = a, *other = b;

	if (one->age > other->age)
		return -1;
	return one->age < other->age ? 1 : by_name(a, b);
}

static void free_entry(struct shmfs_listing_entry *entry)
{
	free(entry->path);
	free(entry);
}

static int collect(struct objects *all, const struct survey *survey,
	const struct objects_wish *wish, struct objects_sum *sum)
{
	int (*const orders[])(const void *, const void *) = {[ORDER_NAME] = by_name,
		[ORDER_USED] = by_used,
		[ORDER_SIZE] = by_size,
		[ORDER_AGE] = by_age};
	int r = take_named(all, survey, wish, sum);

	if (r == 0)
		r = take_unnamed(all, survey, wish, sum);
	if (r == 0 && all->count)
		qsort(all->objects, all->count, sizeof(*all->objects), orders[wish->order]);
	return r;
}

int objects_add(struct table *table, struct survey *survey, const struct objects_wish *wish,
	const char *where, struct objects_sum *sum)
{
	struct objects all = {
		.with_status = wish->sums || wish->only_orphans || object_row_shows_status(table)};
	int r = collect(&all, survey, wish, sum);

	for (size_t i = 0; r == 0 && i < all.count && (!wish->limit || i < wish->limit); i++)
		r = object_row(table, survey, wish->exact, &all.objects[i], where);
	for (size_t i = 0; i < all.deleted_count; i++)
		free_entry(all.deleted[i]);
	free(all.deleted);
	free(all.objects);
	return r;
}

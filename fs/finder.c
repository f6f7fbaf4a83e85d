/* SPDX-License-Identifier: MIT */
#include "finder.h"

#include "object.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

struct found {
	uint64_t ino;
	size_t name; /* where it begins in the text */
};

struct finder {
	pthread_mutex_t lock; /* of everything below */
	bool is_read;
	struct found *found; /* by inode number, when it is read */
	size_t count, room;
	char *text; /* names, each with its NUL */
	size_t len, size;
};

int finder_new(struct finder **ret_finder)
{
	struct finder *finder = calloc(1, sizeof(*finder));

	if (!finder)
		return -ENOMEM;
	pthread_mutex_init(&finder->lock, NULL);
	*ret_finder = finder;
	return 0;
}

static void forget(struct finder *finder)
{
	free(finder->found);
	free(finder->text);
	finder->found = NULL;
	finder->text = NULL;
	finder->count = finder->room = finder->len = finder->size = 0;
}

struct finder *finder_free(struct finder *finder)
{
	if (!finder)
		return NULL;
	forget(finder);
	pthread_mutex_destroy(&finder->lock);
	free(finder);
	return NULL;
}

/* Room for `more` of what is `size` bytes each. */
static bool make_room(void **memory, size_t *room, size_t used, size_t more, size_t size)
{
	const size_t grown = *room * 2 > used + more ? *room * 2 : used + more;
	void *moved;

	if (used + more <= *room)
		return true;
	moved = reallocarray(*memory, grown, size);
	if (!moved)
		return false;
	*memory = moved;
	*room = grown;
	return true;
}

/* Without memory it ends early: finder->is_read tells. */
static bool take(void *arg, const char *name, uint64_t ino, mode_t type)
{
	struct finder *finder = arg;
	const size_t len = strlen(name) + 1;
	void *found = finder->found, *text = finder->text;
	const bool fits =
		make_room(&found, &finder->room, finder->count, 1, sizeof(struct found)) &&
		make_room(&text, &finder->size, finder->len, len, 1);

	(void)type;
	finder->found = found;
	finder->text = text;
	finder->is_read = fits;
	if (!fits)
		return false;
	memcpy(finder->text + finder->len, name, len);
	finder->found[finder->count++] = (struct found){ino, finder->len};
	finder->len += len;
	return true;
}

static int compare(const void *a, const void *b)
{
	const struct found *left = a, *right = b;

	return (left->ino > right->ino) - (left->ino < right->ino);
}

static int read_directory(struct finder *finder)
{
	int r;

	if (finder->is_read)
		return 0;
	finder->is_read = true;
	r = shmfs_object_list(take, finder);
	if (r == 0 && !finder->is_read)
		r = -ENOMEM;
	if (r < 0) {
		forget(finder);
		finder->is_read = false;
		return r;
	}
	if (finder->count > 0)
		qsort(finder->found, finder->count, sizeof(*finder->found), compare);
	return 0;
}

static int find(const struct finder *finder, uint64_t ino, struct shmfs_name *ret_name)
{
	const struct found wanted = {.ino = ino};
	const struct found *found = NULL;

	if (finder->count > 0)
		found = bsearch(&wanted, finder->found, finder->count, sizeof(wanted), compare);
	return found ? shmfs_name_encode(ret_name, SHMFS_NAME_ROOT, finder->text + found->name)
		     : -ENOENT;
}

int finder_name(struct finder *finder, uint64_t ino, struct shmfs_name *ret_name)
{
	int r;

	pthread_mutex_lock(&finder->lock);
	r = read_directory(finder);
	if (r == 0)
		r = find(finder, ino, ret_name);
	pthread_mutex_unlock(&finder->lock);
	return r;
}

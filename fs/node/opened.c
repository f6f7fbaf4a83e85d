/* SPDX-License-Identifier: MIT */
/*
 * An open object is noted in memory that outlives the process (shared.h): the descriptors, which
 * stay open as well, the backing id, and one count of all opens that the kernel has. Regions die
 * with the worker, and the next one makes them anew.
 *
 * The kernel sends no RELEASE while it still reads or writes: an operation on an open file uses its
 * region without a count of its own.
 *
 * One lock guards the table and all fields. It is never held over a system call that may take long.
 */
#include "opened.h"

#include "freeing.h"
#include "opens.h"
#include "passthrough.h"
#include "request/journal.h"
#include "shares.h"
#include "table.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

/*
 * A mapping that is new costs about twice as much as it saves when the object is copied through it
 * once.
 */
#define MAP_AFTER_PASSES 2

struct object {
	struct shmfs_table_entry entry; /* first: the table hands it out for the object */
	struct shmfs_region *region;
	struct shared_open *open; /* its backing is as the first open decided */
};

struct opened {
	const struct passthrough *passthrough; /* never changes */
	struct freeing *freeing;               /* never changes */
	bool noatime;                          /* never changes */

	pthread_mutex_t lock; /* of everything below, and of the fields of the objects */
	struct shmfs_table table;
	struct opens opens;
	struct shares shares;
};

/* lock is held. */
static struct object *find_object(const struct opened *opened, uint64_t ino)
{
	return (struct object *)shmfs_table_find(&opened->table, ino);
}

/* lock is held. NULL without memory. */
static struct object *add_object(
	struct opened *opened, uint64_t ino, struct shmfs_region *region, struct shared_open *open)
{
	struct object *object = calloc(1, sizeof(*object));

	if (!object)
		return NULL;
	object->entry.key = ino;
	object->region = region;
	object->open = open;
	shmfs_table_add(&opened->table, &object->entry);
	return object;
}

static int descriptors_of(const struct shared_open *open)
{
	return (open->reader >= 0) + (open->writer >= 0 && open->writer != open->reader);
}

static int inherit_open(struct opened *opened, struct shared_open *open)
{
	struct shmfs_region *region;
	int r;

	r = shmfs_region_new(&region, MAP_AFTER_PASSES);
	if (r < 0)
		return r;
	if (!add_object(opened, open->ino, region, open)) {
		shmfs_region_abandon(region);
		return -ENOMEM;
	}
	shmfs_region_adopt(region, open->reader, open->writer);
	shares_add(&opened->shares, open->user, descriptors_of(open));
	return 0;
}

int opened_new(struct opened **ret_opened, const struct passthrough *passthrough,
	struct shared *shared, struct freeing *freeing, bool noatime)
{
	struct opened *opened = calloc(1, sizeof(*opened));
	int r = 0;

	if (!opened || shmfs_table_init(&opened->table) < 0) {
		free(opened);
		return -ENOMEM;
	}
	opened->passthrough = passthrough;
	opened->freeing = freeing;
	opened->noatime = noatime;
	pthread_mutex_init(&opened->lock, NULL);
	opens_init(&opened->opens, shared);
	shares_init(&opened->shares);
	for (uint32_t i = 0; i < shared->opens_used && r == 0; i++)
		if (shared->opens[i].ino != 0)
			r = inherit_open(opened, &shared->opens[i]);
	if (r < 0)
		opened_free(opened);
	else
		*ret_opened = opened;
	return r;
}

static void abandon_object(struct shmfs_table_entry *entry)
{
	struct object *object = (struct object *)entry;

	shmfs_region_abandon(object->region);
	free(object);
}

struct opened *opened_free(struct opened *opened)
{
	if (!opened)
		return NULL;
	shmfs_table_clear(&opened->table, abandon_object);
	shmfs_table_free(&opened->table);
	pthread_mutex_destroy(&opened->lock);
	free(opened);
	return NULL;
}

/* Not registered, because another caller had it open. */
#define UNREGISTERED (-1)

/*
 * lock is held. The object, which takes the region and the backing id if it is new. -EAGAIN: it is
 * not open any more, and is to be registered.
 */
static int make_object(struct opened *opened, uint64_t ino, uid_t user,
	struct shmfs_region **region, int *backing, struct object **ret_object)
{
	struct shared_open *open;
	struct object *object;

	if (*backing == UNREGISTERED)
		return -EAGAIN;
	if (!shares_allow(&opened->shares, user))
		return -EMFILE;
	open = opens_take(&opened->opens);
	if (!open)
		return -ENFILE;
	object = add_object(opened, ino, *region, open);
	if (!object) {
		opens_give_back(&opened->opens, open);
		return -ENOMEM;
	}
	*region = NULL;
	*ret_object = object;
	return 0;
}

/* lock is held. Takes fd unless it returns an error. Returns the backing id of the object. */
static int open_with(struct opened *opened, uint64_t ino, int fd, uid_t user,
	struct shmfs_region **region, int *backing)
{
	struct shared_open after = {
		.ino = ino, .backing = *backing, .reader = -1, .writer = -1, .user = user};
	struct object *object = find_object(opened, ino);
	int before, r;

	if (object) {
		after = *object->open;
	} else {
		r = make_object(opened, ino, user, region, backing, &object);
		if (r < 0)
			return r;
		*backing = 0;
	}
	before = descriptors_of(&after);
	shmfs_region_consume_fd(object->region, fd);
	after.reader = shmfs_region_reader(object->region);
	after.writer = shmfs_region_writer(object->region);
	after.count++;
	shares_add(&opened->shares, after.user, descriptors_of(&after) - before);
	journal_count(opened->opens.shared, object->open, &after, true);
	return after.backing;
}

/* Returns a backing id or 0. */
static int register_fd(struct opened *opened, int fd)
{
	struct shared *shared = opened->opens.shared;
	int id;

	journal_note_registering(shared);
	id = passthrough_open(opened->passthrough, fd);
	journal_note_backing(shared, id);
	return id;
}

static int add_fd(struct opened *opened, uint64_t ino, int fd, uid_t user,
	struct shmfs_region **region, int *backing)
{
	int r;

	pthread_mutex_lock(&opened->lock);
	r = open_with(opened, ino, fd, user, region, backing);
	pthread_mutex_unlock(&opened->lock);
	return r;
}

int opened_add(struct opened *opened, uint64_t ino, int fd, uid_t user)
{
	struct shmfs_region *region = NULL;
	int backing, r;

	if (opened->noatime)
		fcntl(fd, F_SETFL,
			O_NOATIME); /* best effort: refused when the object is not ours */
	/* Made before the lock is taken, and given back if another thread was faster. */
	r = shmfs_region_new(&region, MAP_AFTER_PASSES);
	if (r < 0) {
		close(fd);
		return r;
	}
	backing = opened_has(opened, ino) ? UNREGISTERED : register_fd(opened, fd);
	r = add_fd(opened, ino, fd, user, &region, &backing);
	if (r == -EAGAIN) {
		backing = register_fd(opened, fd);
		r = add_fd(opened, ino, fd, user, &region, &backing);
	}
	shmfs_region_free(region);
	if (backing > 0)
		passthrough_close(opened->passthrough, backing);
	journal_note_registered();
	if (r < 0)
		close(fd);
	return r;
}

/* lock is held. Returns whether that was the last open. */
static bool count_close(struct opened *opened, struct object *object)
{
	struct shared_open after = *object->open;

	if (after.count > 0)
		after.count--;
	if (after.count == 0)
		shares_add(&opened->shares, after.user, -descriptors_of(&after));
	journal_count(opened->opens.shared, object->open, &after, false);
	return after.count == 0;
}

/* The freeing thread gets the last descriptor of an object that ends here. */
static int hold_memory(const struct object *object)
{
	return freeing_hold_opened(shmfs_region_any(object->region));
}

void opened_close(struct opened *opened, uint64_t ino)
{
	struct object *object;
	int held;

	pthread_mutex_lock(&opened->lock);
	object = find_object(opened, ino);
	if (object && count_close(opened, object))
		shmfs_table_remove(&opened->table, &object->entry);
	else
		object = NULL;
	pthread_mutex_unlock(&opened->lock);
	if (!object)
		return;
	held = hold_memory(object);
	shmfs_region_free(object->region);
	if (object->open->backing > 0)
		passthrough_close(opened->passthrough, object->open->backing);
	freeing_let_go(opened->freeing, held, object->open->user);
	pthread_mutex_lock(&opened->lock);
	opens_give_back(&opened->opens, object->open);
	pthread_mutex_unlock(&opened->lock);
	free(object);
}

bool opened_has(struct opened *opened, uint64_t ino)
{
	return opened_region(opened, ino) != NULL;
}

bool opened_has_writer(struct opened *opened, uint64_t ino)
{
	const struct object *object;
	bool writer;

	pthread_mutex_lock(&opened->lock);
	object = find_object(opened, ino);
	writer = object && shmfs_region_writer(object->region) >= 0;
	pthread_mutex_unlock(&opened->lock);
	return writer;
}

size_t opened_count(struct opened *opened)
{
	size_t count;

	pthread_mutex_lock(&opened->lock);
	count = opened->table.entry_count;
	pthread_mutex_unlock(&opened->lock);
	return count;
}

size_t opened_list_full(struct opened *opened, uint64_t *ret_users, size_t max)
{
	size_t count;

	pthread_mutex_lock(&opened->lock);
	count = shares_list_full(&opened->shares, ret_users, max);
	pthread_mutex_unlock(&opened->lock);
	return count;
}

int opened_backing(struct opened *opened, uint64_t ino)
{
	const struct object *object;
	int backing;

	pthread_mutex_lock(&opened->lock);
	object = find_object(opened, ino);
	backing = object ? object->open->backing : 0;
	pthread_mutex_unlock(&opened->lock);
	return backing;
}

struct shmfs_region *opened_region(struct opened *opened, uint64_t ino)
{
	struct shmfs_region *region;
	const struct object *object;

	pthread_mutex_lock(&opened->lock);
	object = find_object(opened, ino);
	region = object ? object->region : NULL;
	pthread_mutex_unlock(&opened->lock);
	return region;
}

int opened_dup(struct opened *opened, uint64_t ino)
{
	const struct object *object;
	int fd = -ESTALE;

	pthread_mutex_lock(&opened->lock);
	object = find_object(opened, ino);
	if (object) {
		fd = fcntl(shmfs_region_any(object->region), F_DUPFD_CLOEXEC, 0);
		fd = fd < 0 ? -errno : fd;
	}
	pthread_mutex_unlock(&opened->lock);
	return fd;
}

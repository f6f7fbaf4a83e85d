/* SPDX-License-Identifier: MIT */
/*
 * The directory of objects is read once, when there is the first question, and watched with
 * inotify(7) from a moment before. The kernel queues an event before the call that changed a name
 * returns; so whoever takes all events off the queue before it answers, answers by what everybody
 * has done until then. No thread has to wait for them.
 *
 * An event says which name has changed, and no more is taken from it: the name is looked at, and
 * what is there now goes into the tree. That may be newer than the event, and then the events of
 * the newer changes are still to come and change nothing.
 *
 * When events were lost (the queue overflowed, there was no memory), or where there can be no
 * watch, the tree is not trusted: the next question has it built anew.
 */
#include "index.h"

#include "object.h"

#include <errno.h>
#include <pthread.h>
#include <stdalign.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define CHANGES (IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO | IN_ONLYDIR)

/* How often it is read again because more has changed meanwhile than the queue could take. */
#define READS_MAX 3

/* One question may move so many entries, and as many as there are; then the tree is read anew. */
#define MOVES_MIN 1000

struct shmfs_index {
	pthread_mutex_t lock; /* of everything below */
	struct shmfs_tree *tree;
	int watch;    /* -1: there is none */
	bool is_true; /* the tree, but for events that are queued */
};

int shmfs_index_new(struct shmfs_index **ret_index)
{
	struct shmfs_index *index = calloc(1, sizeof(*index));

	if (!index)
		return -ENOMEM;
	if (shmfs_tree_new(&index->tree) < 0) {
		free(index);
		return -ENOMEM;
	}
	index->watch = -1;
	pthread_mutex_init(&index->lock, NULL);
	*ret_index = index;
	return 0;
}

static void end_watch(struct shmfs_index *index)
{
	if (index->watch >= 0)
		close(index->watch);
	index->watch = -1;
	index->is_true = false;
}

struct shmfs_index *shmfs_index_free(struct shmfs_index *index)
{
	if (!index)
		return NULL;
	end_watch(index);
	shmfs_tree_free(index->tree);
	pthread_mutex_destroy(&index->lock);
	free(index);
	return NULL;
}

/* Without a watch every question reads the directory. */
static void start_watch(struct shmfs_index *index)
{
	if (index->watch >= 0)
		return;
	index->watch = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	if (index->watch >= 0 && inotify_add_watch(index->watch, SHMFS_OBJECT_DIR, CHANGES) < 0)
		end_watch(index);
}

/* 0 or -errno: what is there now cannot be told. */
static int look_at(struct shmfs_index *index, const char *encoded)
{
	struct shmfs_name name;
	struct stat st;
	int r;

	if (shmfs_name_encode(&name, SHMFS_NAME_ROOT, encoded) < 0)
		return 0;
	r = shmfs_object_stat(&name, &st);
	if (r == 0)
		return shmfs_tree_set(index->tree, encoded, st.st_ino, st.st_mode);
	if (r != -ENOENT)
		return r;
	shmfs_tree_remove(index->tree, encoded);
	return 0;
}

static void take_event(struct shmfs_index *index, const struct inotify_event *event)
{
	if (event->mask & (IN_Q_OVERFLOW | IN_IGNORED | IN_UNMOUNT))
		index->is_true = false;
	if (event->mask & (IN_IGNORED | IN_UNMOUNT))
		end_watch(index);
	if (index->is_true && event->len > 0 && look_at(index, event->name) < 0)
		index->is_true = false;
}

/* Bytes of events that are queued now. */
static size_t queued_events(const struct shmfs_index *index)
{
	int size;

	return index->watch >= 0 && ioctl(index->watch, FIONREAD, &size) == 0 ? (size_t)size : 0;
}

/* Somebody makes and removes markers of full directories: to read all anew is cheaper. */
static bool is_restless(const struct shmfs_index *index, size_t moves_before)
{
	return shmfs_tree_moves(index->tree) - moves_before >
	       MOVES_MIN + shmfs_tree_size(index->tree);
}

/*
 * Takes off the queue what is there now, not what others go on adding, and believes it as long as
 * the tree is true.
 */
static void take_events(struct shmfs_index *index)
{
	alignas(struct inotify_event) char events[16 * 1024];
	const size_t moves_before = shmfs_tree_moves(index->tree);
	ssize_t len;

	for (size_t left = queued_events(index); left > 0 && index->watch >= 0;
		left -= (size_t)len < left ? (size_t)len : left) {
		len = read(index->watch, events, sizeof(events));
		if (len <= 0) {
			end_watch(index); /* they are there, and cannot be had */
			return;
		}
		for (ssize_t at = 0; at < len;) {
			const void *here = events + at;
			const struct inotify_event *event = here;

			at += (ssize_t)(sizeof(*event) + event->len);
			take_event(index, event);
			if (is_restless(index, moves_before))
				index->is_true = false;
		}
	}
}

/* --- reading all --- */

struct found {
	uint64_t ino;
	mode_t type;
	char name[];
};

struct reading {
	struct found **found;
	size_t count, room;
	int result;
};

static int make_room(struct reading *reading)
{
	const size_t room = reading->room == 0 ? 1024 : reading->room * 2;
	struct found **found;

	if (reading->count < reading->room)
		return 0;
	found = calloc(room, sizeof(struct found *));
	if (!found)
		return -ENOMEM;
	if (reading->count > 0)
		memcpy(found, reading->found, reading->count * sizeof(struct found *));
	free(reading->found);
	reading->found = found;
	reading->room = room;
	return 0;
}

static bool put(void *arg, const char *name, uint64_t ino, mode_t type)
{
	struct reading *reading = arg;
	const size_t size = strlen(name) + 1;
	struct found *found = NULL;

	if (make_room(reading) == 0)
		found = calloc(1, sizeof(*found) + size);
	if (!found) {
		reading->result = -ENOMEM;
		return false;
	}
	found->ino = ino;
	found->type = type;
	memcpy(found->name, name, size);
	reading->found[reading->count++] = found;
	return true;
}

static void reading_clear(struct reading *reading)
{
	for (size_t i = 0; i < reading->count; i++)
		free(reading->found[i]);
	free(reading->found);
}

static int by_name(const void *a, const void *b)
{
	const struct found *const *x = a, *const *y = b;

	return strcmp((*x)->name, (*y)->name);
}

/* In the order in which nothing that is in the tree has to move again. */
static int fill(struct shmfs_tree *tree, const struct reading *reading)
{
	int r = 0;

	if (reading->count > 0)
		qsort(reading->found, reading->count, sizeof(struct found *), by_name);
	for (size_t i = 0; r == 0 && i < reading->count; i++) {
		const struct found *found = reading->found[i];

		r = shmfs_tree_append(tree, found->name, found->ino, found->type);
	}
	return r;
}

static int read_all(struct shmfs_index *index)
{
	__attribute__((cleanup(reading_clear))) struct reading reading = {0};
	int r;

	start_watch(index);
	index->is_true = false;
	take_events(index);
	shmfs_tree_clear(index->tree);
	r = shmfs_object_list(put, &reading);
	if (r == 0)
		r = reading.result;
	if (r == 0)
		r = fill(index->tree, &reading);
	index->is_true = r == 0;
	return r;
}

/* Takes the lock if it returns 0; then the tree is true. */
static int begin(struct shmfs_index *index)
{
	int r = 0;

	pthread_mutex_lock(&index->lock);
	take_events(index);
	for (int i = 0; r == 0 && !index->is_true && i < READS_MAX; i++) {
		r = read_all(index);
		take_events(index);
	}
	if (r < 0)
		pthread_mutex_unlock(&index->lock);
	return r;
}

static void end(struct shmfs_index *index)
{
	if (index->watch < 0)
		index->is_true = false;
	pthread_mutex_unlock(&index->lock);
}

int shmfs_index_count(
	struct shmfs_index *index, const char *prefix, struct shmfs_tree_count *ret_count)
{
	int r;

	r = begin(index);
	if (r < 0)
		return r;
	r = shmfs_tree_count(index->tree, prefix, ret_count);
	end(index);
	return r;
}

int shmfs_index_find_ino(struct shmfs_index *index, uint64_t ino, struct shmfs_name *ret_name)
{
	int r;

	r = begin(index);
	if (r < 0)
		return r;
	r = shmfs_tree_find_ino(index->tree, ino, ret_name);
	end(index);
	return r;
}

ssize_t shmfs_index_list(struct shmfs_index *index, const char *prefix, uint64_t from,
	struct shmfs_tree_item *ret_items, size_t max)
{
	ssize_t n;

	n = begin(index);
	if (n < 0)
		return n;
	n = shmfs_tree_list(index->tree, prefix, from, ret_items, max);
	end(index);
	return n;
}

int shmfs_index_below(
	struct shmfs_index *index, const char *prefix, shmfs_tree_visit_fn *visit, void *arg)
{
	int r;

	r = begin(index);
	if (r < 0)
		return r;
	r = shmfs_tree_below(index->tree, prefix, visit, arg);
	end(index);
	return r;
}

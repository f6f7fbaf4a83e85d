/* SPDX-License-Identifier: MIT */
#include "freeing.h"

#include "request/weight.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

void freeing_init(struct freeing *freeing)
{
	*freeing = (struct freeing){.first = NULL};
	pthread_mutex_init(&freeing->lock, NULL);
	pthread_cond_init(&freeing->more, NULL);
	pthread_cond_init(&freeing->done, NULL);
}

/*
 * The lock is held. The oldest entry of this user before `end`; one that no thread closes already,
 * if there is one. NULL.
 */
static struct freeing_entry *find_entry(const struct freeing *freeing, uid_t user, uint64_t end)
{
	struct freeing_entry *closing = NULL;

	for (struct freeing_entry *entry = freeing->first; entry && entry->number < end;
		entry = entry->next) {
		if (user != FREEING_ALL && entry->user != user)
			continue;
		if (!entry->closing)
			return entry;
		closing = entry;
	}
	return closing;
}

/* The lock is held. */
static void drop_entry(struct freeing *freeing, struct freeing_entry *entry)
{
	struct freeing_entry *before = NULL;

	for (struct freeing_entry *e = freeing->first; e != entry; e = e->next)
		before = e;
	if (before)
		before->next = entry->next;
	else
		freeing->first = entry->next;
	if (freeing->last == entry)
		freeing->last = before;
	free(entry);
}

/* The lock is held, but not while this closes. */
static void close_entry(struct freeing *freeing, struct freeing_entry *entry)
{
	entry->closing = true;
	pthread_mutex_unlock(&freeing->lock);
	close(entry->fd);
	pthread_mutex_lock(&freeing->lock);
	drop_entry(freeing, entry);
	pthread_cond_broadcast(&freeing->done);
}

static void *close_all(void *arg)
{
	struct freeing *freeing = arg;

	weight_lower();
	pthread_mutex_lock(&freeing->lock);
	for (;;) {
		struct freeing_entry *entry = find_entry(freeing, FREEING_ALL, UINT64_MAX);

		if (entry && !entry->closing)
			close_entry(freeing, entry);
		else if (freeing->stop)
			break;
		else
			pthread_cond_wait(&freeing->more, &freeing->lock);
	}
	pthread_mutex_unlock(&freeing->lock);
	return NULL;
}

void freeing_clear(struct freeing *freeing)
{
	bool started;

	pthread_mutex_lock(&freeing->lock);
	freeing->stop = true;
	started = freeing->started;
	pthread_cond_signal(&freeing->more);
	pthread_mutex_unlock(&freeing->lock);
	if (started)
		pthread_join(freeing->thread, NULL);
	pthread_cond_destroy(&freeing->done);
	pthread_cond_destroy(&freeing->more);
	pthread_mutex_destroy(&freeing->lock);
}

/* The lock is held. */
static bool has_thread(struct freeing *freeing)
{
	if (!freeing->started)
		freeing->started = pthread_create(&freeing->thread, NULL, close_all, freeing) == 0;
	return freeing->started;
}

/* The lock is held. */
static bool add_entry(struct freeing *freeing, int fd, uid_t user)
{
	struct freeing_entry *entry = malloc(sizeof(*entry));

	if (!entry)
		return false;
	*entry = (struct freeing_entry){.fd = fd, .user = user, .number = freeing->taken++};
	if (freeing->last)
		freeing->last->next = entry;
	else
		freeing->first = entry;
	freeing->last = entry;
	pthread_cond_signal(&freeing->more);
	return true;
}

void freeing_close(struct freeing *freeing, int fd, uid_t user)
{
	bool later;

	pthread_mutex_lock(&freeing->lock);
	later = has_thread(freeing) && add_entry(freeing, fd, user);
	pthread_mutex_unlock(&freeing->lock);
	if (!later)
		close(fd);
}

int freeing_hold(int dir, const char *name, const struct stat *st)
{
	if (!S_ISREG(st->st_mode) || st->st_nlink > 1 || st->st_blocks < FREEING_LONG)
		return -1;
	return openat(dir, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
}

bool freeing_takes_long(int fd)
{
	struct stat st;

	return fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_nlink == 0 &&
	       st.st_blocks >= FREEING_LONG;
}

int freeing_hold_opened(int fd)
{
	return freeing_takes_long(fd) ? fcntl(fd, F_DUPFD_CLOEXEC, 0) : -1;
}

void freeing_let_go(struct freeing *freeing, int fd, uid_t user)
{
	if (fd >= 0)
		freeing_close(freeing, fd, user);
}

bool freeing_has(struct freeing *freeing, uid_t user)
{
	bool any;

	pthread_mutex_lock(&freeing->lock);
	any = find_entry(freeing, user, UINT64_MAX) != NULL;
	pthread_mutex_unlock(&freeing->lock);
	return any;
}

bool freeing_wait(struct freeing *freeing, uid_t user)
{
	struct freeing_entry *entry;
	bool any = false;
	uint64_t end;

	pthread_mutex_lock(&freeing->lock);
	end = freeing->taken;
	while ((entry = find_entry(freeing, user, end))) {
		any = true;
		if (entry->closing)
			pthread_cond_wait(&freeing->done, &freeing->lock);
		else
			close_entry(freeing, entry);
	}
	pthread_mutex_unlock(&freeing->lock);
	return any;
}

/* SPDX-License-Identifier: MIT */
#include "freeing.h"

#include "request/weight.h"

#include <fcntl.h>
#include <unistd.h>

void freeing_init(struct freeing *freeing)
{
	*freeing = (struct freeing){.taken = 0};
	pthread_mutex_init(&freeing->lock, NULL);
	pthread_cond_init(&freeing->more, NULL);
	pthread_cond_init(&freeing->done, NULL);
}

static void *close_all(void *arg)
{
	struct freeing *freeing = arg;

	weight_lower();
	pthread_mutex_lock(&freeing->lock);
	while (freeing->closed < freeing->taken || !freeing->stop) {
		int fd;

		if (freeing->closed == freeing->taken) {
			pthread_cond_wait(&freeing->more, &freeing->lock);
			continue;
		}
		fd = freeing->entries[freeing->closed % FREEING_MAX].fd;
		pthread_mutex_unlock(&freeing->lock);
		close(fd);
		pthread_mutex_lock(&freeing->lock);
		freeing->closed++;
		pthread_cond_broadcast(&freeing->done);
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

void freeing_close(struct freeing *freeing, int fd, uid_t user)
{
	bool later;

	pthread_mutex_lock(&freeing->lock);
	later = freeing->taken - freeing->closed < FREEING_MAX && has_thread(freeing);
	if (later) {
		freeing->entries[freeing->taken++ % FREEING_MAX] =
			(struct freeing_entry){.fd = fd, .user = user};
		pthread_cond_signal(&freeing->more);
	}
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

/* The lock is held. How many have to be closed for this user; what is closed already: none. */
static uint64_t last_of(const struct freeing *freeing, uid_t user)
{
	uint64_t last = freeing->closed;

	for (uint64_t i = freeing->closed; i < freeing->taken; i++)
		if (user == FREEING_ALL || freeing->entries[i % FREEING_MAX].user == user)
			last = i + 1;
	return last;
}

bool freeing_wait(struct freeing *freeing, uid_t user)
{
	uint64_t last;
	bool any;

	pthread_mutex_lock(&freeing->lock);
	last = last_of(freeing, user);
	any = last > freeing->closed;
	while (freeing->closed < last)
		pthread_cond_wait(&freeing->done, &freeing->lock);
	pthread_mutex_unlock(&freeing->lock);
	return any;
}

/* SPDX-License-Identifier: MIT */
#include "hold.h"

#include "request/clock.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

/* Much more than lies between a lookup and an open, also on a busy machine. */
#define HOLD_MS 1000
#define WANTED_MS 1000

void hold_init(struct hold *hold, struct freeing *freeing)
{
	*hold = (struct hold){.freeing = freeing};
	pthread_mutex_init(&hold->lock, NULL);
}

void hold_clear(struct hold *hold)
{
	hold_make_room(hold);
	pthread_mutex_destroy(&hold->lock);
}

void hold_want(struct hold *hold)
{
	atomic_store_explicit(
		&hold->wanted_until, clock_now_ms() + WANTED_MS, memory_order_relaxed);
}

bool hold_is_wanted(const struct hold *hold)
{
	const int64_t until = atomic_load_explicit(&hold->wanted_until, memory_order_relaxed);

	return until != 0 && clock_now_ms() < until;
}

int hold_dup(struct hold *hold, uint64_t ino)
{
	int fd = -ESTALE;

	pthread_mutex_lock(&hold->lock);
	for (int i = 0; i < HOLD_MAX && fd == -ESTALE; i++) {
		struct stat st;

		if (hold->held[i].until == 0 || fstat(hold->held[i].fd, &st) < 0 ||
			st.st_ino != ino)
			continue;
		fd = fcntl(hold->held[i].fd, F_DUPFD_CLOEXEC, 0);
		fd = fd < 0 ? -errno : fd;
	}
	pthread_mutex_unlock(&hold->lock);
	return fd;
}

bool hold_add(struct hold *hold, int fd)
{
	bool unwatched;
	int old;

	pthread_mutex_lock(&hold->lock);
	old = hold->held[hold->next].until != 0 ? hold->held[hold->next].fd : -1;
	hold->held[hold->next].until = clock_now_ms() + HOLD_MS;
	hold->held[hold->next].fd = fd;
	hold->next = (hold->next + 1) % HOLD_MAX;
	unwatched = !hold->watched;
	hold->watched = true;
	pthread_mutex_unlock(&hold->lock);
	if (old >= 0)
		freeing_close(hold->freeing, old, FREEING_NOBODY);
	return unwatched;
}

/* Takes one whose time is over by `now`. -1: there is none; *ret_wait as hold_expire() has it. */
static int take_expired(struct hold *hold, int64_t now, int *ret_wait)
{
	int fd = -1;

	*ret_wait = -1;
	pthread_mutex_lock(&hold->lock);
	for (int i = 0; i < HOLD_MAX && fd < 0; i++) {
		const int64_t wait = hold->held[i].until - now;

		if (hold->held[i].until == 0)
			continue;
		if (wait <= 0) {
			hold->held[i].until = 0;
			fd = hold->held[i].fd;
		} else if (*ret_wait < 0 || wait < *ret_wait) {
			*ret_wait = (int)wait;
		}
	}
	if (fd < 0)
		hold->watched = *ret_wait >= 0;
	pthread_mutex_unlock(&hold->lock);
	return fd;
}

int hold_expire(struct hold *hold)
{
	int fd, wait;

	while ((fd = take_expired(hold, clock_now_ms(), &wait)) >= 0)
		freeing_close(hold->freeing, fd, FREEING_NOBODY);
	return wait;
}

bool hold_make_room(struct hold *hold)
{
	bool any = false;
	int fd, wait;

	while ((fd = take_expired(hold, INT64_MAX, &wait)) >= 0) {
		freeing_close(hold->freeing, fd, FREEING_NOBODY);
		any = true;
	}
	return freeing_wait(hold->freeing, FREEING_ALL) || any;
}

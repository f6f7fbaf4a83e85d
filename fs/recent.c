/* SPDX-License-Identifier: MIT */
#include "recent.h"

#include "clock.h"

/*
 * Much more than lies between a lookup and an open, also on a busy machine: who replaces names all
 * the time gives the index a lot to read before it can say that a name is gone.
 */
#define HOLD_MS 1000
#define WANTED_MS 1000

void recent_want(struct recent *recent)
{
	atomic_store_explicit(
		&recent->wanted_until, clock_now_ms() + WANTED_MS, memory_order_relaxed);
}

bool recent_is_wanted(const struct recent *recent)
{
	const int64_t until = atomic_load_explicit(&recent->wanted_until, memory_order_relaxed);

	return until != 0 && clock_now_ms() < until;
}

int recent_hold(struct recent *recent, uint64_t ino, int fd, mode_t type)
{
	const unsigned at = recent->next;
	const int old = recent->held[at].until != 0 ? recent->held[at].fd : -1;

	recent->held[at].ino = ino;
	recent->held[at].until = clock_now_ms() + HOLD_MS;
	recent->held[at].fd = fd;
	recent->held[at].type = type;
	recent->next = (at + 1) % RECENT_MAX;
	return old;
}

int recent_find(const struct recent *recent, uint64_t ino, mode_t *ret_type)
{
	for (int i = 0; i < RECENT_MAX; i++)
		if (recent->held[i].until != 0 && recent->held[i].ino == ino) {
			*ret_type = recent->held[i].type;
			return recent->held[i].fd;
		}
	return -1;
}

int recent_take_fd(struct recent *recent, bool all, int *ret_wait)
{
	const int64_t now = clock_now_ms();

	for (int i = 0; i < RECENT_MAX; i++) {
		const int64_t wait = recent->held[i].until - now;

		if (recent->held[i].until == 0)
			continue;
		if (all || wait <= 0) {
			recent->held[i].until = 0;
			return recent->held[i].fd;
		}
		if (*ret_wait < 0 || wait < *ret_wait)
			*ret_wait = (int)wait;
	}
	return -1;
}

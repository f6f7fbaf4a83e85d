/* SPDX-License-Identifier: MIT */
#include "gone.h"

#include "clock.h"

#include <stdlib.h>
#include <unistd.h>

/* Much more than lies between a lookup and an open. */
#define HOLD_MS 500

struct gone *gone_new(int fd, const struct stat *st)
{
	struct gone *gone = calloc(1, sizeof(*gone));

	if (!gone) {
		if (fd >= 0)
			close(fd);
		return NULL;
	}
	gone->fd = fd;
	gone->st = *st;
	return gone;
}

void gone_free(struct gone *gone)
{
	if (gone && gone->fd >= 0)
		close(gone->fd);
	free(gone);
}

void gone_hold(struct gone_list *list, struct gone *gone)
{
	if (gone->fd < 0)
		return;
	gone->until = clock_now_ms() + HOLD_MS;
	gone->next = NULL;
	gone->prev = list->last;
	*(list->last ? &list->last->next : &list->first) = gone;
	list->last = gone;
}

void gone_drop(struct gone_list *list, struct gone *gone)
{
	if (gone->fd < 0)
		return;
	*(gone->prev ? &gone->prev->next : &list->first) = gone->next;
	*(gone->next ? &gone->next->prev : &list->last) = gone->prev;
}

int gone_take_fd(struct gone_list *list, bool all, int *ret_wait)
{
	struct gone *gone = list->first;
	int64_t wait;
	int fd;

	*ret_wait = -1;
	if (!gone)
		return -1;
	wait = gone->until - clock_now_ms();
	if (wait > 0 && !all) {
		*ret_wait = (int)wait;
		return -1;
	}
	gone_drop(list, gone);
	fd = gone->fd;
	gone->fd = -1;
	return fd;
}

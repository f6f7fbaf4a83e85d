/* SPDX-License-Identifier: MIT */
#include "opens.h"

void opens_init(struct opens *opens, struct shared *shared)
{
	*opens = (struct opens){.shared = shared};
	for (uint32_t i = 0; i < shared->opens_used; i++)
		if (shared->opens[i].ino == 0)
			opens_give_back(opens, &shared->opens[i]);
}

struct shared_open *opens_take(struct opens *opens)
{
	struct shared *shared = opens->shared;
	struct shared_open *open;

	if (opens->free > 0) {
		open = &shared->opens[opens->free - 1];
		opens->free = open->count;
		return open;
	}
	return shared->opens_used < SHARED_OPENS ? &shared->opens[shared->opens_used++] : NULL;
}

void opens_give_back(struct opens *opens, struct shared_open *open)
{
	*(volatile uint64_t *)&open->ino = 0;
	open->count = opens->free;
	opens->free = (uint32_t)(open - opens->shared->opens) + 1;
}

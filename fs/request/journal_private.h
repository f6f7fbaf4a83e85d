/* SPDX-License-Identifier: MIT */
/* What journal.c, which tells how it works, and journal_marks.c share. */
#ifndef SHMFS_JOURNAL_PRIVATE_H
#define SHMFS_JOURNAL_PRIVATE_H

#include "journal.h"

#include <stdatomic.h>

/* What belongs to the calling thread. */
struct journal_self {
	struct journal *journal;
	uint64_t unique;          /* of the request; 0: there is none */
	uint32_t inherited;       /* the phase in which a dead worker left it */
	bool makes;               /* it is one of journal->makers */
	struct shared_slot *slot; /* of the request, when it has one */
	struct shared_slot *home; /* for requests that come for the first time */
	struct shared_slot spare; /* when there is no room, or no request */
	struct shared_service *service;
};

extern _Thread_local struct journal_self journal_self;

static inline void journal_set_phase(struct shared_slot *slot, uint32_t phase)
{
	atomic_store_explicit(&slot->phase, phase, memory_order_release);
}

static inline uint32_t journal_phase_of(const struct shared_slot *slot)
{
	return atomic_load_explicit(&slot->phase, memory_order_acquire);
}

/* Of the request of the calling thread: the phase is none when it is new. */
struct shared_slot *journal_slot_of_request(void);

/* The descriptor of an object that a dead worker had made, the caller's; -ENOENT: there is none. */
int journal_take_orphan(struct journal *journal, uint64_t ino);

#endif

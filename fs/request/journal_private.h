/* SPDX-License-Identifier: MIT */
/* Shared by journal.c, which explains the journal, and journal_marks.c. */
#ifndef SHMFS_JOURNAL_PRIVATE_H
#define SHMFS_JOURNAL_PRIVATE_H

#include "journal.h"

#include <stdatomic.h>

/* The state of the calling thread. */
struct journal_self {
	struct journal *journal;
	uint64_t unique;          /* the number of the request, or 0 */
	uint32_t inherited;       /* the phase in which a dead worker left it */
	bool makes;               /* the request is counted in journal->makers */
	struct shared_slot *slot; /* the slot of the request, or NULL */
	struct shared_slot *home; /* the thread's own slot, for requests that are not sent again */
	struct shared_slot spare; /* in place of a slot: there is no room, or no request */
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

/* Returns the slot of the calling thread's request. In a new slot the phase is PHASE_NONE. */
struct shared_slot *journal_slot_of_request(void);

/*
 * Returns the descriptor of an object that a dead worker had made, which the caller then owns; or
 * -ENOENT.
 */
int journal_take_orphan(struct journal *journal, uint64_t ino);

#endif

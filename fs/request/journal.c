/* SPDX-License-Identifier: MIT */
/*
 * A worker may die between any two instructions. The kernel then sends all requests again that were
 * not answered (FUSE_NOTIFY_RESEND), with a mark in their number, and before all others. Some may
 * have been carried out already. Most do no harm when they are carried out twice: they look, or set
 * something to a value. The others note here what they are about to do, in a slot that has the
 * number of the request, before the system call that does it. The worker that gets the request
 * again finds the slot, and looks at the state of things whether that call has happened:
 *
 *   open, release   The count is a change of an entry of shared->opens. The new entry and the new
 *                   phase of the slot are written to shared->redo first. When it is valid they
 *                   count, otherwise nothing has happened: there is no state between.
 *   create          Making an object exclusively gives a descriptor, in the same system call, and
 *                   descriptors outlive the worker. One that is noted nowhere and stands for the
 *                   object of this name shows that this request made it; without one it did not,
 *                   and if the name is taken another process was faster. recover.c collects them.
 *                   O_TMPFILE is simply done again.
 *   mkdir, mknod,   The name was free before, and now there is the right thing of the right owner.
 *   symlink
 *   unlink, rmdir   The name does not lead to that inode any more.
 *   link            The name, which was free, leads to that inode.
 *   rename          The new name leads to the inode that the old one led to; with RENAME_EXCHANGE
 *                   also the other way round.
 *   setxattr,       What would fail if it had been done already is noted beforehand.
 *   removexattr
 *   append          Is done with the file position, which was set to 0: the kernel moves it in the
 *                   same call. (The position belongs to the descriptor, which lives on.)
 *
 * A worker that has been killed may leave a thread in the kernel, in a system call on an object
 * whose lock it cannot get. That call is still carried out when the lock is free, at any time
 * later, and then the thread ends. Nobody else may have carried the request out and answered it by
 * then: the caller's next request could be undone. So the keeper notes the request (shared->held)
 * before it starts the next worker, which keeps the request without serving it; when the thread has
 * ended the keeper replaces the worker, and the next one finds what was done as after any other
 * death.
 *
 * Within one mount the kernel holds the lock of the directory, or of the inode, until the answer:
 * only what others do outside of the mount to the very name, in the very moment, can be taken for
 * the work of the dead worker, where the list above speaks of names alone.
 *
 * Invariants:
 * - A slot with a number belongs to a request that is not known to have been answered. It is freed
 *   after the answer, or when all requests that were sent again have been received and its own was
 *   not among them.
 * - Stores are made in the order of the program as far as the compiler is concerned (they are
 *   atomic, or stand before one that is): a process that dies has made all stores before the point
 *   where it died, and none behind.
 * - What belongs to a valid phase is written before the phase.
 */
#include "journal_private.h"

#include "fuse3.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

struct journal {
	struct shared *shared;
	journal_close_fn *close_fd;
	void *close_arg;
	bool settled; /* of the one thread that receives, whichever it is */

	pthread_mutex_t lock;
	bool taken[SHARED_SLOTS]; /* lock; by threads and requests of this process */
	_Atomic unsigned threads; /* that have an entry of shared->services */
	int makers;               /* lock; requests that came again and may find an orphan */
};

_Thread_local struct journal_self journal_self;

/* Where a request is noted that a thread without an entry serves. */
static struct shared_service unnoted;

int journal_new(
	struct journal **ret_journal, struct shared *shared, journal_close_fn *close_fd, void *arg)
{
	struct journal *journal = calloc(1, sizeof(*journal));

	if (!journal)
		return -ENOMEM;
	journal->shared = shared;
	journal->close_fd = close_fd;
	journal->close_arg = arg;
	pthread_mutex_init(&journal->lock, NULL);
	*ret_journal = journal;
	return 0;
}

struct journal *journal_free(struct journal *journal)
{
	if (journal)
		pthread_mutex_destroy(&journal->lock);
	free(journal);
	return NULL;
}

static void set_unique(struct shared_slot *slot, uint64_t unique)
{
	atomic_store_explicit(&slot->unique, unique, memory_order_release);
}

static uint64_t unique_of(const struct shared_slot *slot)
{
	return atomic_load_explicit(&slot->unique, memory_order_acquire);
}

/* The slot of a dead worker that has this number. */
static struct shared_slot *resume_slot(struct journal *journal, uint64_t unique)
{
	struct shared_slot *slots = journal->shared->slots, *found = NULL;

	pthread_mutex_lock(&journal->lock);
	for (size_t i = 0; i < SHARED_SLOTS && !found; i++)
		if (!journal->taken[i] && unique_of(&slots[i]) == unique) {
			journal->taken[i] = true;
			journal->makers += journal_phase_of(&slots[i]) == PHASE_MAKING;
			found = &slots[i];
		}
	pthread_mutex_unlock(&journal->lock);
	return found;
}

/* Where the calling thread tells what it serves. */
static struct shared_service *take_service(struct journal *journal)
{
	struct shared *shared = journal->shared;

	pthread_mutex_lock(&journal->lock);
	journal_self.service = journal->threads < SHARED_THREADS
				       ? &shared->services[journal->threads++]
				       : &unnoted;
	pthread_mutex_unlock(&journal->lock);
	atomic_store_explicit(&journal_self.service->thread, gettid(), memory_order_relaxed);
	return journal_self.service;
}

/* NULL: it has none. */
static struct shared_service *service_of(const struct journal *journal, pid_t thread)
{
	const unsigned threads = atomic_load_explicit(&journal->threads, memory_order_relaxed);

	for (unsigned i = 0; i < threads; i++) {
		struct shared_service *service = &journal->shared->services[i];

		if (atomic_load_explicit(&service->thread, memory_order_relaxed) == thread)
			return service;
	}
	return NULL;
}

bool journal_has_thread(const struct journal *journal, pid_t thread)
{
	return service_of(journal, thread) != NULL;
}

void journal_note_slow(struct journal *journal, pid_t thread)
{
	struct shared_service *service = service_of(journal, thread);

	if (service)
		atomic_store_explicit(&service->slow, true, memory_order_relaxed);
}

static const struct shared_suspect *suspect_of(const struct shared *shared, uint64_t unique)
{
	for (size_t i = 0; i < SHARED_SUSPECTS; i++)
		if (shared->suspects[i].unique == unique)
			return &shared->suspects[i];
	return NULL;
}

static bool is_held(const struct shared *shared, uint64_t unique)
{
	for (uint32_t i = 0; i < shared->held_count; i++)
		if (shared->held[i].unique == unique)
			return true;
	return false;
}

enum journal_verdict journal_receive(struct journal *journal, const void *header,
	struct journal_ticket *ret_ticket, bool *ret_settle)
{
	const struct fuse3_request request = fuse3_request(header);
	const struct shared_suspect *suspect;

	*ret_ticket = (struct journal_ticket){.unique = request.unique, .again = request.again};
	/* Requests without a reply come on a way of their own. */
	*ret_settle = !journal->settled && !request.again && !request.wants_no_reply;
	journal->settled |= *ret_settle;
	if (!request.again)
		return JOURNAL_SERVE;
	suspect = suspect_of(journal->shared, request.unique);
	ret_ticket->slow = suspect && suspect->slow;
	/* journal_settle() undoes what a refused request has counted. */
	if (suspect && suspect->points >= SHARED_POINTS_MAX)
		return JOURNAL_REFUSE;
	ret_ticket->slot = resume_slot(journal, request.unique);
	return is_held(journal->shared, request.unique) ? JOURNAL_HOLD : JOURNAL_SERVE;
}

void journal_begin(struct journal *journal, const struct journal_ticket *ticket)
{
	struct shared_service *service =
		journal_self.service ? journal_self.service : take_service(journal);

	journal_self.journal = journal;
	journal_self.unique = ticket->unique;
	journal_self.slot = ticket->slot;
	journal_self.inherited =
		journal_self.slot ? journal_phase_of(journal_self.slot) : PHASE_NONE;
	atomic_store_explicit(&service->slow, ticket->slow, memory_order_relaxed);
	atomic_store_explicit(&service->unique, ticket->unique, memory_order_relaxed);
	atomic_signal_fence(memory_order_seq_cst);
	journal_self.makes = journal_self.inherited == PHASE_MAKING;
}

/* What a dead worker has made and no request wants. lock is held. */
static void drop_orphans(struct journal *journal)
{
	for (size_t i = 0; i < SHARED_SLOTS && journal->makers == 0; i++) {
		struct shared_orphan *orphan = &journal->shared->orphans[i];

		if (orphan->ino == 0)
			continue;
		orphan->ino = 0;
		journal->close_fd(journal->close_arg, orphan->fd);
	}
}

void journal_end(struct journal *journal)
{
	if (journal_self.slot) {
		set_unique(journal_self.slot, 0);
		if (journal_self.slot != journal_self.home) {
			pthread_mutex_lock(&journal->lock);
			journal->taken[journal_self.slot - journal->shared->slots] = false;
			journal->makers -= journal_self.makes;
			if (journal_self.makes && journal->settled)
				drop_orphans(journal);
			pthread_mutex_unlock(&journal->lock);
		}
	}
	journal_self.slot = NULL;
	journal_self.unique = 0;
	journal_self.inherited = PHASE_NONE;
	atomic_signal_fence(memory_order_seq_cst);
	atomic_store_explicit(&journal_self.service->unique, 0, memory_order_relaxed);
	atomic_fetch_add_explicit(&journal->shared->answered, 1, memory_order_relaxed);
}

uint64_t journal_answered(const struct journal *journal)
{
	return atomic_load_explicit(&journal->shared->answered, memory_order_relaxed);
}

static struct shared_slot *take_home(struct journal *journal)
{
	struct shared_slot *slots = journal->shared->slots;

	pthread_mutex_lock(&journal->lock);
	for (size_t i = 0; i < SHARED_SLOTS && !journal_self.home; i++)
		if (!journal->taken[i] && unique_of(&slots[i]) == 0) {
			journal->taken[i] = true;
			journal_self.home = &slots[i];
		}
	pthread_mutex_unlock(&journal->lock);
	return journal_self.home;
}

struct shared_slot *journal_slot_of_request(void)
{
	if (journal_self.slot)
		return journal_self.slot;
	if (journal_self.unique == 0 || (!journal_self.home && !take_home(journal_self.journal)))
		return &journal_self.spare;
	journal_self.slot = journal_self.home;
	journal_self.slot->registering = 0;
	journal_set_phase(journal_self.slot, PHASE_NONE);
	set_unique(journal_self.slot, journal_self.unique);
	return journal_self.slot;
}

void journal_settle(struct journal *journal, void (*close_node)(void *arg, uint64_t ino), void *arg)
{
	const uint64_t unique = journal_self.unique;

	journal_self.unique = 0; /* none of it is done for the request at hand */
	for (size_t i = 0; i < SHARED_SLOTS; i++) {
		struct shared_slot *slot = &journal->shared->slots[i];
		const uint32_t phase = journal_phase_of(slot);
		bool taken;

		pthread_mutex_lock(&journal->lock);
		taken = journal->taken[i];
		pthread_mutex_unlock(&journal->lock);
		if (taken || unique_of(slot) == 0)
			continue;
		if (phase == PHASE_OPENED)
			close_node(arg, slot->ino);
		set_unique(slot, 0);
	}
	journal_self.unique = unique;
	pthread_mutex_lock(&journal->lock);
	drop_orphans(journal);
	pthread_mutex_unlock(&journal->lock);
}

int journal_take_orphan(struct journal *journal, uint64_t ino)
{
	int fd = -ENOENT;

	pthread_mutex_lock(&journal->lock);
	for (size_t i = 0; i < SHARED_SLOTS && fd < 0; i++) {
		struct shared_orphan *orphan = &journal->shared->orphans[i];

		if (orphan->ino == ino) {
			fd = orphan->fd;
			orphan->ino = 0;
		}
	}
	pthread_mutex_unlock(&journal->lock);
	return fd;
}

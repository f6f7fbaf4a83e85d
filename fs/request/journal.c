/* SPDX-License-Identifier: MIT */
/*
 * A worker may die between any two instructions. The kernel then sends all unanswered requests
 * again (FUSE_NOTIFY_RESEND), with a mark in their number, and before all new requests. The dead
 * worker may have carried some of them out already. Most requests do no harm when they are carried
 * out twice: they read, or set a state to a value. The other requests note here the step that they
 * are about to take, in a slot with the number of the request, before the system call. The worker
 * that receives the request again finds the slot, and finds out whether that call has happened:
 *
 *   open, release   The count is a field of an entry of shared->opens. The new entry and the new
 *                   phase of the slot are written to shared->redo first. When shared->redo is valid
 *                   both hold, otherwise neither does: no state lies in between.
 *   create          Making an object exclusively gives a descriptor, in the same system call, and
 *                   descriptors outlive the worker. An unnoted descriptor of the object of this
 *                   name shows that this request made the object. Without such a descriptor this
 *                   request did not make it, and if the name is taken another process was faster.
 *                   recover.c collects these descriptors. O_TMPFILE is simply done again.
 *   mkdir, mknod,   The name was free before, and now leads to an entry of the right type and
 *   symlink         owner.
 *   unlink, rmdir   The name does not lead to that inode any more.
 *   link            The name, which was free, leads to that inode.
 *   rename          The new name leads to the inode that the old one led to; with RENAME_EXCHANGE
 *                   also the other way round.
 *   setxattr,       A call that would fail the second time is noted beforehand.
 *   removexattr
 *   append          Uses the file position, which was set to 0: the kernel moves it in the same
 *                   call. (The position belongs to the descriptor, which lives on.)
 *
 * A killed worker may leave a thread in the kernel, in a system call on an object whose lock the
 * thread cannot get. When the lock is free, at any time later, the kernel still carries that call
 * out, and then the thread ends. No other worker may have carried the request out and answered it
 * by then: the late call could undo the caller's next request. So the keeper notes the request
 * (shared->held) before it starts the next worker, which keeps the request without serving it. When
 * the thread has ended the keeper replaces the worker, and the next worker finds the work of that
 * thread as after any other death.
 *
 * Within one mount the kernel holds the lock of the directory, or of the inode, until the answer. A
 * process outside the mount may change the same name during the takeover. Where the list checks
 * names only, that is mistaken for the dead worker's work.
 *
 * Invariants:
 * - A slot with a number belongs to a request that is not known to have been answered. The worker
 *   frees the slot after the answer, or when it has received all requests that were sent again and
 *   the slot's request was not among them.
 * - The compiler keeps stores in the order of the program (they are atomic, or precede an atomic
 *   store). So a process that dies has made all stores before the point where it died, and no store
 *   behind it.
 * - The fields that belong to a valid phase are written before the phase.
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
	bool settled; /* only the thread that receives uses it */

	pthread_mutex_t lock;
	bool taken[SHARED_SLOTS]; /* lock; slots that this process uses */
	_Atomic unsigned threads; /* threads with an entry of shared->services */
	int makers;               /* lock; requests that were sent again and may find an orphan */
};

_Thread_local struct journal_self journal_self;

/* Stands in for the entry of a thread that has no room in shared->services. */
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

/* Returns the slot of a dead worker that has this number, or NULL. */
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

/* Gives the calling thread an entry of shared->services, for the request that it serves. */
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

/* Returns the thread's entry, or NULL. */
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
	/* The kernel queues requests without a reply apart, so they do not mark the end. */
	*ret_settle = !journal->settled && !request.again && !request.wants_no_reply;
	journal->settled |= *ret_settle;
	if (!request.again)
		return JOURNAL_SERVE;
	suspect = suspect_of(journal->shared, request.unique);
	ret_ticket->slow = suspect && suspect->slow;
	/* If the refused request has counted an open, journal_settle() takes it off. */
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

/* Closes orphans when no request can want them any more. The caller holds lock. */
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

	journal_self.unique = 0; /* the changes below do not belong to the request at hand */
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

/* SPDX-License-Identifier: MIT */
/*
 * A worker may die between any two instructions. The kernel then sends all requests again that were
 * not answered (FUSE_NOTIFY_RESEND), with a mark in their number, and before all others. Some may
 * have been carried out already. Most do no harm when they are carried out twice: they look, or set
 * something to a value. The others note here what they are about to do, in a slot that has the
 * number of the request, before the system call that does it. Whoever gets the request again finds
 * the slot, and looks at the state of things whether that call has happened:
 *
 *   open, release   The count is a change of an entry of shared->opens. The new entry and the new
 *                   phase of the slot are written to shared->redo first. When it is valid they
 *                   count, otherwise nothing has happened: there is no state between.
 *   create, mkdir,  Whoever makes an object gets a descriptor, in the same system call, and
 *   mknod           descriptors outlive the worker. One that nobody has noted and that is the
 *                   object with this name shows that this request made it; without one it did not,
 *                   and if the name is taken somebody else was faster. recover.c looks for them
 *                   (MAKING -> MADE). O_TMPFILE is simply done again.
 *   symlink, FIFO   The name was free before, and now there is the right thing of the right owner.
 *   unlink, rmdir   The name does not lead to that inode any more.
 *   link            The name, which was free, leads to that inode.
 *   rename          The new name leads to the inode that the old one led to; with RENAME_EXCHANGE
 *                   also the other way round.
 *   a directory's   The plan of all steps is in a file whose descriptor is noted. recover.c
 *   move            completes it before anything else is served (MOVING -> MOVED).
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
#include "journal.h"

#include "fuse3.h"
#include "object.h"

#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct journal {
	struct shared *shared;
	bool settled; /* of the one thread that receives, whichever it is */

	pthread_mutex_t lock;
	bool taken[SHARED_SLOTS]; /* lock; by threads and requests of this process */
	_Atomic unsigned threads; /* that have an entry of shared->services */
};

/* What belongs to the calling thread. */
static _Thread_local struct {
	struct journal *journal;
	uint64_t unique;          /* of the request; 0: there is none */
	uint32_t inherited;       /* the phase in which a dead worker left it */
	struct shared_slot *slot; /* of the request, when it has one */
	struct shared_slot *home; /* for requests that come for the first time */
	struct shared_slot spare; /* when there is no room, or no request */
	struct shared_service *service;
} self;

/* Where a request is noted that a thread without an entry serves. */
static struct shared_service unnoted;

int journal_new(struct journal **ret_journal, struct shared *shared)
{
	struct journal *journal = calloc(1, sizeof(*journal));

	if (!journal)
		return -ENOMEM;
	journal->shared = shared;
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

static void set_phase(struct shared_slot *slot, uint32_t phase)
{
	atomic_store_explicit(&slot->phase, phase, memory_order_release);
}

static uint32_t phase_of(const struct shared_slot *slot)
{
	return atomic_load_explicit(&slot->phase, memory_order_acquire);
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
static struct shared_slot *resume(struct journal *journal, uint64_t unique)
{
	struct shared_slot *slots = journal->shared->slots, *found = NULL;

	pthread_mutex_lock(&journal->lock);
	for (size_t i = 0; i < SHARED_SLOTS && !found; i++)
		if (!journal->taken[i] && unique_of(&slots[i]) == unique) {
			journal->taken[i] = true;
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
	self.service = journal->threads < SHARED_THREADS ? &shared->services[journal->threads++]
							 : &unnoted;
	pthread_mutex_unlock(&journal->lock);
	atomic_store_explicit(&self.service->thread, gettid(), memory_order_relaxed);
	return self.service;
}

bool journal_has_thread(const struct journal *journal, pid_t thread)
{
	const unsigned threads = atomic_load_explicit(&journal->threads, memory_order_relaxed);

	for (unsigned i = 0; i < threads; i++)
		if (atomic_load_explicit(
			    &journal->shared->services[i].thread, memory_order_relaxed) == thread)
			return true;
	return false;
}

static bool is_refused(const struct shared *shared, uint64_t unique)
{
	for (size_t i = 0; i < SHARED_SUSPECTS; i++)
		if (shared->suspects[i].unique == unique)
			return shared->suspects[i].points >= SHARED_POINTS_MAX;
	return false;
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

	*ret_ticket = (struct journal_ticket){.unique = request.unique, .again = request.again};
	/* Requests without a reply come on a way of their own. */
	*ret_settle = !journal->settled && !request.again && !request.wants_no_reply;
	journal->settled |= *ret_settle;
	if (!request.again)
		return JOURNAL_SERVE;
	/* journal_settle() undoes what a refused request has counted. */
	if (is_refused(journal->shared, request.unique))
		return JOURNAL_REFUSE;
	ret_ticket->slot = resume(journal, request.unique);
	return is_held(journal->shared, request.unique) ? JOURNAL_HOLD : JOURNAL_SERVE;
}

void journal_begin(struct journal *journal, const struct journal_ticket *ticket)
{
	struct shared_service *service = self.service ? self.service : take_service(journal);

	self.journal = journal;
	self.unique = ticket->unique;
	self.slot = ticket->slot;
	self.inherited = self.slot ? phase_of(self.slot) : PHASE_NONE;
	atomic_store_explicit(&service->unique, ticket->unique, memory_order_relaxed);
	atomic_signal_fence(memory_order_seq_cst);
}

void journal_end(struct journal *journal)
{
	if (self.slot) {
		set_unique(self.slot, 0);
		if (self.slot != self.home) {
			pthread_mutex_lock(&journal->lock);
			journal->taken[self.slot - journal->shared->slots] = false;
			pthread_mutex_unlock(&journal->lock);
		}
	}
	self.slot = NULL;
	self.unique = 0;
	self.inherited = PHASE_NONE;
	atomic_signal_fence(memory_order_seq_cst);
	atomic_store_explicit(&self.service->unique, 0, memory_order_relaxed);
	atomic_fetch_add_explicit(&journal->shared->answered, 1, memory_order_relaxed);
}

static struct shared_slot *take_home(struct journal *journal)
{
	struct shared_slot *slots = journal->shared->slots;

	pthread_mutex_lock(&journal->lock);
	for (size_t i = 0; i < SHARED_SLOTS && !self.home; i++)
		if (!journal->taken[i] && unique_of(&slots[i]) == 0) {
			journal->taken[i] = true;
			self.home = &slots[i];
		}
	pthread_mutex_unlock(&journal->lock);
	return self.home;
}

/* The slot of the request of this thread. */
static struct shared_slot *slot_of_request(void)
{
	if (self.slot)
		return self.slot;
	if (self.unique == 0 || (!self.home && !take_home(self.journal)))
		return &self.spare;
	self.slot = self.home;
	self.slot->registering = 0;
	set_phase(self.slot, PHASE_NONE);
	set_unique(self.slot, self.unique);
	return self.slot;
}

void journal_settle(struct journal *journal, void (*close_node)(void *arg, uint64_t ino), void *arg)
{
	const uint64_t unique = self.unique;

	self.unique = 0; /* none of it is done for the request at hand */
	for (size_t i = 0; i < SHARED_SLOTS; i++) {
		struct shared_slot *slot = &journal->shared->slots[i];
		const uint32_t phase = phase_of(slot);
		bool taken;

		pthread_mutex_lock(&journal->lock);
		taken = journal->taken[i];
		pthread_mutex_unlock(&journal->lock);
		if (taken || unique_of(slot) == 0)
			continue;
		if (phase == PHASE_OPENED || phase == PHASE_TRUNCATED)
			close_node(arg, slot->ino);
		else if (phase == PHASE_MADE && slot->fd >= 0)
			close(slot->fd);
		set_unique(slot, 0);
	}
	self.unique = unique;
}

static bool is_opened(uint32_t phase)
{
	return phase == PHASE_OPENED || phase == PHASE_TRUNCATED || phase == PHASE_ANSWERING;
}

void journal_count(
	struct shared *shared, struct shared_open *open, const struct shared_open *after, bool up)
{
	struct shared_slot *slot = slot_of_request();
	struct shared_redo *redo = &shared->redo;

	redo->open = (uint32_t)(open - shared->opens);
	redo->slot = slot == &self.spare ? SHARED_SLOTS : (uint32_t)(slot - shared->slots);
	redo->after = *after;
	/* An open that fails after it was counted is taken off again. */
	redo->phase = up ? PHASE_OPENED : is_opened(phase_of(slot)) ? PHASE_NONE : PHASE_CLOSED;
	atomic_store_explicit(&redo->valid, 1, memory_order_release);
	atomic_signal_fence(memory_order_seq_cst);
	*open = *after;
	slot->ino = after->ino;
	set_phase(slot, redo->phase);
	atomic_signal_fence(memory_order_seq_cst);
	atomic_store_explicit(&redo->valid, 0, memory_order_release);
	atomic_signal_fence(memory_order_seq_cst);
}

bool journal_was_opened(uint64_t *ret_ino)
{
	if (!is_opened(self.inherited))
		return false;
	if (ret_ino)
		*ret_ino = self.slot->ino;
	return true;
}

bool journal_was_closed(void)
{
	return self.inherited == PHASE_CLOSED;
}

void journal_truncated(void)
{
	set_phase(slot_of_request(), PHASE_TRUNCATED);
}

bool journal_was_truncated(void)
{
	return self.inherited == PHASE_TRUNCATED || self.inherited == PHASE_ANSWERING;
}

void journal_answering(void)
{
	set_phase(slot_of_request(), PHASE_ANSWERING);
	atomic_signal_fence(memory_order_seq_cst);
}

void journal_registering(struct shared *shared)
{
	slot_of_request()->registering =
		atomic_load_explicit(&shared->backing_last, memory_order_relaxed) + 1;
	atomic_signal_fence(memory_order_seq_cst);
}

void journal_saw_backing(struct shared *shared, int id)
{
	int last = atomic_load_explicit(&shared->backing_last, memory_order_relaxed);

	while (id > last && !atomic_compare_exchange_weak(&shared->backing_last, &last, id))
		;
}

void journal_registered(void)
{
	atomic_signal_fence(memory_order_seq_cst);
	slot_of_request()->registering = 0;
}

void journal_making(const struct shmfs_name *name)
{
	struct shared_slot *slot = slot_of_request();

	slot->name = *name;
	set_phase(slot, PHASE_MAKING);
}

void journal_not_made(void)
{
	set_phase(slot_of_request(), PHASE_NONE);
}

void journal_made(uint64_t ino)
{
	struct shared_slot *slot = slot_of_request();

	slot->ino = ino;
	slot->fd = -1;
	set_phase(slot, PHASE_MADE);
}

/* What is there is what the request makes. Returns a file descriptor (O_PATH). */
static int find_like(const struct shmfs_name *name, const struct stat *like, const char *target)
{
	char found[PATH_MAX];
	struct stat st;
	ssize_t len;
	int fd;

	if (S_ISREG(like->st_mode) || S_ISDIR(like->st_mode) || shmfs_object_stat(name, &st) < 0 ||
		(st.st_mode & S_IFMT) != (like->st_mode & S_IFMT) || st.st_uid != like->st_uid)
		return -ENOENT;
	fd = shmfs_object_pin(name, st.st_ino, &st);
	if (fd < 0 || !S_ISLNK(st.st_mode))
		return fd;
	len = shmfs_object_readlink(fd, found, sizeof(found));
	if (target && len == (ssize_t)strlen(target) && memcmp(found, target, (size_t)len) == 0)
		return fd;
	close(fd);
	return -ENOENT;
}

int journal_find_made(const struct shmfs_name *name, const struct stat *like, const char *target)
{
	struct shared_slot *slot = self.slot;
	struct stat st;
	int fd;

	if (self.inherited == PHASE_MAKING)
		return find_like(name, like, target);
	if (self.inherited != PHASE_MADE)
		return -ENOENT;
	/* Once: whoever fails with it may try again. The descriptor is nobody's until it is
	 * counted. */
	self.inherited = PHASE_NONE;
	fd = slot->fd;
	if (fd < 0)
		return shmfs_object_pin(&slot->name, slot->ino, &st);
	set_phase(slot, PHASE_MAKING);
	return fd;
}

void journal_removing(const struct shmfs_name *name, uint64_t ino)
{
	struct shared_slot *slot = slot_of_request();

	slot->name = *name;
	slot->ino = ino;
	set_phase(slot, PHASE_REMOVING);
}

void journal_linking(const struct shmfs_name *name, uint64_t ino)
{
	struct shared_slot *slot = slot_of_request();

	slot->name = *name;
	slot->ino = ino;
	set_phase(slot, PHASE_LINKING);
}

void journal_renaming(const struct shmfs_name *from, uint64_t ino, const struct shmfs_name *to,
	uint64_t other_ino, unsigned flags)
{
	struct shared_slot *slot = slot_of_request();

	slot->name = *from;
	slot->ino = ino;
	slot->to = *to;
	slot->other_ino = other_ino;
	slot->flags = flags;
	set_phase(slot, PHASE_RENAMING);
}

static uint64_t ino_at(const struct shmfs_name *name)
{
	struct stat st;

	return shmfs_object_stat(name, &st) < 0 ? 0 : st.st_ino;
}

static bool was_renamed(const struct shared_slot *slot)
{
	const uint64_t from = ino_at(&slot->name), to = ino_at(&slot->to);

	if (slot->flags & RENAME_EXCHANGE)
		return from == slot->other_ino && to == slot->ino;
	return from != slot->ino && to == slot->ino;
}

bool journal_was_done(void)
{
	switch (self.inherited) {
	case PHASE_REMOVING:
		return ino_at(&self.slot->name) != self.slot->ino;
	case PHASE_LINKING:
		return ino_at(&self.slot->name) == self.slot->ino;
	case PHASE_RENAMING:
		return was_renamed(self.slot);
	default:
		return false;
	}
}

void journal_moving(int fd)
{
	struct shared_slot *slot = slot_of_request();

	slot->fd = fd;
	set_phase(slot, PHASE_MOVING);
}

void journal_moved(int result)
{
	struct shared_slot *slot = slot_of_request();
	const bool planned = phase_of(slot) == PHASE_MOVING;

	slot->result = result;
	set_phase(slot, PHASE_MOVED);
	if (planned)
		close(slot->fd);
}

bool journal_was_moved(int *ret_result)
{
	if (self.inherited != PHASE_MOVED)
		return false;
	*ret_result = self.slot->result;
	return true;
}

void journal_appending(int fd)
{
	struct shared_slot *slot = slot_of_request();

	slot->size = lseek(fd, 0, SEEK_END);
	lseek(fd, 0, SEEK_SET);
	set_phase(slot, PHASE_APPENDING);
	atomic_signal_fence(memory_order_seq_cst);
}

/* All of it, unless it was the last that there was room for. */
ssize_t journal_was_appended(int fd, size_t size)
{
	off_t count;

	if (self.inherited != PHASE_APPENDING)
		return 0;
	count = lseek(fd, 0, SEEK_CUR) - self.slot->size;
	return count <= 0 ? 0 : count < (off_t)size ? (ssize_t)count : (ssize_t)size;
}

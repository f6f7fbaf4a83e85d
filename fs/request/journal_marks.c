/* SPDX-License-Identifier: MIT */
/*
 * Notes about the next step of the calling thread's request, and whether a dead worker has done it.
 * journal.c explains the meaning of each note.
 */
#include "journal_private.h"

#include "object.h"

#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

static bool is_opened(uint32_t phase)
{
	return phase == PHASE_OPENED || phase == PHASE_ANSWERING;
}

void journal_count(
	struct shared *shared, struct shared_open *open, const struct shared_open *after, bool up)
{
	struct shared_slot *slot = journal_slot_of_request();
	struct shared_redo *redo = &shared->redo;

	redo->open = (uint32_t)(open - shared->opens);
	redo->slot = slot == &journal_self.spare ? SHARED_SLOTS : (uint32_t)(slot - shared->slots);
	redo->after = *after;
	/* An open may fail after it was counted; it is then taken off again. */
	redo->phase = up                                  ? PHASE_OPENED
		      : is_opened(journal_phase_of(slot)) ? PHASE_NONE
							  : PHASE_CLOSED;
	atomic_store_explicit(&redo->valid, 1, memory_order_release);
	atomic_signal_fence(memory_order_seq_cst);
	*open = *after;
	slot->ino = after->ino;
	journal_set_phase(slot, redo->phase);
	atomic_signal_fence(memory_order_seq_cst);
	atomic_store_explicit(&redo->valid, 0, memory_order_release);
	atomic_signal_fence(memory_order_seq_cst);
}

bool journal_was_opened(uint64_t *ret_ino)
{
	if (!is_opened(journal_self.inherited))
		return false;
	if (ret_ino)
		*ret_ino = journal_self.slot->ino;
	return true;
}

bool journal_was_closed(void)
{
	return journal_self.inherited == PHASE_CLOSED;
}

void journal_note_answering(void)
{
	journal_set_phase(journal_slot_of_request(), PHASE_ANSWERING);
	atomic_signal_fence(memory_order_seq_cst);
}

void journal_note_registering(struct shared *shared)
{
	journal_slot_of_request()->registering =
		atomic_load_explicit(&shared->backing_last, memory_order_relaxed) + 1;
	atomic_signal_fence(memory_order_seq_cst);
}

void journal_note_backing(struct shared *shared, int id)
{
	int last = atomic_load_explicit(&shared->backing_last, memory_order_relaxed);

	while (id > last && !atomic_compare_exchange_weak(&shared->backing_last, &last, id))
		;
}

void journal_note_registered(void)
{
	atomic_signal_fence(memory_order_seq_cst);
	journal_slot_of_request()->registering = 0;
}

static uint64_t ino_at(int dir, const char *name)
{
	struct stat st;

	return shmfs_object_stat(dir, name, &st) < 0 ? 0 : st.st_ino;
}

void journal_note_making(void)
{
	journal_set_phase(journal_slot_of_request(), PHASE_MAKING);
}

void journal_note_making_entry(int dir, const char *name)
{
	struct stat st;

	if (shmfs_object_stat(dir, name, &st) == -ENOENT)
		journal_note_making();
}

void journal_note_not_made(void)
{
	journal_set_phase(journal_slot_of_request(), PHASE_NONE);
}

/* If the request of an orphan does not come again, journal_settle() closes the orphan. */
int journal_take_made(int dir, const char *name)
{
	const uint64_t ino = journal_self.inherited == PHASE_MAKING ? ino_at(dir, name) : 0;

	if (ino == 0)
		return -ENOENT;
	journal_self.inherited = PHASE_NONE; /* only once: a caller that fails may try again */
	return journal_take_orphan(journal_self.journal, ino);
}

bool journal_was_made(int dir, const char *name, mode_t type, uid_t uid)
{
	struct stat st;

	return journal_self.inherited == PHASE_MAKING && shmfs_object_stat(dir, name, &st) == 0 &&
	       (st.st_mode & S_IFMT) == type && st.st_uid == uid;
}

void journal_note_removing(uint64_t ino)
{
	struct shared_slot *slot = journal_slot_of_request();

	slot->ino = ino;
	journal_set_phase(slot, PHASE_REMOVING);
}

void journal_note_linking(int dir, const char *name, uint64_t ino)
{
	struct shared_slot *slot = journal_slot_of_request();

	if (ino_at(dir, name) != 0)
		return;
	slot->ino = ino;
	journal_set_phase(slot, PHASE_LINKING);
}

void journal_note_renaming(uint64_t ino, uint64_t other_ino, unsigned flags)
{
	struct shared_slot *slot = journal_slot_of_request();

	slot->ino = ino;
	slot->other_ino = other_ino;
	slot->flags = flags;
	journal_set_phase(slot, PHASE_RENAMING);
}

bool journal_was_removed(int dir, const char *name)
{
	return journal_self.inherited == PHASE_REMOVING &&
	       ino_at(dir, name) != journal_self.slot->ino;
}

bool journal_was_linked(int dir, const char *name)
{
	return journal_self.inherited == PHASE_LINKING &&
	       ino_at(dir, name) == journal_self.slot->ino;
}

bool journal_was_renamed(int from_dir, const char *from, int to_dir, const char *to)
{
	const struct shared_slot *slot = journal_self.slot;
	uint64_t old, new;

	if (journal_self.inherited != PHASE_RENAMING)
		return false;
	old = ino_at(from_dir, from);
	new = ino_at(to_dir, to);
	if (slot->flags & RENAME_EXCHANGE)
		return old == slot->other_ino && new == slot->ino;
	return old != slot->ino && new == slot->ino;
}

void journal_note_changing_xattr(void)
{
	journal_set_phase(journal_slot_of_request(), PHASE_XATTR);
}

bool journal_was_changing_xattr(void)
{
	return journal_self.inherited == PHASE_XATTR;
}

void journal_note_appending(int fd)
{
	struct shared_slot *slot = journal_slot_of_request();

	slot->size = lseek(fd, 0, SEEK_END);
	lseek(fd, 0, SEEK_SET);
	journal_set_phase(slot, PHASE_APPENDING);
	atomic_signal_fence(memory_order_seq_cst);
}

/* The dead worker appended all of it, or as much as the tmpfs had room for. */
ssize_t journal_was_appended(int fd, size_t size)
{
	off_t count;

	if (journal_self.inherited != PHASE_APPENDING)
		return 0;
	count = lseek(fd, 0, SEEK_CUR) - journal_self.slot->size;
	return count <= 0 ? 0 : count < (off_t)size ? (ssize_t)count : (ssize_t)size;
}

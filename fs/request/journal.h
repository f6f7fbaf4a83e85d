/* SPDX-License-Identifier: MIT */
/*
 * Notes about the progress of requests. A worker that receives a request again, after the death of
 * the worker that had it, finds in them whether the dead worker has carried the request out. So it
 * neither does the work twice nor refuses it. journal.c explains how.
 *
 * The functions without a journal parameter are about the request that the calling thread serves.
 * They may be called at any time: without a request, or without room, they make no note.
 */
#ifndef SHMFS_JOURNAL_H
#define SHMFS_JOURNAL_H

#include "shared.h"

#include <sys/stat.h>

struct journal;

/* Closes a descriptor. If closing takes long, another thread does it. */
typedef void journal_close_fn(void *arg, int fd);

/* Each process that serves has one journal. shared outlives it. Returns 0 or -ENOMEM. */
int journal_new(
	struct journal **ret_journal, struct shared *shared, journal_close_fn *close_fd, void *arg);

/* NULL is accepted. */
struct journal *journal_free(struct journal *journal);

/* A received request on its way to the thread that serves it. */
struct journal_ticket {
	uint64_t unique;          /* its number */
	bool again;               /* the kernel has sent it again */
	bool slow;                /* it takes long, or took long in a dead worker */
	struct shared_slot *slot; /* the slot that a dead worker used for it, or NULL */
};

/* How to treat a received request. */
enum journal_verdict {
	JOURNAL_SERVE,
	JOURNAL_HOLD,   /* a dead worker's thread is still in the kernel with it, see journal.c */
	JOURNAL_REFUSE, /* it killed workers: answer it with EIO */
};

/*
 * The caller has received a request, and no other thread receives until this function returns.
 * header: the first bytes of the request. *ret_settle: all requests that were sent again have been
 * received. This function says so once, and the caller then calls journal_settle() before another
 * thread receives.
 */
enum journal_verdict journal_receive(struct journal *journal, const void *header,
	struct journal_ticket *ret_ticket, bool *ret_settle);

/* The calling thread serves the request from now on. */
void journal_begin(struct journal *journal, const struct journal_ticket *ticket);

/* The request of this thread takes long. */
void journal_note_slow(struct journal *journal, pid_t thread);

/* Has this thread served requests of this process? */
bool journal_has_thread(const struct journal *journal, pid_t thread);

/* The request has been answered. */
void journal_end(struct journal *journal);

/* Returns how many requests all workers of the mount have answered. */
uint64_t journal_answered(const struct journal *journal);

/*
 * Drops the notes about requests that the kernel did not send again, because they had been answered
 * or their callers were killed. Calls close_node for each open that was counted and that no client
 * has.
 */
void journal_settle(
	struct journal *journal, void (*close_node)(void *arg, uint64_t ino), void *arg);

/*
 * The caller holds the lock that guards the entry. The entry becomes `after`, and the request has
 * added one open, or taken one off.
 */
void journal_count(
	struct shared *shared, struct shared_open *open, const struct shared_open *after, bool up);

/* Has a dead worker counted this open already? Has it taken this close off already? */
bool journal_was_opened(uint64_t *ret_ino);
bool journal_was_closed(void);

/* The caller has counted an open and is about to answer it. */
void journal_note_answering(void);

/*
 * The request may get a backing id between journal_note_registering() and
 * journal_note_registered(). id: the backing id, or 0.
 */
void journal_note_registering(struct shared *shared);
void journal_note_backing(struct shared *shared, int id);
void journal_note_registered(void);

/*
 * The request is about to make an object, exclusively and open; or an entry of another type, which
 * is noted only if its name is free. Or making failed.
 */
void journal_note_making(void);
void journal_note_making_entry(int dir, const char *name);
void journal_note_not_made(void);

/*
 * Returns a descriptor of the object of this name, open for reading and writing, if a dead worker
 * has made that object for this request. The caller owns it. Or -ENOENT.
 */
int journal_take_made(int dir, const char *name);

/* Has a dead worker made the entry of this name, with that type and owner? */
bool journal_was_made(int dir, const char *name, mode_t type, uid_t uid);

/* The request is about to remove a name; to give it to the inode ino; to change it. */
void journal_note_removing(uint64_t ino);
void journal_note_linking(int dir, const char *name, uint64_t ino);
/* other_ino: the inode that has the new name, or 0. flags: of renameat2(2). */
void journal_note_renaming(uint64_t ino, uint64_t other_ino, unsigned flags);

/* Has a dead worker done that? */
bool journal_was_removed(int dir, const char *name);
bool journal_was_linked(int dir, const char *name);
bool journal_was_renamed(int from_dir, const char *from, int to_dir, const char *to);

/*
 * The request is about to set an extended attribute that does not exist, or to remove one that
 * exists. The call fails if a dead worker has made it already.
 */
void journal_note_changing_xattr(void);
bool journal_was_changing_xattr(void);

/*
 * The request is about to append with the file position of fd. If a worker dies, that position
 * shows how much it has appended: journal_was_appended() returns how many of the `size` bytes.
 */
void journal_note_appending(int fd);
ssize_t journal_was_appended(int fd, size_t size);

#endif

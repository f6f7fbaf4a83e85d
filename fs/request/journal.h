/* SPDX-License-Identifier: MIT */
/*
 * What a request has done so far, noted so that a worker that gets it again, after the death of the
 * one that had it, neither does it twice nor refuses it. journal.c tells how.
 *
 * The functions that take no journal are about the request that the calling thread serves, and may
 * be called at any time: without a request, or without room, nothing is noted.
 */
#ifndef SHMFS_JOURNAL_H
#define SHMFS_JOURNAL_H

#include "shared.h"

#include <sys/stat.h>

struct journal;

/* Closes a descriptor, beside the requests if that takes long. */
typedef void journal_close_fn(void *arg, int fd);

/* One for each process that serves. shared outlives it. -ENOMEM. */
int journal_new(
	struct journal **ret_journal, struct shared *shared, journal_close_fn *close_fd, void *arg);

/* NULL is accepted. */
struct journal *journal_free(struct journal *journal);

/* A request that has been received, on its way to the thread that serves it. */
struct journal_ticket {
	uint64_t unique;          /* its number */
	bool again;               /* it was received before */
	bool slow;                /* it takes long, or took long in a dead worker */
	struct shared_slot *slot; /* of the dead worker that had it, or NULL */
};

/* What is to become of a request. */
enum journal_verdict {
	JOURNAL_SERVE,
	JOURNAL_HOLD,   /* a thread of a dead worker is in the kernel with it, see journal.c */
	JOURNAL_REFUSE, /* workers died of it: it is answered with EIO */
};

/*
 * A request has been received; no other thread receives until this returns. header: its first
 * bytes. *ret_settle: all that were sent again have been received, which is told once: then
 * journal_settle() is to be called before any other thread receives.
 */
enum journal_verdict journal_receive(struct journal *journal, const void *header,
	struct journal_ticket *ret_ticket, bool *ret_settle);

/* The calling thread serves it from now on. */
void journal_begin(struct journal *journal, const struct journal_ticket *ticket);

/* The request that this thread serves takes long. */
void journal_note_slow(struct journal *journal, pid_t thread);

/* Is this thread one of those that have served? */
bool journal_has_thread(const struct journal *journal, pid_t thread);

/* It has been answered. */
void journal_end(struct journal *journal);

/* How many requests all workers of the mount have answered. */
uint64_t journal_answered(const struct journal *journal);

/*
 * Drops what was noted of requests that did not come again, because they had been answered or their
 * callers were killed. close_node: is called for each open that was counted and that nobody has.
 */
void journal_settle(
	struct journal *journal, void (*close_node)(void *arg, uint64_t ino), void *arg);

/*
 * The lock that guards the entry is held: it becomes `after`, and the request has counted one open,
 * or taken one off.
 */
void journal_count(
	struct shared *shared, struct shared_open *open, const struct shared_open *after, bool up);

/* A dead worker has counted the open already; the same for the end of one. */
bool journal_was_opened(uint64_t *ret_ino);
bool journal_was_closed(void);

/* The answer to an open, which has been counted, is about to be sent. */
void journal_note_answering(void);

/* Between the first and the last the request may get a backing id, which may be 0: none. */
void journal_note_registering(struct shared *shared);
void journal_note_backing(struct shared *shared, int id);
void journal_note_registered(void);

/*
 * An object is about to be made, exclusively and open; anything else is about to be made under a
 * name that is free; that failed.
 */
void journal_note_making(void);
void journal_note_making_entry(int dir, const char *name);
void journal_note_not_made(void);

/*
 * The object of this name, open for reading and writing, if a dead worker has made it for this
 * request: a descriptor of the caller's, or -ENOENT.
 */
int journal_take_made(int dir, const char *name);

/* A dead worker has made what has this name: it has that type and owner. */
bool journal_was_made(int dir, const char *name, mode_t type, uid_t uid);

/* A name is about to be removed, to be given to what has the number ino, to be changed. */
void journal_note_removing(uint64_t ino);
void journal_note_linking(int dir, const char *name, uint64_t ino);
/* other_ino has the new name, 0: nothing has. flags: of renameat2(2). */
void journal_note_renaming(uint64_t ino, uint64_t other_ino, unsigned flags);

/* A dead worker has done that. */
bool journal_was_removed(int dir, const char *name);
bool journal_was_linked(int dir, const char *name);
bool journal_was_renamed(int from_dir, const char *from, int to_dir, const char *to);

/*
 * An extended attribute that is not there is about to be set, or one that is there to be removed:
 * the call fails if a dead worker has done it.
 */
void journal_note_changing_xattr(void);
bool journal_was_changing_xattr(void);

/*
 * Something is about to be appended with the position of fd, which then tells whether it was:
 * journal_was_appended() returns how many of the `size` bytes, 0 if none.
 */
void journal_note_appending(int fd);
ssize_t journal_was_appended(int fd, size_t size);

#endif

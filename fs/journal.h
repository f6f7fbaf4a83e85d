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

/* One for each process that serves. shared outlives it. -ENOMEM. */
int journal_new(struct journal **ret_journal, struct shared *shared);

/* NULL is accepted. */
struct journal *journal_free(struct journal *journal);

/* A request that has been received, on its way to the thread that serves it. */
struct journal_ticket {
	uint64_t unique;          /* its number */
	bool again;               /* it was received before */
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

/* Is this thread one of those that have served? */
bool journal_has_thread(const struct journal *journal, pid_t thread);

/* It has been answered. */
void journal_end(struct journal *journal);

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

/* O_TRUNC is done; the answer to an open is about to be sent. */
void journal_truncated(void);
bool journal_was_truncated(void);
void journal_answering(void);

/* Between the first and the last the request may get a backing id, which may be 0: none. */
void journal_registering(struct shared *shared);
void journal_saw_backing(struct shared *shared, int id);
void journal_registered(void);

/* Something is about to be made; that failed; it has been made. */
void journal_making(const struct shmfs_name *name);
void journal_not_made(void);
void journal_made(uint64_t ino);

/*
 * What a dead worker has made for this request, as a file descriptor of the caller's: one that is
 * open for reading and writing, or O_PATH. -ENOENT. like: its type and owner. target: of a symbolic
 * link.
 */
int journal_find_made(const struct shmfs_name *name, const struct stat *like, const char *target);

/* A name is about to be removed, to be given to an object, to be changed. */
void journal_removing(const struct shmfs_name *name, uint64_t ino);
void journal_linking(const struct shmfs_name *name, uint64_t ino);

/* ino is at `from`; other_ino is at `to`, 0: nothing. */
void journal_renaming(const struct shmfs_name *from, uint64_t ino, const struct shmfs_name *to,
	uint64_t other_ino, unsigned flags);

/* A dead worker has done it, whichever it was. */
bool journal_was_done(void);

/* A directory is about to be moved, by the plan in the file fd, which is the journal's then. */
void journal_moving(int fd);

/* It has been moved, or not. */
void journal_moved(int result);
bool journal_was_moved(int *ret_result);

/*
 * Something is about to be appended with the position of fd, which then tells whether it was:
 * journal_was_appended() returns how many of the `size` bytes, 0 if none.
 */
void journal_appending(int fd);
ssize_t journal_was_appended(int fd, size_t size);

#endif

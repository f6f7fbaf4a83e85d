/* SPDX-License-Identifier: MIT */
/*
 * Descriptors whose end frees memory: they are closed by a thread of their own. Neither the answer
 * to unlink, rename or close waits for it, nor a directory that is locked until the answer.
 *
 * Truncating is different: the object lives on, and its size, its blocks and its bytes have to be
 * right at the answer. The caller waits for that as on tmpfs, in a thread of its user's share
 * (queue.c) and without a lock on a directory (create.c).
 *
 * All functions may be called from any thread.
 */
#ifndef SHMFS_FREEING_H
#define SHMFS_FREEING_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/types.h>

/* From this size on freeing is worth a thread, in blocks of 512 bytes. */
#define FREEING_LONG ((blkcnt_t)4 * 1024 * 1024 / 512)

/* Instead of a user. */
#define FREEING_NOBODY ((uid_t)-2)
#define FREEING_ALL ((uid_t)-1)

struct freeing {
	pthread_mutex_t lock; /* of everything below */
	pthread_cond_t more;  /* there is a descriptor to close, or the end */
	pthread_cond_t done;  /* a descriptor has been closed */
	struct freeing_entry {
		struct freeing_entry *next;
		int fd;
		uid_t user;
		uint64_t number;
		bool closing; /* by a thread, which frees the entry */
	} * first, *last;
	uint64_t taken; /* how many, ever */
	bool started, stop;
	pthread_t thread;
};

void freeing_init(struct freeing *freeing);

/* Closes all that is left; no other thread uses it any more. */
void freeing_clear(struct freeing *freeing);

/*
 * The name of the object that st describes is about to go, and with the last one perhaps much
 * memory. Returns a descriptor that holds it until freeing_let_go(); -1: there is little to free.
 */
int freeing_hold(int dir, const char *name, const struct stat *st);

/* Closing fd frees much memory, unless the object is open elsewhere: it has no name any more. */
bool freeing_takes_long(int fd);

/* The same for an open object, which fd stands for: returns as freeing_hold() does. */
int freeing_hold_opened(int fd);

/* Accepts -1. */
void freeing_let_go(struct freeing *freeing, int fd, uid_t user);

/* Closes fd, now or later. It is on behalf of this user, or of FREEING_NOBODY. */
void freeing_close(struct freeing *freeing, int fd, uid_t user);

/* Is a descriptor taken for this user and not closed yet? */
bool freeing_has(struct freeing *freeing, uid_t user);

/*
 * Returns when each descriptor that was taken for this user, or FREEING_ALL, is closed. The calling
 * thread closes it itself, so that no user waits for the memory of another one. Returns whether
 * there was any.
 */
bool freeing_wait(struct freeing *freeing, uid_t user);

#endif

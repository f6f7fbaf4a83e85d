/* SPDX-License-Identifier: MIT */
/*
 * The users whose requests are being served beside the leader, and their requests that wait for a
 * thread. queue.c explains the rules.
 *
 * The caller's lock guards the queue; only queue_is_empty() may be called without it. A user is the
 * number that fuse3_request() gives.
 */
#ifndef SHMFS_QUEUE_H
#define SHMFS_QUEUE_H

#include "journal.h"

#include <stdalign.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The threads that serve, the leader included. */
#define QUEUE_THREADS 64

/* More users than there are threads, so that a user who is being served always has an entry. */
#define QUEUE_USERS (2 * QUEUE_THREADS)

/* Kinds of requests: see queue.c. */
enum queue_kind {
	QUEUE_OBJECT,    /* about an object */
	QUEUE_DIRECTORY, /* the kernel may hold a directory's lock until the answer */
	QUEUE_KINDS
};

/* A request that waits. */
struct queue_job {
	struct queue_job *next;
	uint64_t user;
	enum queue_kind kind;
	struct journal_ticket ticket;
	bool interrupted; /* its caller has received a signal */
	size_t size;      /* of bytes */
	alignas(uint64_t) char bytes[];
};

struct queue_user {
	uint64_t id;
	unsigned threads;   /* threads that serve this user, without the leader */
	int64_t slow_until; /* ns, see clock.h */
	struct queue_line {
		struct queue_job *first, *last;
	} lines[QUEUE_KINDS];
	size_t waiting; /* bytes of the jobs */
};

struct queue {
	_Atomic unsigned used; /* entries of users[], the first ones */
	struct queue_user users[QUEUE_USERS];
	unsigned threads; /* the sum over all users */
	unsigned turn;    /* the entry whose job is taken next */
	size_t waiting;   /* bytes of all jobs */
	struct queue_job *held;
};

/* No user is served beside the leader, and no request waits. */
static inline bool queue_is_empty(const struct queue *queue)
{
	return atomic_load_explicit(&queue->used, memory_order_relaxed) == 0;
}

/* May this user have another thread for a request of this kind? */
bool queue_has_room(const struct queue *queue, uint64_t user, enum queue_kind kind);

/* May the leader itself serve a request of this user? now: ns. */
bool queue_lets_lead(const struct queue *queue, uint64_t user, enum queue_kind kind, int64_t now);

/* Makes a job for this request, which the caller owns. NULL: no memory. */
struct queue_job *queue_job_new(uint64_t user, enum queue_kind kind,
	const struct journal_ticket *ticket, const void *bytes, size_t size);

/*
 * Adds the job behind the other jobs of its user and kind. -ENOMEM: the user has too many; the
 * caller keeps the job.
 */
int queue_put(struct queue *queue, struct queue_job *job);

/* Is there a job that may have a thread? */
bool queue_has_job(const struct queue *queue);

/* Lists users whose jobs wait, `max` at most. Returns how many it has listed. */
size_t queue_list_waiting(const struct queue *queue, uint64_t *ret_users, size_t max);

/*
 * Takes the next job that may have a thread; the caller frees it. Its user has one thread more
 * until queue_leave(). NULL: no job may have a thread.
 */
struct queue_job *queue_take(struct queue *queue);

/*
 * A thread that does not lead begins to serve a request of this user; is done with it. False: the
 * queue has too many users.
 */
bool queue_enter(struct queue *queue, uint64_t user);
void queue_leave(struct queue *queue, uint64_t user);

/* A request of this user took long: the user counts as slow from now on. now: ns. */
void queue_set_slow(struct queue *queue, uint64_t user, int64_t now);

/* Keeps a job that this process will not serve. */
void queue_hold(struct queue *queue, struct queue_job *job);

/* Finds the job for this request, which stays in the queue. NULL: it does not wait here. */
struct queue_job *queue_find(const struct queue *queue, uint64_t unique);

/* Takes the job out; the caller frees it. NULL: it does not wait here, or it has to be served. */
struct queue_job *queue_take_out(struct queue *queue, uint64_t unique);

/* Forgets users who have no requests here and do not count as slow any more. */
void queue_tidy(struct queue *queue, int64_t now);

/* Frees all jobs. */
void queue_clear(struct queue *queue);

#endif

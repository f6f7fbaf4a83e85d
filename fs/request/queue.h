/* SPDX-License-Identifier: MIT */
/*
 * The users whose requests are being served beside the leader, and the requests of theirs that wait
 * for a thread. queue.c tells the rules.
 *
 * The caller's lock guards everything; only queue_is_empty() may be called without it. A user is
 * the number that fuse3_request() tells.
 */
#ifndef SHMFS_QUEUE_H
#define SHMFS_QUEUE_H

#include "journal.h"

#include <stdalign.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* All threads that serve, the leader among them. */
#define QUEUE_THREADS 64

/* More users than there are threads, so that a user who is being served always has an entry. */
#define QUEUE_USERS (2 * QUEUE_THREADS)

/* Kinds of requests: see queue.c. */
enum queue_kind {
	QUEUE_OBJECT,    /* about an object */
	QUEUE_DIRECTORY, /* a directory may be locked until it is answered */
	QUEUE_KINDS
};

/* A request that waits. */
struct queue_job {
	struct queue_job *next;
	uint64_t user;
	enum queue_kind kind;
	struct journal_ticket ticket;
	bool interrupted; /* its caller has got a signal */
	size_t size;      /* of bytes */
	alignas(uint64_t) char bytes[];
};

struct queue_user {
	uint64_t id;
	unsigned threads;   /* that serve this user, without the leader */
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

/* A job for this request, the caller's. NULL without memory. */
struct queue_job *queue_job_new(uint64_t user, enum queue_kind kind,
	const struct journal_ticket *ticket, const void *bytes, size_t size);

/* Waits behind the other jobs of its user and kind. -ENOMEM: the user has too many; the job stays
 * the caller's. */
int queue_put(struct queue *queue, struct queue_job *job);

/* Is there a job that may have a thread? */
bool queue_has_job(const struct queue *queue);

/* The users whose jobs wait, `max` at most. Returns how many. */
size_t queue_list_waiting(const struct queue *queue, uint64_t *ret_users, size_t max);

/*
 * The next job that may have a thread: the caller's, who frees it. Its user has a thread more
 * until queue_leave(). NULL: there is none.
 */
struct queue_job *queue_take(struct queue *queue);

/*
 * A thread that does not lead serves a request of this user; is done with it. False: there are
 * too many users.
 */
bool queue_enter(struct queue *queue, uint64_t user);
void queue_leave(struct queue *queue, uint64_t user);

/* Requests of this user took long just now. */
void queue_set_slow(struct queue *queue, uint64_t user, int64_t now);

/* Keeps the job, which this process will not serve. */
void queue_hold(struct queue *queue, struct queue_job *job);

/* The job for this request; NULL: it does not wait here. It stays where it is. */
struct queue_job *queue_find(const struct queue *queue, uint64_t unique);

/* Takes the job out, as the caller's who frees it. NULL: it is not there, or has to be served. */
struct queue_job *queue_take_out(struct queue *queue, uint64_t unique);

/* Forgets users of whom there is nothing to be told any more. */
void queue_tidy(struct queue *queue, int64_t now);

/* Frees all that waits. */
void queue_clear(struct queue *queue);

#endif

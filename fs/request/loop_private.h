/* SPDX-License-Identifier: MIT */
/* Shared by loop.c, which explains the model, and by the files that serve its requests. */
#ifndef SHMFS_LOOP_PRIVATE_H
#define SHMFS_LOOP_PRIVATE_H

#include "loop.h"
#include "queue.h"

#include <pthread.h>
#include <signal.h>

#define SIG_ENDED SIGUSR1 /* to the main thread: all threads ended */
#define SIG_TICK SIGALRM  /* to the main thread: call hooks.tick(), or watch the leader */
#define SIG_WAKE SIGUSR2  /* to the leader: come out of the system call */

/* The leader puts off so many requests at most, of so many bytes (a close has 64). */
#define LATE_MAX 4
#define LATE_SIZE 64

struct late {
	struct journal_ticket ticket;
	size_t size;
	alignas(uint64_t) char bytes[LATE_SIZE];
};

struct loop {
	struct fuse_session *session;
	struct journal *journal;
	int max_threads;
	bool traces; /* log each request that was served, see trace.h */
	struct loop_hooks hooks;
	pthread_t main;
	atomic_bool stop;
	atomic_bool tick; /* call hooks.tick() */
	atomic_int error; /* why serving became impossible, or 0 */

	/*
	 * Odd while the leader is serving a request of `user`. The leader adds one before and one
	 * after the request. The watchdog adds the second one to take the lead away; the thread
	 * that led then finds that its own addition fails.
	 */
	_Atomic uint64_t turn;
	_Atomic uint64_t user;
	_Atomic pid_t leader;    /* thread id */
	_Atomic clockid_t clock; /* of the leader's CPU time */
	_Atomic(void *) buffer;  /* the last leader leaves it to the next one; or NULL */
	atomic_bool watched;     /* the watchdog looks at `turn` from time to time */

	/* Only the leader uses these. */
	struct late late[LATE_MAX]; /* the oldest is the first */
	unsigned late_count;
	int64_t late_since; /* ns, when the list became non-empty */

	pthread_mutex_t lock; /* guards all fields below */
	pthread_cond_t work;  /* the lead may be free, a job may have a thread, or stop is set */
	bool led;             /* a thread leads */
	int parked;
	int running; /* threads that have not ended */
	int started;
	pthread_t threads[QUEUE_THREADS];
	struct queue queue;
	bool receives;      /* a thread is in the system call, or about to enter it */
	pthread_t receiver; /* that thread */
};

/* leader.c: the calling thread leads until this function returns. */
void leader_run(struct loop *loop);

/*
 * Wakes or makes a thread, because the lead is free or a job may have a thread. The caller holds
 * the lock. False: all threads are busy, and no more can be made.
 */
bool loop_call_thread(struct loop *loop);

/* Ends the loop: its threads stop receiving. error: why serving became impossible, or 0. */
void loop_stop(struct loop *loop, int error);

/* Makes the main thread watch the leader. */
void loop_watch(struct loop *loop);

#endif

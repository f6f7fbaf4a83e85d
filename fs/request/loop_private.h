/* SPDX-License-Identifier: MIT */
/* What loop.c, which tells the model, and leader.c share. */
#ifndef SHMFS_LOOP_PRIVATE_H
#define SHMFS_LOOP_PRIVATE_H

#include "loop.h"
#include "queue.h"

#include <pthread.h>
#include <signal.h>

#define SIG_ENDED SIGUSR1 /* to the main thread: all threads ended */
#define SIG_TICK SIGALRM  /* to the main thread: call hooks.tick(), or watch the leader */
#define SIG_WAKE SIGUSR2  /* to the leader: come out of the system call */

/* So many requests are put off, of so many bytes (a close has 64). */
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
	bool traces; /* each request that was served, see trace.h */
	struct loop_hooks hooks;
	pthread_t main;
	atomic_bool stop;
	atomic_bool tick; /* hooks.tick() is to be called */
	atomic_int error; /* why serving became impossible, or 0 */

	/*
	 * Odd while the leader is serving a request of `user`. The leader adds one before and one
	 * after it. The watchdog adds the second one to take the lead away, and the thread that
	 * led finds that its own addition fails.
	 */
	_Atomic uint64_t turn;
	_Atomic uint64_t user;
	_Atomic pid_t leader;    /* thread id */
	_Atomic clockid_t clock; /* of the leader's CPU time */
	_Atomic(void *) buffer;  /* the last leader's, for the next one; or NULL */
	atomic_bool watched;     /* the watchdog looks at `turn` from time to time */

	/* Of the leader. */
	struct late late[LATE_MAX]; /* the oldest is the first */
	unsigned late_count;
	int64_t late_since; /* when one was put off, and there was no other; ns */

	pthread_mutex_t lock; /* of everything below */
	pthread_cond_t work;  /* the lead may be free, a job may have a thread, or stop is set */
	bool led;             /* somebody receives */
	int parked;
	int running; /* threads that have not ended */
	int started;
	pthread_t threads[QUEUE_THREADS];
	struct queue queue;
	bool receives;      /* somebody is in the system call, or about to be */
	pthread_t receiver; /* who that is */
};

/* leader.c: the calling thread leads until this function returns. */
void leader_run(struct loop *loop);

/* The lock is held: the lead is free, or a job can have a thread; another thread is to see to it.
 */
bool loop_call_thread(struct loop *loop);

/* Nothing is received any more. error: why serving became impossible, or 0. */
void loop_stop(struct loop *loop, int error);

/* The main thread begins to look at the leader. */
void loop_watch(struct loop *loop);

#endif

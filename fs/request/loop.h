/* SPDX-License-Identifier: MIT */
/* The loop that receives requests and makes threads serve them. loop.c explains its threads. */
#ifndef SHMFS_LOOP_H
#define SHMFS_LOOP_H

#include "fuse3.h"

#include <stdbool.h>

struct journal;
struct loop;

/* The functions that the loop calls. */
struct loop_hooks {
	void *arg;
	/*
	 * Called once, when all requests that are sent again have been received: see
	 * journal_receive().
	 */
	void (*settle)(void *arg);
	/*
	 * Called after loop_tick(), on the main thread, while requests are being served. Returns in
	 * how many ms the loop calls it again, or -1.
	 */
	int (*tick)(void *arg);
};

/* Options of the command line. */
struct loop_options {
	bool single_thread;
	bool traces; /* a log line for each request, see trace.h */
};

/* Makes a loop without threads. Returns 0 or -errno. */
int loop_new(struct loop **ret_loop, struct fuse_session *session, struct journal *journal,
	struct loop_options options, const struct loop_hooks *hooks);

/*
 * Makes the first thread, which waits for loop_run(). The same thread calls loop_run() next.
 * Returns 0 or -EAGAIN.
 */
int loop_start(struct loop *loop);

/* The caller has seen all threads end. NULL is accepted. */
struct loop *loop_free(struct loop *loop);

/*
 * Serves until the mount is gone or a signal asks to stop (SIGTERM, SIGINT, SIGHUP, which the
 * caller has blocked for the whole process). The threads still answer all received requests.
 * Returns 0; -EBUSY: a thread is still serving after LOOP_END_MS, and the caller must not free
 * memory that this thread may use; or another -errno when serving became impossible.
 */
#define LOOP_END_MS 700
int loop_run(struct loop *loop);

/*
 * Lists users, `max` at most, whose requests wait because these users have used up their share of
 * the threads. Returns how many it has listed.
 */
size_t loop_list_waiting(struct loop *loop, uint64_t *ret_users, size_t max);

/* Makes the main thread call hooks->tick(). */
void loop_tick(struct loop *loop);

#endif

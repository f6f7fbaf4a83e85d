/* SPDX-License-Identifier: MIT */
/* The loop that receives requests and has them served. loop.c tells how its threads share. */
#ifndef SHMFS_LOOP_H
#define SHMFS_LOOP_H

#include "fuse3.h"

#include <stdbool.h>

struct journal;
struct loop;

/* What the loop calls. */
struct loop_hooks {
	void *arg;
	/* Once, when all requests that are sent again have been received: see journal_receive(). */
	void (*settle)(void *arg);
	/* After loop_tick(), beside all requests. Returns after how many ms again, or -1. */
	int (*tick)(void *arg);
};

/* What the command line says. */
struct loop_options {
	bool single_thread;
	bool traces; /* a log line for each request, see trace.h */
};

/* Serves nothing yet. Returns 0 or -errno. */
int loop_new(struct loop **ret_loop, struct fuse_session *session, struct journal *journal,
	struct loop_options options, const struct loop_hooks *hooks);

/*
 * Makes the first thread, which serves nothing yet. loop_run() has to follow, on the same thread.
 * Returns 0 or -EAGAIN.
 */
int loop_start(struct loop *loop);

/* All threads have ended. NULL is accepted. */
struct loop *loop_free(struct loop *loop);

/*
 * Serves until the mount is gone or a signal asks to stop (SIGTERM, SIGINT, SIGHUP, which the
 * caller has blocked for the whole process). The threads answer what has been received. Returns 0;
 * -EBUSY: some thread is still serving after LOOP_END_MS, and nothing that it may use can be freed;
 * or another -errno when serving became impossible.
 */
#define LOOP_END_MS 700
int loop_run(struct loop *loop);

/*
 * The users whose requests wait because these users have their share of the threads, `max` at most.
 * Returns how many.
 */
size_t loop_list_waiting(struct loop *loop, uint64_t *ret_users, size_t max);

/* Has hooks->tick() called. */
void loop_tick(struct loop *loop);

#endif

/* SPDX-License-Identifier: MIT */
/* The process that serves for a daemon, its keeper: whether there is one, and its death. */
#ifndef SHMFS_TEST_WORKER_H
#define SHMFS_TEST_WORKER_H

#include "daemon.h"

/* Why no daemon has a keeper here, for world_skip(); NULL: it has to have one, unless told so. */
const char *keeper_obstacle(void);

/* Is another process serving for it? Fails if there is none where there has to be one. */
bool has_keeper(const struct daemon *daemon);

/*
 * Is this a daemon's report of its keeper at its start: nothing, or, where it cannot have one, the
 * line that tells it?
 */
bool is_word_of_keeper(const char *text);

/* The one that serves, when it is there; asserts. */
pid_t worker_of(const struct daemon *daemon);

/* Waits until it is another one than this; asserts. */
void worker_await_next(const struct daemon *daemon, pid_t old);

/*
 * Has it answer some requests; asserts. A worker that dies before it has answered any is a bad sign
 * for its keeper.
 */
enum { WORKER_REQUESTS = 20 };
void worker_use(const struct daemon *daemon);

/* Kills it when it has answered so many, and waits for the next one; asserts. */
void worker_kill(const struct daemon *daemon, int sig);

/*
 * The same without assertions, which only the process of the test may use: kills it when it has
 * answered some requests, and waits for the next one. Returns whether that went well.
 */
bool worker_try_kill(const struct daemon *daemon, int sig);

#endif

/* SPDX-License-Identifier: MIT */
/* One received request is served, on the leader or on a thread beside it. */
#ifndef SHMFS_SERVE_H
#define SHMFS_SERVE_H

#include "fuse3.h"

#include <stdbool.h>
#include <stdint.h>

struct journal_ticket;
struct loop;
struct queue_job;

/* Serves the request on the calling thread: journal, operation, answer, trace. */
void serve_request(
	struct loop *loop, const struct journal_ticket *ticket, const struct fuse_buf *buf);

/* Answers the request with error, -errno, without serving it. */
void serve_refuse(struct loop *loop, const struct fuse_buf *buf, int error);

/*
 * Serves the request on the calling thread, which does not lead. queue_enter() or queue_take() has
 * counted the user.
 */
void serve_beside(struct loop *loop, uint64_t user, const struct journal_ticket *ticket,
	const struct fuse_buf *buf);

/* Serves the job, which the caller took from the queue, in the same way, and frees it. */
void serve_job(struct loop *loop, struct queue_job *job);

/* The calling thread is done with the user's request. slow: the user counts as slow for a while. */
void serve_leave(struct loop *loop, uint64_t user, bool slow);

#endif

/* SPDX-License-Identifier: MIT */
#include "serve.h"

#include "clock.h"
#include "effort.h"
#include "loop_private.h"
#include "trace.h"
#include "weight.h"

#include <stdlib.h>

void serve_request(
	struct loop *loop, const struct journal_ticket *ticket, const struct fuse_buf *buf)
{
	const int64_t begin = loop->traces ? trace_begin() : 0;

	journal_begin(loop->journal, ticket);
	fuse_session_process_buf(loop->session, buf);
	journal_end(loop->journal);
	if (loop->traces)
		trace_end(begin, buf->mem, buf->size);
}

void serve_refuse(struct loop *loop, const struct fuse_buf *buf, int error)
{
	const int64_t begin = trace_begin();

	fuse3_refuse(loop->session, buf->mem, error);
	trace_result(error);
	if (loop->traces)
		trace_end(begin, buf->mem, buf->size);
}

void serve_leave(struct loop *loop, uint64_t user, bool slow)
{
	pthread_mutex_lock(&loop->lock);
	if (slow)
		queue_set_slow(&loop->queue, user, clock_now_ns());
	queue_leave(&loop->queue, user);
	pthread_mutex_unlock(&loop->lock);
}

void serve_beside(struct loop *loop, uint64_t user, const struct journal_ticket *ticket,
	const struct fuse_buf *buf)
{
	const struct effort before = effort_now();

	serve_request(loop, ticket, buf);
	serve_leave(loop, user, effort_was_long(&before));
}

/* libfuse keeps an interrupt until it sees the request that the interrupt is about. */
static void tell_interrupt(struct loop *loop, const void *header)
{
	char bytes[FUSE3_INTERRUPT_SIZE];
	const struct fuse_buf buf = {.mem = bytes, .size = sizeof(bytes)};

	fuse3_make_interrupt(bytes, header);
	fuse_session_process_buf(loop->session, &buf);
}

void serve_job(struct loop *loop, struct queue_job *job)
{
	const struct fuse_buf buf = {.mem = job->bytes, .size = job->size};

	weight_lower();
	job->ticket.slow = true;
	if (job->interrupted)
		tell_interrupt(loop, job->bytes);
	serve_beside(loop, job->user, &job->ticket, &buf);
	free(job);
}

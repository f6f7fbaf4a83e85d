/* SPDX-License-Identifier: MIT */
/* The leader, see loop.c: it receives requests, and serves them or passes them on. */
#include "loop_private.h"

#include "buffer.h"
#include "clock.h"
#include "interrupt.h"
#include "log.h"
#include "serve.h"
#include "weight.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/*
 * At every SAMPLE-th request the leader looks whether another one is waiting; looking costs a
 * system call. If CROWD samples in a row find one, one thread is not enough.
 */
#define SAMPLE 8
#define CROWD 8

/*
 * For how long the leader looks for the next request, in ns: in this time most clients that a reply
 * woke have sent one. After LOOKS_IN_VAIN times without success it looks only at every
 * LOOK_AGAIN-th request.
 */
#define LOOK_NS 50000
#define LOOKS_IN_VAIN 3
#define LOOK_AGAIN 64

/* For how long the leader puts requests off, in ns. */
#define LATE_NS 1000000

/* A thread without memory to receive into leaves the lead to another one for so many ns. */
#define NO_MEMORY_NS 10000000

/* The state of the calling thread. */
static _Thread_local struct {
	bool leads;
	unsigned served;
	int crowd;        /* samples in a row that found a request waiting */
	unsigned in_vain; /* looks in a row that found no request */
} self;

static void serve_leading(struct loop *loop, uint64_t user, const struct journal_ticket *ticket,
	const struct fuse_buf *buf)
{
	uint64_t turn = atomic_load_explicit(&loop->turn, memory_order_relaxed) + 1;

	atomic_store_explicit(&loop->user, user, memory_order_relaxed);
	atomic_store(&loop->turn, turn);
	if (!atomic_load(&loop->watched))
		loop_watch(loop);
	serve_request(loop, ticket, buf);
	if (atomic_compare_exchange_strong(&loop->turn, &turn, turn + 1))
		return;
	/* The watchdog has taken the lead away. It has counted the user, and marked it as slow. */
	self.leads = false;
	weight_was_lowered();
	serve_leave(loop, user, false);
}

static bool request_waits(const struct loop *loop)
{
	struct pollfd device = {.fd = fuse_session_fd(loop->session), .events = POLLIN};

	return poll(&device, 1, 0) == 1 && (device.revents & POLLIN);
}

/* Another thread takes over the lead, and this one keeps a request of this user. */
static void give_up_lead(struct loop *loop, uint64_t user)
{
	pthread_mutex_lock(&loop->lock);
	if (queue_enter(&loop->queue, user)) {
		if (loop_call_thread(loop))
			self.leads = loop->led = false;
		else
			queue_leave(&loop->queue, user);
	}
	pthread_mutex_unlock(&loop->lock);
	self.crowd = 0;
}

static void watch_crowd(struct loop *loop, uint64_t user)
{
	if (++self.served % SAMPLE != 0 || loop->max_threads == 1)
		return;
	self.crowd = request_waits(loop) ? self.crowd + 1 : 0;
	if (self.crowd >= CROWD)
		give_up_lead(loop, user);
}

static enum queue_kind kind_of(const struct fuse3_request *request)
{
	return request->has_directory ? QUEUE_DIRECTORY : QUEUE_OBJECT;
}

/* A request that took long before a takeover would take long again. */
static bool may_lead(
	struct loop *loop, const struct fuse3_request *request, const struct journal_ticket *ticket)
{
	const enum queue_kind kind = kind_of(request);
	bool may;

	if (loop->max_threads == 1)
		return true;
	if (ticket->slow)
		return false;
	if (queue_is_empty(&loop->queue))
		return true;
	pthread_mutex_lock(&loop->lock);
	may = queue_lets_lead(&loop->queue, request->user, kind, clock_now_ns()) ||
	      (request->has_root && !queue_has_room(&loop->queue, request->user, kind));
	pthread_mutex_unlock(&loop->lock);
	return may;
}

/*
 * Makes another thread serve the request, at once or later. held: this worker keeps the request
 * without serving it. -ENOMEM: too many requests wait.
 */
static int pass_on(struct loop *loop, const struct fuse3_request *request,
	const struct journal_ticket *ticket, const struct fuse_buf *buf, bool held)
{
	struct queue_job *job =
		queue_job_new(request->user, kind_of(request), ticket, buf->mem, buf->size);
	int r = 0;

	if (!job)
		return -ENOMEM;
	pthread_mutex_lock(&loop->lock);
	if (held)
		queue_hold(&loop->queue, job);
	else
		r = queue_put(&loop->queue, job);
	if (r == 0 && ticket->slow)
		queue_set_slow(&loop->queue, request->user, clock_now_ns());
	if (r == 0 && queue_has_job(&loop->queue))
		loop_call_thread(loop);
	pthread_mutex_unlock(&loop->lock);
	if (r < 0)
		free(job);
	return r;
}

/* The thread may have lost the lead since it received the request. */
static void serve_myself(struct loop *loop, uint64_t user, const struct journal_ticket *ticket,
	const struct fuse_buf *buf)
{
	if (self.leads)
		serve_leading(loop, user, ticket, buf);
	else
		serve_request(loop, ticket, buf);
}

static void serve_or_pass_on(struct loop *loop, const struct fuse3_request *request,
	const struct journal_ticket *ticket, const struct fuse_buf *buf)
{
	const uint64_t user = request->user;
	int r;

	if (self.leads && may_lead(loop, request, ticket)) {
		watch_crowd(loop, user);
		if (self.leads)
			serve_leading(loop, user, ticket, buf);
		else
			serve_beside(loop, user, ticket, buf);
		return;
	}
	r = pass_on(loop, request, ticket, buf, false);
	/* A close must take effect, and a request that a dead worker has begun must be finished. */
	if (r < 0 && (user == FUSE3_KERNEL || ticket->again))
		serve_myself(loop, user, ticket, buf);
	else if (r < 0)
		serve_refuse(loop, buf, r);
}

static void handle_request(struct loop *loop, const struct fuse3_request *request,
	const struct journal_ticket *ticket, enum journal_verdict verdict,
	const struct fuse_buf *buf)
{
	if (request->interrupts != 0 && interrupt_waiting(loop, request))
		return;
	if (verdict == JOURNAL_REFUSE) {
		log_error("a request that ended workers is answered with EIO");
		serve_refuse(loop, buf, -EIO);
	} else if (verdict == JOURNAL_HOLD) {
		if (pass_on(loop, request, ticket, buf, true) < 0)
			log_error("no memory to hold a request");
	} else if (request->wants_no_reply) {
		serve_myself(loop, request->user, ticket, buf);
	} else {
		serve_or_pass_on(loop, request, ticket, buf);
	}
}

/* Serves the requests that were put off, except for the last `keep`. */
static void serve_late(struct loop *loop, unsigned keep)
{
	while (self.leads && loop->late_count > keep) {
		struct late late = loop->late[0];
		const struct fuse_buf buf = {.mem = late.bytes, .size = late.size};
		const struct fuse3_request request = fuse3_request(late.bytes);

		loop->late_count--;
		memmove(loop->late, loop->late + 1, loop->late_count * sizeof(late));
		serve_or_pass_on(loop, &request, &late.ticket, &buf);
	}
}

/*
 * Requests that are sent again are not put off: they precede all new requests, and are served in
 * that order.
 */
static bool put_off_request(struct loop *loop, const struct fuse3_request *request,
	const struct journal_ticket *ticket, const struct fuse_buf *buf)
{
	const bool late = request->can_wait && !request->again && buf->size <= LATE_SIZE;
	struct late *place;

	if (!request->lets_wait)
		serve_late(loop, late ? LATE_MAX - 1 : 0);
	if (!late || !self.leads)
		return false;
	if (loop->late_count == 0)
		loop->late_since = clock_now_ns();
	place = &loop->late[loop->late_count++];
	*place = (struct late){.ticket = *ticket, .size = buf->size};
	memcpy(place->bytes, buf->mem, buf->size);
	return true;
}

/* True: a request is waiting. False: none came in time, or the leader did not look. */
static bool look_for_request(struct loop *loop)
{
	int64_t now, end;

	if (self.in_vain >= LOOKS_IN_VAIN && self.served % LOOK_AGAIN != 0)
		return false;
	now = clock_now_ns();
	if (now - loop->late_since > LATE_NS)
		serve_late(loop, 0);
	end = now + LOOK_NS;
	self.in_vain++;
	while (self.leads && clock_now_ns() < end) {
		if (request_waits(loop)) {
			self.in_vain = 0;
			return true;
		}
		serve_late(loop, 1);
	}
	return false;
}

static void set_receiving(struct loop *loop, bool receives)
{
	pthread_mutex_lock(&loop->lock);
	loop->receives = receives;
	loop->receiver = pthread_self();
	pthread_mutex_unlock(&loop->lock);
}

static int receive_request(struct loop *loop, struct fuse_buf *buf)
{
	int r;

	set_receiving(loop, true);
	r = loop->stop ? -EINTR : fuse3_receive(loop->session, buf);
	set_receiving(loop, false);
	return r;
}

/* Judges the request that was just received, and puts it off or handles it. */
static void take_request(struct loop *loop, const struct fuse_buf *buf)
{
	const struct fuse3_request request = fuse3_request(buf->mem);
	struct journal_ticket ticket;
	enum journal_verdict verdict;
	bool settle;

	if (request.pid != 0 && journal_has_thread(loop->journal, request.pid)) {
		log_error("this mount covers the objects that it shows: ending");
		serve_refuse(loop, buf, -EDEADLK);
		loop_stop(loop, -EDEADLK);
		return;
	}
	verdict = journal_receive(loop->journal, buf->mem, &ticket, &settle);
	if (settle)
		loop->hooks.settle(loop->hooks.arg);
	if (!put_off_request(loop, &request, &ticket, buf))
		handle_request(loop, &request, &ticket, verdict, buf);
}

static void pause_leading(struct loop *loop)
{
	const struct timespec pause = {.tv_nsec = NO_MEMORY_NS};

	pthread_mutex_lock(&loop->lock);
	loop->led = false;
	self.leads = false;
	pthread_cond_signal(&loop->work);
	pthread_mutex_unlock(&loop->lock);
	nanosleep(&pause, NULL);
}

static void tell_watchdog(struct loop *loop)
{
	clockid_t clock;

	atomic_store(&loop->leader, gettid());
	if (pthread_getcpuclockid(pthread_self(), &clock) == 0)
		atomic_store(&loop->clock, clock);
}

/*
 * Leaders hand the buffer on. If each mapped and unmapped its own, that would delay the page faults
 * of all threads.
 */
static void *take_buffer(struct loop *loop)
{
	void *buffer = atomic_exchange(&loop->buffer, NULL);

	return buffer ? buffer : buffer_new(FUSE3_RECEIVE_SIZE);
}

void leader_run(struct loop *loop)
{
	struct fuse_buf buf = {.mem = take_buffer(loop)};

	weight_restore();
	self.leads = true;
	tell_watchdog(loop);
	if (!buf.mem) {
		pause_leading(loop);
		return;
	}
	while (self.leads && !loop->stop) {
		int r;

		if (!look_for_request(loop))
			serve_late(loop, 0);
		if (!self.leads)
			break;
		r = receive_request(loop, &buf);
		if (r > 0)
			take_request(loop, &buf);
		else if (r != -EINTR && r != -EAGAIN)
			loop_stop(loop, r);
	}
	serve_late(loop, 0);
	buffer_free(atomic_exchange(&loop->buffer, buf.mem), FUSE3_RECEIVE_SIZE);
}

/* SPDX-License-Identifier: MIT */
/*
 * One thread receives and serves, and stays hot: the leader. A pool of threads that all wait for
 * requests is slower, because the kernel wakes them in turn, each cold and on some other CPU.
 *
 * The others are parked, and are made when they are first needed. The leader gives up the lead
 *
 * - before it does something that may take long (loop_expect_long());
 * - before a longer copy, when another request waits already (loop_expect_copy());
 * - when requests have been piling up for a while (CROWD samples in a row).
 *
 * Then one parked thread is woken and leads. Whoever has served its request leads again if nobody
 * does, or parks. So there is at most one receiver, any number of threads that serve, and as long
 * as a single thread keeps up there is no other.
 *
 * A CPU that sleeps takes longer to wake up than most requests take to be served. So before the
 * leader waits, it looks for the next request for a while, and only now and then where that is in
 * vain: clients may be slow, or need this very CPU.
 *
 * Nobody waits for the end of a close(2). So the leader puts it off until it has nothing else to
 * do, which is soon: while clients wake up. The last one waits until the leader is about to sleep:
 * who opens a file again and again finds it open. Only lookups and opens are served before it.
 * Everything else comes in its turn, so that whoever closes an object without a name finds its
 * memory free.
 *
 * The main thread waits for signals. To stop, it takes the leader out of its system call with a
 * signal, again and again until all threads are gone: it may come just before the call. Those that
 * serve finish what they have begun.
 */
#include "loop.h"

#include "clock.h"
#include "journal.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdalign.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define THREADS_MAX 16

/*
 * Every SAMPLE-th request looks whether another one is waiting; looking costs a system call. If
 * CROWD of them in a row find one, that is more than one thread should do.
 */
#define SAMPLE 8
#define CROWD 8

/*
 * For how long to look, in ns: until most clients that were woken by a reply have asked again.
 * After so many times in vain it is tried only every so often.
 */
#define LOOK_NS 50000
#define LOOKS_IN_VAIN 3
#define LOOK_AGAIN 64

/* So many requests are put off, of so many bytes (a close has 64), for so many ns. */
#define LATE_MAX 4
#define LATE_SIZE 64
#define LATE_NS 1000000

/* A thread that has no memory to receive into lets others try for so many ns. */
#define NO_MEMORY_NS 10000000

#define SIG_ENDED SIGUSR1 /* to the main thread: all threads ended */
#define SIG_TICK SIGALRM  /* to the main thread: call hooks.tick() */
#define SIG_WAKE SIGUSR2  /* to the leader: come out of the system call */

struct late {
	size_t size;
	alignas(uint64_t) char bytes[LATE_SIZE];
};

struct loop {
	struct fuse_session *session;
	struct journal *journal;
	int max_threads;
	struct loop_hooks hooks;
	pthread_t main;
	atomic_bool stop;
	atomic_int error; /* why serving became impossible, or 0 */

	struct late late[LATE_MAX]; /* of the leader; the oldest is the first */
	unsigned late_count;
	int64_t late_since; /* when one was put off, and there was no other; ns */

	pthread_mutex_t lock; /* of everything below */
	pthread_cond_t lead;  /* the lead may be free, or stop is set */
	bool led;             /* somebody receives */
	int parked;
	int running; /* threads that have not ended */
	int started;
	pthread_t threads[THREADS_MAX];
	bool receives;      /* somebody is in the system call, or about to be */
	pthread_t receiver; /* who that is */
};

/* What belongs to the calling thread. */
static _Thread_local struct {
	bool leads;
	unsigned served;
	int crowd;        /* samples in a row that found a request waiting */
	unsigned in_vain; /* how often in a row no request came while it was looked for */
} self;

static void *work(void *arg);

/* lock is held. Without another thread the work goes on with those that are there. */
static bool start_thread(struct loop *loop)
{
	if (loop->started >= loop->max_threads ||
		pthread_create(&loop->threads[loop->started], NULL, work, loop) != 0)
		return false;
	loop->started++;
	loop->running++;
	return true;
}

static void give_up_lead(struct loop *loop)
{
	if (!self.leads || loop->max_threads == 1)
		return;
	pthread_mutex_lock(&loop->lock);
	if (loop->parked > 0 || start_thread(loop)) {
		loop->led = false;
		self.leads = false;
		pthread_cond_signal(&loop->lead);
	}
	pthread_mutex_unlock(&loop->lock);
	self.crowd = 0;
}

static bool somebody_waits(const struct loop *loop)
{
	struct pollfd device = {.fd = fuse_session_fd(loop->session), .events = POLLIN};

	return poll(&device, 1, 0) == 1 && (device.revents & POLLIN);
}

void loop_expect_long(struct loop *loop)
{
	give_up_lead(loop);
}

void loop_expect_copy(struct loop *loop)
{
	if (self.leads && loop->max_threads > 1 && somebody_waits(loop))
		give_up_lead(loop);
}

static void stop(struct loop *loop, int error)
{
	if (error != 0)
		loop->error = error;
	pthread_mutex_lock(&loop->lock);
	loop->stop = true;
	pthread_cond_broadcast(&loop->lead);
	pthread_mutex_unlock(&loop->lock);
}

/* Waits until this thread may lead. False: the loop ends. */
static bool take_lead(struct loop *loop)
{
	pthread_mutex_lock(&loop->lock);
	while (loop->led && !loop->stop) {
		loop->parked++;
		pthread_cond_wait(&loop->lead, &loop->lock);
		loop->parked--;
	}
	self.leads = !loop->stop;
	if (self.leads)
		loop->led = true;
	pthread_mutex_unlock(&loop->lock);
	return self.leads;
}

static void watch_crowd(struct loop *loop)
{
	if (++self.served % SAMPLE != 0 || loop->max_threads == 1)
		return;
	self.crowd = somebody_waits(loop) ? self.crowd + 1 : 0;
	if (self.crowd >= CROWD)
		give_up_lead(loop);
}

/* Before the lead is given up: what a dead worker left is taken in the order of receiving. */
static void begin(struct loop *loop, const struct fuse_buf *buf)
{
	if (journal_begin(loop->journal, buf->mem))
		loop->hooks.settle(loop->hooks.arg);
}

static void serve(struct loop *loop, const struct fuse_buf *buf)
{
	fuse_session_process_buf(loop->session, buf);
	journal_end(loop->journal);
}

/* Serves what was put off, but for the last so many. */
static void serve_late(struct loop *loop, unsigned keep)
{
	while (self.leads && loop->late_count > keep) {
		struct late late = loop->late[0];
		const struct fuse_buf buf = {.mem = late.bytes, .size = late.size};

		loop->late_count--;
		memmove(loop->late, loop->late + 1, loop->late_count * sizeof(late));
		begin(loop, &buf);
		serve(loop, &buf);
	}
}

/* What is sent again comes before everything else, and is served like that. */
static bool put_off(struct loop *loop, const struct fuse_buf *buf)
{
	const struct fuse3_request request = fuse3_request(buf->mem);
	const bool late = request.can_wait && !request.again && buf->size <= LATE_SIZE;

	if (!request.lets_wait)
		serve_late(loop, late ? LATE_MAX - 1 : 0);
	if (!late || !self.leads)
		return false;
	if (loop->late_count == 0)
		loop->late_since = clock_now_ns();
	loop->late[loop->late_count].size = buf->size;
	memcpy(loop->late[loop->late_count++].bytes, buf->mem, buf->size);
	return true;
}

/* False: there was none while it looked, or it did not look. */
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
	while (clock_now_ns() < end) {
		if (somebody_waits(loop)) {
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

static int receive(struct loop *loop, struct fuse_buf *buf)
{
	int r;

	set_receiving(loop, true);
	r = loop->stop ? -EINTR : fuse3_receive(loop->session, buf);
	set_receiving(loop, false);
	return r;
}

static void let_others_lead(struct loop *loop)
{
	const struct timespec pause = {.tv_nsec = NO_MEMORY_NS};

	pthread_mutex_lock(&loop->lock);
	loop->led = false;
	self.leads = false;
	pthread_cond_signal(&loop->lead);
	pthread_mutex_unlock(&loop->lock);
	nanosleep(&pause, NULL);
}

/* Receives and serves as long as this thread leads. */
static void lead(struct loop *loop, struct fuse_buf *buf)
{
	while (self.leads && !loop->stop) {
		int r;

		if (!look_for_request(loop))
			serve_late(loop, 0);
		r = receive(loop, buf);
		if (r == -EINTR || r == -EAGAIN)
			continue;
		if (r == -ENOMEM) {
			let_others_lead(loop);
			return;
		}
		if (r <= 0) {
			stop(loop, r);
			return;
		}
		if (put_off(loop, buf))
			continue;
		begin(loop, buf);
		watch_crowd(loop);
		serve(loop, buf);
	}
	serve_late(loop, 0);
}

static void *work(void *arg)
{
	struct loop *loop = arg;
	struct fuse_buf buf = {.mem = NULL};
	bool last;

	while (take_lead(loop))
		lead(loop, &buf);
	free(buf.mem);
	pthread_mutex_lock(&loop->lock);
	last = --loop->running == 0;
	pthread_mutex_unlock(&loop->lock);
	if (last)
		pthread_kill(loop->main, SIG_ENDED);
	return NULL;
}

static void on_wake(int sig)
{
	(void)sig;
}

int loop_new(struct loop **ret_loop, struct fuse_session *session, struct journal *journal,
	bool single_thread, const struct loop_hooks *hooks)
{
	const struct sigaction wake = {.sa_handler = on_wake}; /* no SA_RESTART */
	struct loop *loop = calloc(1, sizeof(*loop));

	if (!loop)
		return -ENOMEM;
	loop->session = session;
	loop->journal = journal;
	loop->max_threads = single_thread ? 1 : THREADS_MAX;
	loop->hooks = *hooks;
	loop->main = pthread_self();
	loop->led = true; /* until it runs */
	pthread_mutex_init(&loop->lock, NULL);
	pthread_cond_init(&loop->lead, NULL);
	sigaction(SIG_WAKE, &wake, NULL);
	*ret_loop = loop;
	return 0;
}

struct loop *loop_free(struct loop *loop)
{
	if (!loop)
		return NULL;
	pthread_cond_destroy(&loop->lead);
	pthread_mutex_destroy(&loop->lock);
	free(loop);
	return NULL;
}

/* A signal alone does not prove it: anybody may send one. */
static bool has_ended(struct loop *loop)
{
	bool ended;

	pthread_mutex_lock(&loop->lock);
	ended = loop->running == 0;
	pthread_mutex_unlock(&loop->lock);
	return ended;
}

/* Takes whoever receives out of that until all have ended. */
static void end_threads(struct loop *loop, const sigset_t *ended)
{
	const struct timespec pause = {.tv_nsec = 5 * 1000 * 1000};

	stop(loop, 0);
	do {
		pthread_mutex_lock(&loop->lock);
		if (loop->receives)
			pthread_kill(loop->receiver, SIG_WAKE);
		pthread_mutex_unlock(&loop->lock);
		sigtimedwait(ended, NULL, &pause);
	} while (!has_ended(loop));
}

void loop_tick(struct loop *loop)
{
	pthread_kill(loop->main, SIG_TICK);
}

/* Ticks until there is a signal to stop for. */
static int wait_for_signal(struct loop *loop, const sigset_t *wanted)
{
	int wait = -1;

	for (;;) {
		const struct timespec time = clock_timespec_of_ms(wait);
		const int sig =
			wait < 0 ? sigwaitinfo(wanted, NULL) : sigtimedwait(wanted, NULL, &time);

		if (sig > 0 && sig != SIG_TICK && (sig != SIG_ENDED || has_ended(loop)))
			return sig;
		if (sig == SIG_TICK || errno == EAGAIN)
			wait = loop->hooks.tick(loop->hooks.arg);
	}
}

/* By which the threads tell the main thread something. */
static sigset_t own_signals(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIG_ENDED);
	sigaddset(&set, SIG_TICK);
	return set;
}

int loop_start(struct loop *loop)
{
	const sigset_t own = own_signals();
	int r;

	pthread_sigmask(SIG_BLOCK, &own, NULL);
	pthread_mutex_lock(&loop->lock);
	r = start_thread(loop) ? 0 : -EAGAIN;
	pthread_mutex_unlock(&loop->lock);
	return r;
}

int loop_run(struct loop *loop)
{
	sigset_t ended, wanted = own_signals();
	int sig, started;

	sigemptyset(&ended);
	sigaddset(&ended, SIG_ENDED);
	sigaddset(&wanted, SIGTERM);
	sigaddset(&wanted, SIGINT);
	sigaddset(&wanted, SIGHUP);

	pthread_mutex_lock(&loop->lock);
	loop->led = false;
	pthread_cond_signal(&loop->lead);
	pthread_mutex_unlock(&loop->lock);
	sig = wait_for_signal(loop, &wanted);
	if (sig != SIG_ENDED)
		end_threads(loop, &ended);
	/* Nobody starts threads any more. */
	pthread_mutex_lock(&loop->lock);
	started = loop->started;
	pthread_mutex_unlock(&loop->lock);
	for (int i = 0; i < started; i++)
		pthread_join(loop->threads[i], NULL);
	return loop->error;
}

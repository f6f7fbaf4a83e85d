/* SPDX-License-Identifier: MIT */
/*
 * One thread receives and serves, and stays hot: the leader. A pool of threads that all wait for
 * requests is slower, because the kernel wakes them in turn, each cold and on some other CPU.
 *
 * The other threads are parked. The loop makes them when they are first needed, QUEUE_THREADS at
 * most. Another thread takes the lead
 *
 * - when the leader has been inside one request for some milliseconds: the main thread looks at it
 *   from time to time while requests come, and takes the lead away (watch.c). The loop does not
 *   predict which request takes long: it has many reasons, and the object's owner can make it take
 *   for ever;
 * - when requests have been piling up for a while (CROWD samples in a row, leader.c).
 *
 * A thread that has lost the lead finishes its request. Then it takes a request that waits for a
 * thread (queue.c), or leads if no thread does, or parks. So the loop has at most one receiver and
 * any number of threads that serve, and only one thread as long as that one keeps up.
 *
 * A CPU that sleeps takes longer to wake up than most requests take to be served. So before the
 * leader waits, it looks for the next request for a while. Where that does not help (clients may be
 * slow, or need this very CPU) it looks only now and then.
 *
 * No caller waits for the end of a close(2). So the leader puts closes off until it is idle, which
 * is soon: while clients wake up. The last one waits until the leader is about to sleep: a client
 * that opens a file again and again finds it open. The leader serves only lookups, getattrs and
 * opens before a close. All other requests come in their turn, so that a client that closes an
 * object without a name finds its memory free.
 *
 * The main thread waits for signals. To stop, it interrupts the leader's system call with a signal,
 * again and again until all threads have ended: a single signal may come just before the call.
 * Threads that serve finish their request, within LOOP_END_MS.
 */
#include "loop_private.h"

#include "buffer.h"
#include "clock.h"
#include "serve.h"
#include "watch.h"

#include <errno.h>
#include <stdlib.h>
#include <time.h>

static void *run_thread(void *arg);

bool loop_call_thread(struct loop *loop)
{
	if (loop->parked > 0) {
		pthread_cond_signal(&loop->work);
		return true;
	}
	if (loop->started >= loop->max_threads ||
		pthread_create(&loop->threads[loop->started], NULL, run_thread, loop) != 0)
		return false;
	loop->started++;
	loop->running++;
	return true;
}

void loop_stop(struct loop *loop, int error)
{
	if (error != 0)
		loop->error = error;
	pthread_mutex_lock(&loop->lock);
	loop->stop = true;
	pthread_cond_broadcast(&loop->work);
	pthread_mutex_unlock(&loop->lock);
	pthread_kill(loop->main, SIG_ENDED);
}

/* Waits until the calling thread can lead, or serve *ret_job. False: the loop ends. */
static bool find_work(struct loop *loop, struct queue_job **ret_job)
{
	bool leads = false;

	pthread_mutex_lock(&loop->lock);
	for (;;) {
		leads = !loop->led && !loop->stop;
		if (leads)
			loop->led = true;
		*ret_job = leads ? NULL : queue_take(&loop->queue);
		if (leads || *ret_job || loop->stop)
			break;
		loop->parked++;
		pthread_cond_wait(&loop->work, &loop->lock);
		loop->parked--;
	}
	/* One signal of the condition may have announced several jobs. */
	if (queue_has_job(&loop->queue))
		loop_call_thread(loop);
	pthread_mutex_unlock(&loop->lock);
	return leads || *ret_job;
}

static void *run_thread(void *arg)
{
	struct loop *loop = arg;
	struct queue_job *job;
	bool last;

	while (find_work(loop, &job)) {
		if (job)
			serve_job(loop, job);
		else
			leader_run(loop);
	}
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
	struct loop_options options, const struct loop_hooks *hooks)
{
	const struct sigaction wake = {.sa_handler = on_wake}; /* no SA_RESTART */
	struct loop *loop = calloc(1, sizeof(*loop));

	if (!loop)
		return -ENOMEM;
	loop->session = session;
	loop->journal = journal;
	loop->max_threads = options.single_thread ? 1 : QUEUE_THREADS;
	loop->watched = options.single_thread; /* one thread has no watchdog */
	loop->traces = options.traces;
	loop->hooks = *hooks;
	loop->main = pthread_self();
	loop->led = true; /* until loop_run() */
	pthread_mutex_init(&loop->lock, NULL);
	pthread_cond_init(&loop->work, NULL);
	sigaction(SIG_WAKE, &wake, NULL);
	*ret_loop = loop;
	return 0;
}

struct loop *loop_free(struct loop *loop)
{
	if (!loop)
		return NULL;
	queue_clear(&loop->queue);
	buffer_free(loop->buffer, FUSE3_RECEIVE_SIZE);
	pthread_cond_destroy(&loop->work);
	pthread_mutex_destroy(&loop->lock);
	free(loop);
	return NULL;
}

size_t loop_list_waiting(struct loop *loop, uint64_t *ret_users, size_t max)
{
	size_t count;

	pthread_mutex_lock(&loop->lock);
	count = queue_list_waiting(&loop->queue, ret_users, max);
	pthread_mutex_unlock(&loop->lock);
	return count;
}

void loop_tick(struct loop *loop)
{
	loop->tick = true;
	pthread_kill(loop->main, SIG_TICK);
}

void loop_watch(struct loop *loop)
{
	if (!atomic_exchange(&loop->watched, true))
		pthread_kill(loop->main, SIG_TICK);
}

/* SIG_ENDED alone is no proof: any process of this user may send it. */
static bool has_ended(struct loop *loop)
{
	bool ended;

	pthread_mutex_lock(&loop->lock);
	ended = loop->running == 0;
	pthread_mutex_unlock(&loop->lock);
	return ended;
}

static int64_t deadline(int64_t ms)
{
	return ms < 0 ? INT64_MAX : clock_now_ms() + ms;
}

/* Watches the leader and calls the tick hook until a signal ends the loop. */
static int wait_for_signal(struct loop *loop, const sigset_t *wanted)
{
	int64_t tick = INT64_MAX, next_look = INT64_MAX;
	struct watch watch = {0};

	for (;;) {
		const int64_t next = tick < next_look ? tick : next_look;
		const int64_t now = next == INT64_MAX ? 0 : clock_now_ms();
		const struct timespec time = clock_timespec_of_ms(next > now ? next - now : 0);
		const int sig = next == INT64_MAX ? sigwaitinfo(wanted, NULL)
						  : sigtimedwait(wanted, NULL, &time);

		if (sig > 0 && sig != SIG_TICK &&
			(sig != SIG_ENDED || loop->stop || has_ended(loop)))
			return sig;
		if (atomic_exchange(&loop->tick, false) || clock_now_ms() >= tick)
			tick = deadline(loop->hooks.tick(loop->hooks.arg));
		if (loop->max_threads > 1 && atomic_load(&loop->watched) &&
			(next_look == INT64_MAX || clock_now_ms() >= next_look))
			next_look = deadline(watch_look(loop, &watch));
	}
}

/*
 * Interrupts the receiver's system call again and again, until all threads have ended or
 * LOOP_END_MS have passed.
 */
static bool end_threads(struct loop *loop, const sigset_t *ended)
{
	const struct timespec pause = {.tv_nsec = 5 * CLOCK_NS_PER_MS};
	const int64_t end = clock_now_ms() + LOOP_END_MS;

	loop_stop(loop, 0);
	while (!has_ended(loop) && clock_now_ms() < end) {
		pthread_mutex_lock(&loop->lock);
		if (loop->receives)
			pthread_kill(loop->receiver, SIG_WAKE);
		pthread_mutex_unlock(&loop->lock);
		sigtimedwait(ended, NULL, &pause);
	}
	return has_ended(loop);
}

/* Detaches all threads: some of them do not end. */
static void let_threads_be(struct loop *loop)
{
	pthread_mutex_lock(&loop->lock);
	for (int i = 0; i < loop->started; i++)
		pthread_detach(loop->threads[i]);
	pthread_mutex_unlock(&loop->lock);
}

/* The signals that the threads send to the main thread. */
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
	r = loop_call_thread(loop) ? 0 : -EAGAIN;
	pthread_mutex_unlock(&loop->lock);
	return r;
}

int loop_run(struct loop *loop)
{
	sigset_t ended, wanted = own_signals();

	sigemptyset(&ended);
	sigaddset(&ended, SIG_ENDED);
	sigaddset(&wanted, SIGTERM);
	sigaddset(&wanted, SIGINT);
	sigaddset(&wanted, SIGHUP);

	pthread_mutex_lock(&loop->lock);
	loop->led = false;
	pthread_cond_signal(&loop->work);
	pthread_mutex_unlock(&loop->lock);
	wait_for_signal(loop, &wanted);
	if (!end_threads(loop, &ended)) {
		let_threads_be(loop);
		return -EBUSY;
	}
	/* All threads have ended, so the list is complete. */
	for (int i = 0; i < loop->started; i++)
		pthread_join(loop->threads[i], NULL);
	return loop->error;
}

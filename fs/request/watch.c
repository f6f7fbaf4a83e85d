/* SPDX-License-Identifier: MIT */
/*
 * The watchdog costs each request two stores, and an idle mount no time at all: it stops looking
 * when no requests come, and the next request wakes it up.
 *
 * A leader that is ready to run but gets no CPU keeps the lead: another thread would not get a CPU
 * either, and a busy machine would have ever more threads.
 */
#include "watch.h"

#include "clock.h"
#include "loop_private.h"
#include "weight.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* How often the main thread looks at the leader while there are requests. */
#define LOOK_MS 4

/* A running leader may use so much CPU time for one request, in ns. Most use a tenth of it. */
#define RUN_NS CLOCK_NS_PER_MS

/* A leader that has waited for a CPU for so long, in ns, loses the lead nevertheless. */
#define WAIT_NS (25 * LOOK_MS * CLOCK_NS_PER_MS)

/* After so many looks without a new request the watchdog looks seldom, or stops looking. */
#define QUIET_LOOKS 25
#define SELDOM_MS 100

static int64_t cpu_time_of(clockid_t clock)
{
	struct timespec time;

	return clock_gettime(clock, &time) < 0 ? 0
					       : time.tv_sec * INT64_C(1000000000) + time.tv_nsec;
}

/* Is the thread running or ready to run? A thread whose state cannot be read counts as asleep. */
static bool is_running(pid_t thread)
{
	char path[64], stat[512];
	const char *state;
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "/proc/self/task/%d/stat", (int)thread);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	n = read(fd, stat, sizeof(stat) - 1);
	close(fd);
	stat[n < 0 ? 0 : n] = '\0';
	state = strrchr(stat, ')');
	return state && strncmp(state, ") R", 3) == 0;
}

/* The last look found the leader in this request already. Is that too long? */
static bool is_too_long(struct loop *loop, const struct watch *watch)
{
	const pid_t leader = atomic_load(&loop->leader);

	return !is_running(leader) || clock_now_ns() - watch->begun > WAIT_NS ||
	       cpu_time_of(atomic_load(&loop->clock)) - watch->begun_cpu > RUN_NS;
}

static void hand_over(struct loop *loop, uint64_t turn)
{
	const uint64_t user = atomic_load_explicit(&loop->user, memory_order_relaxed);
	const pid_t leader = atomic_load(&loop->leader);
	bool taken = false;

	pthread_mutex_lock(&loop->lock);
	if (queue_enter(&loop->queue, user)) {
		if (loop_call_thread(loop))
			taken = atomic_compare_exchange_strong(&loop->turn, &turn, turn + 1);
		if (taken) {
			loop->led = false;
			queue_set_slow(&loop->queue, user, clock_now_ns());
		} else /* no thread is free, or the leader has just finished the request */
			queue_leave(&loop->queue, user);
	}
	pthread_mutex_unlock(&loop->lock);
	if (!taken)
		return;
	journal_note_slow(loop->journal, leader);
	weight_lower_other(leader);
}

static void tidy_queue(struct loop *loop)
{
	if (queue_is_empty(&loop->queue))
		return;
	pthread_mutex_lock(&loop->lock);
	queue_tidy(&loop->queue, clock_now_ns());
	pthread_mutex_unlock(&loop->lock);
}

static void begin_turn(struct loop *loop, struct watch *watch, uint64_t turn)
{
	*watch = (struct watch){.turn = turn};
	if (turn % 2 == 0)
		return;
	watch->begun = clock_now_ns();
	watch->begun_cpu = cpu_time_of(atomic_load(&loop->clock));
}

int64_t watch_look(struct loop *loop, struct watch *watch)
{
	const uint64_t turn = atomic_load(&loop->turn);

	if (turn != watch->turn)
		begin_turn(loop, watch, turn);
	else if (turn % 2 == 0)
		watch->quiet++;
	else if (is_too_long(loop, watch))
		hand_over(loop, turn);
	tidy_queue(loop);
	if (watch->quiet < QUIET_LOOKS)
		return LOOK_MS;
	if (!queue_is_empty(&loop->queue))
		return SELDOM_MS;
	/*
	 * The leader first adds to `turn`, then reads `watched`. This thread does it the other way
	 * round, so one of them sees the other's store.
	 */
	atomic_store(&loop->watched, false);
	if (atomic_load(&loop->turn) == turn)
		return -1;
	atomic_store(&loop->watched, true);
	watch->quiet = 0;
	return LOOK_MS;
}

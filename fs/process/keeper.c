/* SPDX-License-Identifier: MIT */
/*
 * The keeper mounts, and then serves nothing: it holds what must not be lost when the process that
 * serves dies, the worker. That is
 *
 * - the table of file descriptors. The worker has the same one (CLONE_FILES, but memory of its
 * own): what it opens stays open when it dies;
 * - /dev/fuse among them, so the mount lives, and requests wait;
 * - the kernel's first request, FUSE_INIT, which comes once, and which every worker answers anew;
 * - shared memory, which tells what the descriptors are, and what was being done (shared.h).
 *
 * When a worker dies the keeper starts the next one, and that has the kernel send what was not
 * answered again. Programs notice a pause of some milliseconds.
 *
 *     starting --ready--> served --worker dies--> (pause) --> starting, with the next worker
 *        |                   |---SIGHUP--> worker ends --> exec of the newest program --> starting
 *        |                   |---SIGTERM, SIGINT--> worker ends --> unmounted, end
 *        +--fails--> end     +---mount is gone----> worker ends --> end
 *
 * While a worker is starting the keeper opens nothing and replaces nothing: that worker closes all
 * descriptors that are not accounted for.
 *
 * The keeper waits for nothing without a limit. A worker that does not start, or does not end when
 * it is told to, is killed. One that was killed, and whose threads the kernel does not let go, is
 * left alone: the next one serves beside it (held.h). A program that is asked whether it can take
 * over has a few seconds, and a worker's death is seen to meanwhile.
 *
 * The keeper has no capability in effect but at its end, and when it becomes another program. It
 * keeps those that its workers need, because they come from it.
 *
 * A worker dies with its keeper. Where the kernel cannot send requests again, or with nokeeper,
 * this process is keeper and worker in one.
 */
#include "keeper.h"

#include "death.h"
#include "harden.h"
#include "held.h"
#include "mountpoint.h"
#include "ops/ops.h"
#include "orders.h"
#include "probe.h"
#include "request/clock.h"
#include "request/log.h"
#include "request/shared.h"
#include "spawn.h"
#include "startup.h"
#include "successor.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/*
 * After so many deaths at once in a row it is over; before the third and each after it the pause
 * grows.
 */
#define DEATHS_MAX 10
#define PAUSE_MS 10

/* How long the keeper waits, in ms. */
#define START_MS 60000     /* until a worker serves: a busy or emulated machine is slow */
#define STOP_MS 1000       /* until a worker that is told to end with the mount is killed */
#define REPLACE_MS 30      /* the same when the next one goes on with its requests */
#define RENEW_MS 500       /* so long a worker serves at least before it is to be renewed */
#define EXIT_MS 20         /* until a worker whose first thread has ended is killed */
#define EXIT_AT_END_MS 500 /* the same when the mount is to end */
#define LEAVE_MS 20        /* for the threads of a worker that has been killed */

struct keeper {
	const struct options *options;
	const struct successor *successor;
	struct shared *shared;

	pid_t worker;      /* 0: none */
	int status;        /* of the last one: see wait(2) */
	int64_t started;   /* ms */
	int64_t kill_at;   /* ms; when the worker is to be killed */
	int64_t leave_at;  /* ms; when it is not waited for any more */
	bool watched;      /* shared->watch stands for its thread, which has not ended */
	uint64_t answered; /* requests, when it was started */
	uint64_t ooms;     /* see death_count_ooms(), when it was started */
	int deaths;        /* at once, in a row */
	bool unstarted;    /* the last one could not be started */
	bool stop;         /* told to end */

	struct probe probe;
	bool replace; /* the worker was told to end, for the newest program to go on */
	bool renew;   /* the worker is to be replaced by another one: see held_release() */
};

void keeper_announce(struct shared *shared)
{
	if (shared->why_alone[0] != '\0')
		log_info("no keeper, the mount ends with this process: %s", shared->why_alone);
	startup_ready();
	log_serving();
	log_info("serving at %s, data path: %s", shared->mount_point, shared->data_path);
}

/* Returns the worker's process id, 0 in the worker when it has served, or -errno. */
static pid_t start_worker(struct keeper *keeper)
{
	pid_t pid;

	keeper->answered = atomic_load(&keeper->shared->answered);
	keeper->ooms = death_count_ooms();
	pid = spawn_worker(keeper->options, keeper->shared, &keeper->status);
	if (pid <= 0)
		return pid;
	keeper->worker = pid;
	keeper->watched = false;
	keeper->started = clock_now_ms();
	keeper->kill_at = keeper->started + START_MS;
	keeper->leave_at = ORDERS_NEVER;
	return pid;
}

static bool is_settled(const struct keeper *keeper)
{
	return atomic_load(&keeper->shared->settled) == keeper->shared->generation + 1;
}

/* A process that is no worker any more, and no program that was asked: a worker that was left. */
static void take_other(struct keeper *keeper, pid_t pid)
{
	if (held_release(keeper->shared, pid))
		keeper->renew = true;
}

static void take_children(struct keeper *keeper)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		if (pid == keeper->worker) {
			keeper->worker = 0;
			keeper->status = status;
		} else if (!probe_answer(&keeper->probe, pid, status)) {
			take_other(keeper, pid);
		}
	}
}

static void kill_worker(struct keeper *keeper)
{
	kill(keeper->worker, SIGKILL);
	keeper->kill_at = ORDERS_NEVER;
	if (!keeper->watched && keeper->leave_at == ORDERS_NEVER)
		keeper->leave_at = clock_now_ms() + LEAVE_MS;
}

/* Tells the worker to end. */
static void end_worker(struct keeper *keeper, int64_t within_ms)
{
	if (keeper->worker == 0)
		return;
	kill(keeper->worker, SIGTERM);
	keeper->kill_at = clock_now_ms() + within_ms;
}

/* A second order to stop means: do not wait for what is being done. */
static void stop(struct keeper *keeper)
{
	if (!keeper->stop)
		end_worker(keeper, STOP_MS);
	else if (keeper->worker > 0)
		kill_worker(keeper);
	keeper->stop = true;
}

/*
 * It has been killed: nothing of it runs outside the kernel. What its exit closed there would be a
 * descriptor of the next worker.
 */
static void leave_worker(struct keeper *keeper)
{
	held_note(keeper->shared, keeper->worker);
	if (keeper->shared->held_count > 0 && !keeper->stop)
		log_error("the kernel does not let go of the worker: the next one serves beside "
			  "it");
	keeper->status = SIGKILL; /* as wait(2) tells it */
	keeper->worker = 0;
}

/* What is due. */
static void keep_time(struct keeper *keeper)
{
	const int64_t now = clock_now_ms();

	if (keeper->worker > 0 && now >= keeper->kill_at)
		kill_worker(keeper);
	if (keeper->worker > 0 && now >= keeper->leave_at)
		leave_worker(keeper);
	probe_expire(&keeper->probe, now);
}

static int64_t earlier(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

static bool is_ending(const struct keeper *keeper)
{
	return keeper->stop || mountpoint_is_gone(keeper->shared->device);
}

/* Waits until something happens, or until then (ms), and sees to it. */
static void wait_for_orders(struct keeper *keeper, int64_t until)
{
	const bool settled = keeper->worker == 0 || is_settled(keeper);
	struct orders orders;

	if (keeper->worker > 0)
		until = earlier(until, earlier(keeper->kill_at, keeper->leave_at));
	until = earlier(until, keeper->probe.end);
	orders = orders_wait(
		keeper->worker > 0 && keeper->watched ? keeper->shared->watch : -1, until, settled);
	take_children(keeper);
	if (orders.dead && keeper->worker > 0) {
		keeper->watched = false;
		keeper->kill_at = earlier(keeper->kill_at,
			clock_now_ms() + (is_ending(keeper) ? EXIT_AT_END_MS : EXIT_MS));
	}
	for (; orders.stops > 0; orders.stops--)
		stop(keeper);
	if (orders.replace && !keeper->stop && !keeper->replace)
		probe_start(&keeper->probe);
	keep_time(keeper);
}

/*
 * The worker serves: it is told to end when another one, or a newer program, is to go on. Returns
 * until when nothing else is to be done (ms).
 */
static int64_t see_to_successor(struct keeper *keeper)
{
	const int64_t renew_at = keeper->started + RENEW_MS;

	if (keeper->stop || keeper->replace || (!keeper->probe.able && !keeper->renew))
		return ORDERS_NEVER;
	if (!keeper->probe.able && clock_now_ms() < renew_at)
		return renew_at;
	keeper->replace = true;
	end_worker(keeper, REPLACE_MS);
	return ORDERS_NEVER;
}

/* The worker has been started. Returns when there is none any more. */
static void watch(struct keeper *keeper)
{
	while (keeper->worker > 0 && !is_settled(keeper))
		wait_for_orders(keeper, ORDERS_NEVER);
	if (keeper->worker > 0 && !keeper->stop)
		keeper->kill_at = ORDERS_NEVER;
	keeper->watched = is_settled(keeper) && keeper->shared->watched;
	if (keeper->shared->generation == 0 && is_settled(keeper))
		keeper_announce(keeper->shared);
	while (keeper->worker > 0)
		wait_for_orders(keeper, see_to_successor(keeper));
}

/* Counts deaths in a row, and pauses. False after DEATHS_MAX of them: it is over. */
static bool back_off(struct keeper *keeper, bool at_once, const char *what)
{
	int64_t end;

	keeper->deaths = at_once ? keeper->deaths + 1 : 0;
	if (keeper->deaths == DEATHS_MAX) {
		log_error("%d workers in a row %s: giving up, unmounting %s", DEATHS_MAX, what,
			keeper->shared->mount_point);
		return false;
	}
	if (keeper->deaths < 3)
		return true;
	end = clock_now_ms() + ((int64_t)PAUSE_MS << (keeper->deaths - 3));
	while (!keeper->stop && clock_now_ms() < end)
		wait_for_orders(keeper, end);
	return true;
}

/* False: it is over. */
static bool survive(struct keeper *keeper)
{
	if (WIFSIGNALED(keeper->status))
		log_info("the worker was ended by signal %d, the next one takes over",
			WTERMSIG(keeper->status));
	else
		log_info("the worker ended with status %d, the next one takes over",
			WEXITSTATUS(keeper->status));
	return back_off(keeper,
		!is_settled(keeper) || death_was_at_once(keeper->shared, keeper->answered),
		"died at once");
}

/*
 * No worker could be started, r tells why (-errno). A mount that has been served waits until there
 * can be one. False: it is over.
 */
static bool try_again(struct keeper *keeper, int r)
{
	if (!keeper->unstarted)
		log_error("cannot start a worker: %s", strerror(-r));
	keeper->unstarted = true;
	return keeper->shared->generation > 0 && back_off(keeper, true, "could not be started");
}

/* There is no worker. Returns only if it is not possible. */
static void become_successor(struct keeper *keeper)
{
	keeper->probe.able = false;
	keeper->shared->background = startup_is_background();
	successor_become(keeper->successor);
}

/* It has ended, or been killed, because the keeper told it to: it did nothing wrong. */
static bool was_replaced(const struct keeper *keeper)
{
	const int status = keeper->status;

	return keeper->replace &&
	       (status == 0 || (WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL));
}

/* A worker that ends by itself has told why. */
static void tell_failed_start(const struct keeper *keeper)
{
	if (!keeper->shared->covered && WIFSIGNALED(keeper->status))
		log_error("the first worker was ended by signal %d before it served",
			WTERMSIG(keeper->status));
}

/* Returns the exit status of the keeper; *ret_is_worker: of a worker. */
static int keep(struct keeper *keeper, bool *ret_is_worker)
{
	struct shared *shared = keeper->shared;
	pid_t pid;

	for (;;) {
		pid = start_worker(keeper);
		if (pid == 0) {
			*ret_is_worker = true;
			return keeper->status;
		}
		if (pid < 0 && !try_again(keeper, pid))
			return EXIT_FAILURE;
		if (pid > 0) {
			keeper->unstarted = false;
			watch(keeper);
			if (is_ending(keeper))
				return EXIT_SUCCESS;
			if (shared->covered || (shared->generation == 0 && !is_settled(keeper))) {
				tell_failed_start(keeper);
				return EXIT_FAILURE;
			}
			shared->death = was_replaced(keeper)
						? DEATH_NONE
						: death_judge(shared, keeper->status, keeper->ooms);
			if (!was_replaced(keeper) && !survive(keeper))
				return EXIT_FAILURE;
			shared->generation++;
			keeper->replace = keeper->renew = false;
		}
		if (is_ending(keeper))
			return EXIT_SUCCESS;
		if (keeper->probe.able)
			become_successor(keeper);
	}
}

static void prepare_keeper(struct shared *shared)
{
	const int r = harden_rest();

	if (r < 0)
		log_error("cannot lay down capabilities: %s", strerror(-r));
	signal(SIGUSR2, SIG_IGN);
	signal(SIGALRM, SIG_IGN);
	orders_prepare();
	if (shared->watch >= 0)
		return; /* from the program before */
	shared->watch = open("/dev/null", O_RDONLY | O_CLOEXEC);
	if (shared->watch >= 0)
		descriptors_add(shared->kept, SHARED_FDS, shared->watch);
}

int keeper_keep(const struct options *options, struct shared *shared,
	const struct successor *successor, bool *ret_is_worker)
{
	struct keeper keeper = {.options = options,
		.successor = successor,
		.shared = shared,
		.probe = PROBE_NONE(successor)};
	int status;

	*ret_is_worker = false;
	prepare_keeper(shared);
	status = keep(&keeper, ret_is_worker);
	if (!*ret_is_worker)
		harden_act(); /* to unmount */
	return status;
}

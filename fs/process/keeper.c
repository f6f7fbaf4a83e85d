/* SPDX-License-Identifier: MIT */
/*
 * The keeper mounts, but does not serve: the worker, another process, serves. The keeper holds the
 * state that must survive a worker's death:
 *
 * - The table of file descriptors. The worker shares it (CLONE_FILES) but has its own memory, so
 *   descriptors that the worker opens stay open when it dies.
 * - The descriptor of /dev/fuse in that table: the mount survives, and its requests wait.
 * - FUSE_INIT, the kernel's first request. The kernel sends it once, and every worker answers it.
 * - Shared memory (shared.h), which records each descriptor's meaning and each request's progress.
 *
 * When a worker dies, the keeper starts the next one, which has the kernel send all unanswered
 * requests again. Programs notice a pause of some milliseconds.
 *
 *     starting --ready--> served --worker dies--> (pause) --> starting, with the next worker
 *        |                   |---SIGHUP--> worker ends --> exec of the new program --> starting
 *        |                   |---SIGTERM, SIGINT--> worker ends --> unmounted, end
 *        +--fails--> end     +---mount is gone----> worker ends --> end
 *
 * While a worker is starting, the keeper must not open descriptors, and starts no takeover: that
 * worker closes every descriptor that the shared memory does not account for.
 *
 * The keeper waits for no process without a time limit. It kills a worker that does not start in
 * time, or that does not end in time when it is told to. If threads of a killed worker are stuck in
 * the kernel, the keeper leaves them, and the next worker serves beside them (held.h). A new
 * program has a few seconds to tell whether it can take over, and the keeper watches the worker
 * meanwhile.
 *
 * The keeper's effective capabilities are empty, except at its end and when it becomes another
 * program. Its permitted set stays, because the workers inherit it.
 *
 * A worker dies with its keeper. Where the kernel cannot send requests again, or with nokeeper,
 * one process is keeper and worker.
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
 * A worker dies early if it never served, or if it answered no request (death_was_at_once()). A
 * failed start counts as an early death. The keeper gives up after DEATHS_MAX early deaths in a
 * row. It pauses after the third one, and doubles the pause after each further one.
 */
#define DEATHS_MAX 10
#define PAUSE_MS 10 /* the first pause */

/* How long the keeper waits, in ms. */
#define START_MS 60000     /* until a worker serves: a busy or emulated machine is slow */
#define STOP_MS 1000       /* until a worker that is told to end with the mount is killed */
#define REPLACE_MS 30      /* the same when the next worker gets its requests */
#define RENEW_MS 500       /* a worker serves at least this long before it is renewed */
#define EXIT_MS 20         /* until a worker whose first thread has ended is killed */
#define EXIT_AT_END_MS 500 /* the same when the mount is to end */
#define LEAVE_MS 20        /* for the threads of a worker that has been killed */

struct keeper {
	const struct options *options;
	struct shared *shared;

	pid_t worker;      /* 0: none */
	int status;        /* of the last worker: see wait(2) */
	int64_t started;   /* ms */
	int64_t kill_at;   /* ms; when the worker is to be killed */
	int64_t leave_at;  /* ms; when the keeper stops waiting for the worker to end */
	bool watched;      /* shared->watch refers to its serving thread, which is alive */
	uint64_t answered; /* shared->answered when the worker was started */
	uint64_t ooms;     /* death_count_ooms() when the worker was started */
	int deaths;        /* early ones in a row */
	bool unstarted;    /* the last start failed, and that has been logged */
	bool stop;         /* the keeper has been told to end */

	struct probe probe;
	bool replace; /* the keeper has told the worker to end, so that a successor starts */
	bool renew;   /* a new worker has to replace this one: see held_release() */
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

/* The child is neither the worker nor a probed program: it is a worker that leave_worker() left. */
static void release_left_worker(struct keeper *keeper, pid_t pid)
{
	if (held_release(keeper->shared, pid))
		keeper->renew = true;
}

static void reap_children(struct keeper *keeper)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		if (pid == keeper->worker) {
			keeper->worker = 0;
			keeper->status = status;
		} else if (!probe_answer(&keeper->probe, pid, status)) {
			release_left_worker(keeper, pid);
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

/* A second order to stop means: do not wait for the requests being served. */
static void take_stop_order(struct keeper *keeper)
{
	if (!keeper->stop)
		end_worker(keeper, STOP_MS);
	else if (keeper->worker > 0)
		kill_worker(keeper);
	keeper->stop = true;
}

/*
 * The worker has been killed, so its remaining threads are inside the kernel and never run the
 * worker's code again. This must hold before the next worker starts: both share one table of
 * descriptors, and an old thread that still ran could close a number that the next worker uses.
 */
static void leave_worker(struct keeper *keeper)
{
	held_note(keeper->shared, keeper->worker);
	if (keeper->shared->held_count > 0 && !keeper->stop)
		log_error("threads of the killed worker are stuck in the kernel: the next worker "
			  "serves beside them");
	keeper->status = SIGKILL; /* as wait(2) tells it */
	keeper->worker = 0;
}

/* Acts on the deadlines that have passed. */
static void keep_time(struct keeper *keeper)
{
	const int64_t now = clock_now_ms();

	if (keeper->worker > 0 && now >= keeper->kill_at)
		kill_worker(keeper);
	if (keeper->worker > 0 && now >= keeper->leave_at)
		leave_worker(keeper);
	probe_expire(&keeper->probe, now);
}

static int64_t earlier_ms(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

static bool is_ending(const struct keeper *keeper)
{
	return keeper->stop || mountpoint_is_gone(keeper->shared->device);
}

/* Waits for an event, or until `until` (ms), and handles it. */
static void wait_for_orders(struct keeper *keeper, int64_t until)
{
	const bool settled = keeper->worker == 0 || is_settled(keeper);
	struct orders orders;

	if (keeper->worker > 0)
		until = earlier_ms(until, earlier_ms(keeper->kill_at, keeper->leave_at));
	until = earlier_ms(until, keeper->probe.end);
	orders = orders_wait(
		keeper->worker > 0 && keeper->watched ? keeper->shared->watch : -1, until, settled);
	reap_children(keeper);
	if (orders.dead && keeper->worker > 0) {
		keeper->watched = false;
		keeper->kill_at = earlier_ms(keeper->kill_at,
			clock_now_ms() + (is_ending(keeper) ? EXIT_AT_END_MS : EXIT_MS));
	}
	for (; orders.stops > 0; orders.stops--)
		take_stop_order(keeper);
	if (orders.replace && !keeper->stop && !keeper->replace)
		probe_start(&keeper->probe);
	keep_time(keeper);
}

/*
 * While the worker serves: tells it to end if a new worker or a new program has to replace it.
 * Returns when this function has to be called again (ms).
 */
static int64_t replace_worker_if_due(struct keeper *keeper)
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

/* Watches the worker from its start; returns when the worker has ended or has been left. */
static void watch_worker(struct keeper *keeper)
{
	while (keeper->worker > 0 && !is_settled(keeper))
		wait_for_orders(keeper, ORDERS_NEVER);
	if (keeper->worker > 0 && !keeper->stop)
		keeper->kill_at = ORDERS_NEVER;
	keeper->watched = is_settled(keeper) && keeper->shared->watched;
	if (keeper->shared->generation == 0 && is_settled(keeper))
		keeper_announce(keeper->shared);
	while (keeper->worker > 0)
		wait_for_orders(keeper, replace_worker_if_due(keeper));
}

/* Counts early deaths in a row, and pauses. False after DEATHS_MAX: the keeper gives up. */
static bool back_off(struct keeper *keeper, bool early, const char *failure)
{
	int64_t end;

	keeper->deaths = early ? keeper->deaths + 1 : 0;
	if (keeper->deaths == DEATHS_MAX) {
		log_error("%d workers in a row %s: giving up, unmounting %s", DEATHS_MAX, failure,
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

/* Logs the worker's death, and backs off if it was early. False: the keeper gives up. */
static bool survive_death(struct keeper *keeper)
{
	death_log(keeper->status);
	return back_off(keeper,
		!is_settled(keeper) || death_was_at_once(keeper->shared, keeper->answered),
		"died at once");
}

/*
 * The start of a worker failed with r (-errno). If the mount has been served before, the keeper
 * backs off and tries again. False: the keeper gives up.
 */
static bool try_again(struct keeper *keeper, int r)
{
	if (!keeper->unstarted)
		log_error("cannot start a worker: %s", strerror(-r));
	keeper->unstarted = true;
	return keeper->shared->generation > 0 && back_off(keeper, true, "could not be started");
}

/* To be called while there is no worker. Returns only if execve(2) is not possible. */
static void become_successor(struct keeper *keeper)
{
	keeper->probe.able = false;
	keeper->shared->background = startup_is_background();
	successor_become(keeper->probe.successor);
}

/* Did the worker end because the keeper replaced it? Then its end is no death to be judged. */
static bool was_replaced(const struct keeper *keeper)
{
	const int status = keeper->status;

	return keeper->replace &&
	       (status == 0 || (WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL));
}

/* Returns the exit status of the keeper or, with *ret_is_worker, of a worker. */
static int keep_mount(struct keeper *keeper, bool *ret_is_worker)
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
			watch_worker(keeper);
			if (is_ending(keeper))
				return EXIT_SUCCESS;
			if (shared->covered || (shared->generation == 0 && !is_settled(keeper))) {
				death_log_failed_start(shared, keeper->status);
				return EXIT_FAILURE;
			}
			shared->death = was_replaced(keeper)
						? DEATH_NONE
						: death_judge(shared, keeper->status, keeper->ooms);
			if (!was_replaced(keeper) && !survive_death(keeper))
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
	const int r = harden_lower_rights();

	if (r < 0)
		log_error("cannot drop capabilities: %s", strerror(-r));
	signal(SIGUSR2, SIG_IGN);
	signal(SIGALRM, SIG_IGN);
	orders_prepare();
	if (shared->watch >= 0)
		return; /* the previous program opened it */
	shared->watch = open("/dev/null", O_RDONLY | O_CLOEXEC);
	if (shared->watch >= 0)
		descriptors_add(shared->kept, SHARED_FDS, shared->watch);
}

int keeper_keep(const struct options *options, struct shared *shared,
	const struct successor *successor, bool *ret_is_worker)
{
	struct keeper keeper = {
		.options = options, .shared = shared, .probe = PROBE_NONE(successor)};
	int status;

	*ret_is_worker = false;
	prepare_keeper(shared);
	status = keep_mount(&keeper, ret_is_worker);
	if (!*ret_is_worker)
		harden_raise_rights(); /* to unmount */
	return status;
}

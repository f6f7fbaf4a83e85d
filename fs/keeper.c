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
 * While a worker is starting the keeper opens nothing and takes no orders: that worker closes all
 * descriptors that nobody accounts for.
 *
 * A worker dies with its keeper. Where the kernel cannot send requests again, or with nokeeper,
 * this process is keeper and worker in one.
 */
#include "keeper.h"

#include "clock.h"
#include "harden.h"
#include "log.h"
#include "mountpoint.h"
#include "ops.h"
#include "shared.h"
#include "startup.h"
#include "successor.h"
#include "worker.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/*
 * A worker that ends within so many milliseconds, before it has answered so many requests, is dead
 * at once: enough not to be kept alive by what others ask while one request kills it.
 */
#define AT_ONCE_MS 5000
#define AT_ONCE_ANSWERS 32

/* After so many of them in a row it is over; before the third and each after it the pause grows. */
#define DEATHS_MAX 10
#define PAUSE_MS 10

/* So many descriptors a worker leaves free: the next one needs them before it closes others. */
#define DESCRIPTORS_SPARE 8

#define SIG_SETTLED SIGUSR1 /* from the worker: shared->settled has changed */

struct keeper {
	const struct options *options;
	const struct successor *successor;
	struct shared *shared;

	pid_t worker;      /* 0: none */
	int status;        /* of the last one: see wait(2) */
	int64_t started;   /* ms */
	uint64_t answered; /* requests, when it was started */
	int deaths;        /* at once, in a row */
	bool unstarted;    /* the last one could not be started */
	bool stop;         /* told to end */
	bool replace;      /* told to go on with the newest program */
};

void keeper_announce(struct shared *shared)
{
	if (shared->why_alone[0] != '\0')
		log_info("no keeper, the mount ends with this process: %s", shared->why_alone);
	startup_ready();
	log_info("serving at %s, data path: %s", shared->mount_point, shared->data_path);
}

/* Whoever takes over finds some free, also when there is nothing but open objects. */
static void spare_descriptors(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0 || limit.rlim_cur <= DESCRIPTORS_SPARE)
		return;
	limit.rlim_cur -= DESCRIPTORS_SPARE;
	setrlimit(RLIMIT_NOFILE, &limit);
}

/* In the worker. */
static void tell_keeper(struct shared *shared)
{
	startup_detach();
	spare_descriptors();
	atomic_store(&shared->settled, shared->generation + 1);
	kill(getppid(), SIG_SETTLED);
}

static void *serve(void *arg)
{
	struct keeper *keeper = arg;
	const int r = harden_server();

	if (r < 0)
		log_error("cannot give up what serving does not need: %s", strerror(-r));
	else
		keeper->status = worker_serve(keeper->options, keeper->shared, tell_keeper);
	return NULL;
}

/* Ours are the keeper's business, and others would end the worker. */
static void prepare_signals(void)
{
	signal(SIGINT, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
	signal(SIGUSR2, SIG_DFL);
	signal(SIGALRM, SIG_DFL);
}

/*
 * The worker. What the C library knows of this thread is not true after a clone(2) of its own: it
 * has another number. So another thread serves.
 */
static int become_worker(struct keeper *keeper, pid_t parent)
{
	pthread_t thread;
	int r;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(EXIT_FAILURE);
	prepare_signals();
	keeper->status = EXIT_FAILURE;
	r = pthread_create(&thread, NULL, serve, keeper);
	if (r != 0) {
		log_error("cannot serve: %s", strerror(r));
		return EXIT_FAILURE;
	}
	pthread_join(thread, NULL);
	if (keeper->status == WORKER_BUSY)
		_exit(EXIT_SUCCESS);
	return keeper->status;
}

/* Returns the worker's process id, 0 in the worker, or -errno. */
static pid_t start_worker(struct keeper *keeper)
{
	pid_t pid;

	keeper->started = clock_now_ms();
	keeper->answered = atomic_load(&keeper->shared->answered);
	pid = (pid_t)syscall(SYS_clone, CLONE_FILES | SIGCHLD, NULL, NULL, NULL, NULL);
	if (pid < 0)
		return -errno;
	keeper->worker = pid;
	return pid;
}

static bool is_settled(const struct keeper *keeper)
{
	return atomic_load(&keeper->shared->settled) == keeper->shared->generation + 1;
}

static void take_child(struct keeper *keeper)
{
	if (keeper->worker > 0 &&
		waitpid(keeper->worker, &keeper->status, WNOHANG) == keeper->worker)
		keeper->worker = 0;
}

static void stop_worker(struct keeper *keeper, int sig)
{
	if (keeper->worker > 0)
		kill(keeper->worker, sig);
}

/* Whoever asks twice does not want to wait for what is being done. */
static void stop(struct keeper *keeper)
{
	stop_worker(keeper, keeper->stop ? SIGKILL : SIGTERM);
	keeper->stop = true;
}

static void replace(struct keeper *keeper)
{
	if (keeper->stop || keeper->replace)
		return;
	if (!successor_is_able(keeper->successor)) {
		log_error("%s cannot take over: this program goes on", keeper->successor->program);
		return;
	}
	keeper->replace = true;
	stop_worker(keeper, SIGTERM);
}

/* Waits for a signal, up to so many ms (-1: for ever), and does what it asks for. */
static void take_signal(struct keeper *keeper, bool orders, int64_t ms)
{
	const struct timespec time = clock_timespec_of_ms(ms);
	siginfo_t info = {0};
	sigset_t set;
	int sig;

	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sigaddset(&set, SIG_SETTLED);
	if (orders) {
		sigaddset(&set, SIGTERM);
		sigaddset(&set, SIGINT);
		sigaddset(&set, SIGHUP);
	}
	sig = ms < 0 ? sigwaitinfo(&set, &info) : sigtimedwait(&set, &info, &time);
	take_child(keeper);
	if (sig == SIGTERM || sig == SIGINT)
		stop(keeper);
	else if (sig == SIGHUP && info.si_code == SI_KERNEL) /* the terminal is gone */
		stop(keeper);
	else if (sig == SIGHUP)
		replace(keeper);
}

/* The worker has been started. Returns when there is none any more. */
static void watch(struct keeper *keeper)
{
	while (keeper->worker > 0 && !is_settled(keeper))
		take_signal(keeper, false, -1);
	if (keeper->shared->generation == 0 && is_settled(keeper))
		keeper_announce(keeper->shared);
	while (keeper->worker > 0)
		take_signal(keeper, true, -1);
}

static bool died_at_once(const struct keeper *keeper)
{
	return clock_now_ms() - keeper->started < AT_ONCE_MS &&
	       atomic_load(&keeper->shared->answered) - keeper->answered < AT_ONCE_ANSWERS;
}

/* Counts deaths in a row, and pauses. False after DEATHS_MAX of them: it is over. */
static bool bear(struct keeper *keeper, bool at_once, const char *what)
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
		take_signal(keeper, true, end - clock_now_ms());
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
	return bear(keeper, died_at_once(keeper), "died at once");
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
	return keeper->shared->generation > 0 && bear(keeper, true, "could not be started");
}

/* There is no worker. Returns only if it is not possible. */
static void become_successor(struct keeper *keeper)
{
	keeper->replace = false;
	keeper->shared->background = startup_is_background();
	successor_become(keeper->successor);
}

/* Returns the exit status of the keeper; *ret_is_worker: of a worker. */
static int keep(struct keeper *keeper, bool *ret_is_worker)
{
	struct shared *shared = keeper->shared;
	const pid_t self = getpid();
	pid_t pid;

	for (;;) {
		pid = start_worker(keeper);
		if (pid == 0) {
			*ret_is_worker = true;
			return become_worker(keeper, self);
		}
		if (pid < 0 && !try_again(keeper, pid))
			return EXIT_FAILURE;
		if (pid > 0) {
			keeper->unstarted = false;
			watch(keeper);
			if (keeper->stop || mountpoint_is_gone(shared->device))
				return EXIT_SUCCESS;
			if (shared->generation == 0 && !is_settled(keeper))
				return EXIT_FAILURE;
			if (!(keeper->replace && keeper->status == 0) && !survive(keeper))
				return EXIT_FAILURE;
			shared->generation++;
		}
		if (keeper->stop || mountpoint_is_gone(shared->device))
			return EXIT_SUCCESS;
		if (keeper->replace)
			become_successor(keeper);
	}
}

/* The thread sanitizer does not know processes that come from a clone(2) of their own. */
#if defined(__SANITIZE_THREAD__)
#define SANITIZES_THREADS true
#elif defined(__has_feature)
#define SANITIZES_THREADS __has_feature(thread_sanitizer)
#else
#define SANITIZES_THREADS false
#endif

const char *keeper_obstacle(const struct shared *shared)
{
	if (SANITIZES_THREADS)
		return "this build is for finding races";
	return fuse3_can_resend(shared->init, shared->init_len) ? NULL : "that needs Linux 6.9";
}

static void prepare_keeper(void)
{
	sigset_t set;

	/* Who wants to ignore them is not to lose children; others may send them to the worker. */
	signal(SIGCHLD, SIG_DFL);
	signal(SIGUSR2, SIG_IGN);
	signal(SIGALRM, SIG_IGN);
	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sigaddset(&set, SIG_SETTLED);
	sigprocmask(SIG_BLOCK, &set, NULL);
}

int keeper_keep(const struct options *options, struct shared *shared,
	const struct successor *successor, bool *ret_is_worker)
{
	struct keeper keeper = {.options = options, .successor = successor, .shared = shared};

	*ret_is_worker = false;
	prepare_keeper();
	return keep(&keeper, ret_is_worker);
}

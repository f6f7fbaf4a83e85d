/* SPDX-License-Identifier: MIT */
#include "spawn.h"

#include "death.h"
#include "harden.h"
#include "orders.h"
#include "request/log.h"
#include "startup.h"
#include "worker.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

/* A worker leaves this many descriptors free: the next worker needs them before it can sweep. */
#define DESCRIPTORS_SPARE 8

/* Lowers the limit: clients must not be able to use up the next worker's descriptors. */
static void spare_descriptors(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0 || limit.rlim_cur <= DESCRIPTORS_SPARE)
		return;
	limit.rlim_cur -= DESCRIPTORS_SPARE;
	setrlimit(RLIMIT_NOFILE, &limit);
}

/* Called in the worker. */
static void tell_keeper(struct shared *shared)
{
	startup_detach();
	log_serving();
	spare_descriptors();
	atomic_store(&shared->settled, shared->generation + 1);
	kill(getppid(), ORDERS_SETTLED);
}

struct spawn {
	const struct options *options;
	struct shared *shared;
	int status;
};

static void *serve_in_thread(void *arg)
{
	struct spawn *spawn = arg;
	struct shared *shared = spawn->shared;

	shared->watched = shared->watch >= 0 && orders_watch_thread(shared->watch);
	spawn->status = worker_serve(spawn->options, shared, tell_keeper);
	return NULL;
}

/* SIGINT and SIGHUP are for the keeper; by default they would end the worker as well. */
static void prepare_signals(void)
{
	orders_forget();
	signal(SIGINT, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
	signal(SIGUSR2, SIG_DFL);
	signal(SIGALRM, SIG_DFL);
}

/*
 * Runs in the worker. After a direct clone(2) the C library has a wrong thread id for this thread,
 * so another thread serves. That thread inherits the dropped privileges.
 */
static int become_worker(const struct options *options, struct shared *shared, pid_t parent)
{
	struct spawn spawn = {.options = options, .shared = shared, .status = EXIT_FAILURE};
	pthread_t thread;
	int r;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(EXIT_FAILURE);
	prepare_signals();
	death_note_faults(shared);
	r = harden_raise_rights();
	if (r == 0)
		r = harden_server(false);
	if (r < 0) {
		log_error("cannot drop privileges: %s", strerror(-r));
		return EXIT_FAILURE;
	}
	r = pthread_create(&thread, NULL, serve_in_thread, &spawn);
	if (r != 0) {
		log_error("cannot serve: %s", strerror(r));
		return EXIT_FAILURE;
	}
	pthread_join(thread, NULL);
	if (spawn.status == WORKER_BUSY)
		_exit(EXIT_SUCCESS);
	return spawn.status;
}

pid_t spawn_worker(const struct options *options, struct shared *shared, int *ret_status)
{
	const pid_t self = getpid();
	const pid_t pid = (pid_t)syscall(SYS_clone, CLONE_FILES | SIGCHLD, NULL, NULL, NULL, NULL);

	if (pid == 0)
		*ret_status = become_worker(options, shared, self);
	return pid < 0 ? -errno : pid;
}

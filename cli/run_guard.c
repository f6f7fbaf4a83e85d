/* SPDX-License-Identifier: MIT */
#include "run_guard_private.h"

#include "run_enter.h"
#include "run_lock.h"
#include "run_say.h"
#include "run_share.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/*
 * Descendants that end right after the program, such as the helper of Python that cleans up for it,
 * are waited for.
 */
#define GRACE_MS 500

bool run_guard_is_needed(const struct run *run)
{
	const struct run_options *options = &run->options;
	bool later = false;

	for (size_t i = 0; i < options->share_count; i++)
		later = later || options->shares[i].later;
	return later || run->place.has_tmpfs || options->remove || options->check ||
	       options->json || options->reserve || (options->ipc && run->place.guard < 0);
}

bool run_guard_holds_tmpfs(const struct run *run)
{
	return run->options.size > 0 && run->place.guard < 0;
}

bool run_guard_holds_ipc(const struct run *run)
{
	return run->options.ipc && run->place.guard < 0;
}

void run_guard_tell(const struct guard *guard, enum run_wire_kind kind, int value, int fd)
{
	run_wire_send(guard->front,
		&(struct run_wire_message){.kind = kind, .value = value, .fds = {fd, -1}});
}

/* --- while it runs ---------------------------------------------------------------------------- */

static void continue_front(struct guard *guard)
{
	run_guard_tell(guard, RUN_WIRE_CONTINUED, 0, -1);
	if (guard->front_stopped && getppid() == guard->front_pid)
		kill(guard->front_pid, SIGCONT);
	guard->front_stopped = false;
}

static void notice_program(struct guard *guard, const siginfo_t *info)
{
	switch (info->si_code) {
	case CLD_STOPPED:
		guard->front_stopped = true;
		run_guard_tell(guard, RUN_WIRE_STOPPED, info->si_status, -1);
		return;
	case CLD_EXITED:
		guard->outcome = (struct run_outcome){.status = info->si_status};
		break;
	case CLD_KILLED:
	case CLD_DUMPED:
		guard->outcome = (struct run_outcome){.status = -1, .signal = info->si_status};
		break;
	default:
		break;
	}
	continue_front(guard);
	if (info->si_code != CLD_CONTINUED)
		guard->program = 0;
}

/* Returns false when there are no descendants any more. */
static bool reap(struct guard *guard)
{
	siginfo_t info;

	for (;;) {
		info.si_pid = 0;
		if (waitid(P_ALL, 0, &info, WEXITED | WSTOPPED | WCONTINUED | WNOHANG) < 0)
			return errno != ECHILD;
		if (info.si_pid == 0)
			return true;
		if (info.si_pid == guard->program)
			notice_program(guard, &info);
	}
}

static int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* For how long poll(2) waits; -1: until something happens. */
static int patience(struct guard *guard)
{
	int64_t left;

	if (guard->program != 0 || guard->told)
		return -1;
	if (guard->deadline == 0)
		guard->deadline = now_ms() + GRACE_MS;
	left = guard->deadline - now_ms();
	return left > 0 ? (int)left : 0;
}

/* Returns when no descendant is left. */
static void watch_descendants(struct guard *guard, int children, int shares)
{
	struct signalfd_siginfo info;
	struct pollfd ready[2] = {
		{.fd = children, .events = POLLIN}, {.fd = shares, .events = POLLIN}};

	while (reap(guard)) {
		const int wait = patience(guard);

		if (wait == 0) {
			run_guard_release_front(guard);
			continue;
		}
		if (poll(ready, 2, wait) < 0)
			continue;
		while (read(children, &info, sizeof(info)) > 0)
			;
		if (ready[1].revents)
			run_share_follow(shares, &guard->run->options, &guard->run->directory);
	}
	if (!guard->told)
		run_guard_check(guard);
}

/* --- the beginning ---------------------------------------------------------------------------- */

/* Descriptors of the run are close-on-exec; those that came through execve(2) are not. */
static void close_inherited(void)
{
	DIR *list = opendir("/proc/self/fd");
	const struct dirent *entry;

	if (!list)
		return;
	while ((entry = readdir(list))) {
		const int fd = atoi(entry->d_name);

		if (fd > STDERR_FILENO && fcntl(fd, F_GETFD) == 0)
			close(fd);
	}
	closedir(list);
}

/* Keeps nothing of the caller's but stderr: no file system, no pipe whose reader would wait. */
static void let_go(void)
{
	const int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	if (null >= 0) {
		dup2(null, STDIN_FILENO);
		dup2(null, STDOUT_FILENO);
		close(null);
	}
	close_inherited();
	if (chdir("/") < 0)
		run_say("/: %s", strerror(errno));
}

/* A tmpfs and an IPC namespace are there before any other process can get the lock. */
static int hold_place(const struct run *run)
{
	const int flags = (run_guard_holds_tmpfs(run) ? CLONE_NEWNS : 0) |
			  (run_guard_holds_ipc(run) ? CLONE_NEWIPC : 0);
	int r = flags ? run_enter_new(flags) : 0;

	if (r == 0 && run_guard_holds_tmpfs(run))
		r = run_enter_tmpfs(run->options.size);
	return r;
}

/* The front's lock would be told under the number of a process that ends before the guard. */
static int lock_again(int dir)
{
	const int fd = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int r = fd < 0 ? -errno : run_lock_share(fd);

	if (r == 0 && dup3(fd, dir, O_CLOEXEC) < 0)
		r = -errno;
	if (fd >= 0)
		close(fd);
	return r;
}

static bool is_too_late(const struct run *run)
{
	return (run_guard_holds_tmpfs(run) || run_guard_holds_ipc(run)) &&
	       run_place_is_taken(&run->directory);
}

static int take_lock(struct guard *guard)
{
	const struct run *run = guard->run;
	const int dir = run->directory.fd;
	const int r = run->alone ? run_lock_share(dir) : lock_again(dir);

	if (r < 0)
		return run_say("cannot lock the namespace: %s", strerror(-r));
	/* Between the two kinds of lock another process can have been alone. */
	if (run->alone && (!run_directory_is_linked(&run->directory) || is_too_late(run))) {
		run_guard_tell(guard, RUN_WIRE_AGAIN, 0, -1);
		guard->is_superseded = true;
		return RUN_FAILED;
	}
	return 0;
}

static void become_guard(const struct run *run)
{
	sigset_t all;

	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, NULL);
	setpgid(0, 0);
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	run_place_name_guard(
		run_guard_holds_tmpfs(run), run_guard_holds_ipc(run), run->options.remove);
}

/* *ret_shares: as of run_share_watch(). */
static int begin_guard(struct guard *guard, pid_t group, int *ret_shares)
{
	const struct run *run = guard->run;
	int r = hold_place(run);

	if (r == 0)
		r = take_lock(guard);
	if (r != 0)
		return r;
	*ret_shares = run_share_watch(&run->options, &run->directory);
	if (*ret_shares < -1)
		return run_say("cannot watch %s: %s", run->base, strerror(-*ret_shares));
	r = run_guard_start(guard, group);
	return r < 0 ? run_say("cannot start a process: %s", strerror(-r)) : 0;
}

void run_guard_live(struct run *run, int front_end, int report)
{
	struct guard guard = {.run = run,
		.front = front_end,
		.front_pid = getppid(),
		.report = report,
		.objects = -1};
	const pid_t group = getpgrp();
	int children, shares = -1;
	sigset_t all;

	become_guard(run);
	sigfillset(&all);
	children = signalfd(-1, &all, SFD_CLOEXEC | SFD_NONBLOCK);
	guard.outcome.status = begin_guard(&guard, group, &shares);
	if (guard.outcome.status == 0) {
		let_go();
		watch_descendants(&guard, children, shares);
	}
	if (!guard.is_superseded)
		run_guard_finish(&guard);
}

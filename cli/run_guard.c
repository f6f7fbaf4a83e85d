/* SPDX-License-Identifier: MIT */
#include "run_guard.h"

#include "kernel.h"
#include "run_enter.h"
#include "run_front.h"
#include "run_inhabitant.h"
#include "run_left.h"
#include "run_lock.h"
#include "run_program.h"
#include "run_remove.h"
#include "run_report.h"
#include "run_reserve.h"
#include "run_say.h"
#include "run_share.h"
#include "run_wire.h"

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

struct guard {
	struct run *run;
	int front; /* the connection */
	pid_t front_pid;
	int report;       /* --json=FILE, or -1 */
	pid_t program;    /* 0: has ended */
	int64_t deadline; /* for its descendants */
	int objects;      /* the program's /dev/shm; -1: not needed */
	bool front_stopped;
	bool told;          /* the front knows the outcome */
	bool is_superseded; /* the namespace was removed just now: the front begins again */
	struct run_outcome outcome;
	struct run_objects before; /* --check */
};

bool run_guard_is_needed(const struct run *run)
{
	const struct run_options *options = &run->options;
	bool later = false;

	for (size_t i = 0; i < options->share_count; i++)
		later = later || options->shares[i].later;
	return later || run->place.has_tmpfs || options->remove || options->check ||
	       options->json || options->reserve || (options->ipc && run->place.guard < 0);
}

static bool holds_tmpfs(const struct run *run)
{
	return run->options.size > 0 && run->place.guard < 0;
}

static bool holds_ipc(const struct run *run)
{
	return run->options.ipc && run->place.guard < 0;
}

static void tell(const struct guard *guard, enum run_wire_kind kind, int value, int fd)
{
	run_wire_send(guard->front,
		&(struct run_wire_message){.kind = kind, .value = value, .fds = {fd, -1}});
}

/* --- the program ------------------------------------------------------------------------------ */

/* What the guard needs of the inside. It answers when all is prepared. */
static int show_inside(const struct run *run, int end)
{
	struct run_wire_message message = {.kind = RUN_WIRE_INSIDE, .fds = {-1, -1}};
	int r = 0;

	message.fds[0] = open(RUN_OBJECTS, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (message.fds[0] < 0)
		return run_say("%s: %s", RUN_OBJECTS, strerror(errno));
	if (run->options.reserve) {
		message.fds[1] = run_reserve_install();
		if (message.fds[1] == -EBUSY)
			return run_say("--reserve: another --reserve, or a container, is around "
				       "this program already");
		if (message.fds[1] < 0)
			return run_say("--reserve: %s", strerror(-message.fds[1]));
	}
	r = run_wire_send(end, &message);
	if (r == 0 && run_wire_receive(end, &message) != 1)
		r = -EPIPE;
	if (r < 0)
		return run_say("the guard process is gone");
	close(message.fds[0]);
	return 0;
}

/* In the new child. Descriptors of the run are close-on-exec. */
static void become_program(struct guard *guard, pid_t group, int end)
{
	struct run *run = guard->run;
	int r;

	setpgid(0, group);
	run_front_unblock(run);
	r = run_enter(run);
	if (r == 0 && (run->options.check || run->options.reserve))
		r = show_inside(run, end);
	if (r == 0)
		r = run_program_exec(run->options.program);
	_exit(r);
}

static int take_inside(struct guard *guard, const struct run_wire_message *message)
{
	struct stat st;
	int r = 0;

	guard->objects = message->fds[0];
	if (guard->run->options.check)
		r = run_objects_list(&guard->before, guard->objects);
	if (r == 0 && message->fds[1] >= 0)
		r = fstat(guard->objects, &st) < 0 ? -errno
						   : run_reserve_serve(message->fds[1], st.st_dev);
	return r;
}

static void meet_program(struct guard *guard, int end)
{
	struct run_wire_message message;
	int r;

	if (run_wire_receive(end, &message) != 1)
		return; /* it has ended, and said why */
	r = take_inside(guard, &message);
	if (r < 0)
		run_say("cannot prepare the namespace: %s", strerror(-r));
	else
		run_wire_send(
			end, &(struct run_wire_message){.kind = RUN_WIRE_GO, .fds = {-1, -1}});
}

static int start_program(struct guard *guard, pid_t group)
{
	const struct run_options *options = &guard->run->options;
	int ends[2], pidfd, r = run_wire_pair(ends);

	if (r < 0)
		return r;
	guard->program = fork();
	if (guard->program < 0)
		return -errno;
	if (guard->program == 0)
		become_program(guard, group, ends[1]);
	close(ends[1]);
	pidfd = kernel_open_process(guard->program);
	tell(guard, RUN_WIRE_STARTED, guard->program, pidfd);
	if (pidfd >= 0)
		close(pidfd);
	if (options->check || options->reserve)
		meet_program(guard, ends[0]);
	close(ends[0]);
	return 0;
}

/* --- the end ---------------------------------------------------------------------------------- */

static void tell_outcome(struct guard *guard, bool stays)
{
	const struct run_outcome *outcome = &guard->outcome;
	const bool killed = outcome->signal != 0;

	if (!guard->told)
		run_wire_send(
			guard->front, &(struct run_wire_message){
					      .kind = killed ? RUN_WIRE_KILLED : RUN_WIRE_EXITED,
					      .value = killed ? outcome->signal : outcome->status,
					      .stays = stays,
					      .fds = {-1, -1}});
	guard->told = true;
}

static void write_report(const struct guard *guard, const struct run_objects *left)
{
	const struct run_options *options = &guard->run->options;
	FILE *out = guard->report >= 0 ? fdopen(guard->report, "w") : stderr;

	if (left && left->count > 0 && (!options->json || guard->report >= 0))
		run_report_list(stderr, options->name, left);
	if (!out || !options->json)
		return;
	run_report_json(out, options->name, &guard->outcome, left);
	if (fflush(out) != 0)
		run_say("%s: %s", options->report ? options->report : "stderr", strerror(errno));
}

/* When the program itself has ended. */
static void check_what_is_left(struct guard *guard)
{
	struct run_objects left = {0};
	const bool checks = guard->run->options.check && guard->objects >= 0;
	int r = 0;

	if (checks) {
		r = run_objects_list(&left, guard->objects);
		run_objects_subtract(&left, &guard->before);
	}
	if (r < 0)
		run_say("cannot list what is left: %s", strerror(-r));
	write_report(guard, checks ? &left : NULL);
	if (r < 0 || left.count > 0)
		guard->outcome = (struct run_outcome){.status = r < 0 ? RUN_FAILED : RUN_LEFT};
	run_objects_free(&left);
}

static void remove_namespace(struct guard *guard)
{
	const struct run *run = guard->run;
	struct run_removal removal;

	run_remove_directory(&run->directory, &removal);
	if (removal.error == 0 || guard->told)
		return;
	run_say("%s/%s: cannot remove the namespace: %s: %s", run->base, run->options.name,
		removal.name, strerror(-removal.error));
	if (guard->outcome.signal == 0 && guard->outcome.status == 0)
		guard->outcome.status = RUN_FAILED;
}

static void be_silent(void)
{
	const int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	if (null >= 0)
		dup2(null, STDERR_FILENO);
	close(null);
}

static void wait_for_end(pid_t pid)
{
	struct pollfd end = {.fd = kernel_open_process(pid), .events = POLLIN};

	if (end.fd < 0)
		return;
	while (poll(&end, 1, -1) < 0 && errno == EINTR)
		;
	close(end.fd);
}

/*
 * Returns with the lock held alone, and nobody in the namespace; or false. A process that closed
 * all its descriptors has no lock, and is found by its mounts only.
 */
static bool wait_for_others(const struct run_directory *directory)
{
	for (;;) {
		pid_t pid;

		if (run_lock_wait_alone(directory->fd) < 0)
			return false;
		pid = run_inhabitant_find(directory);
		if (pid == 0)
			return true;
		run_lock_share(directory->fd);
		wait_for_end(pid);
	}
}

static bool waits_to_remove(const struct run_lock *lock)
{
	return lock->waits && lock->pid != getpid() && run_place_removes(lock->pid);
}

/* Other programs run in the namespace: one guard that waits for their end is enough. */
static void outlive_others(struct guard *guard)
{
	const struct run *run = guard->run;
	const struct run_directory *directory = &run->directory;

	tell_outcome(guard, true);
	be_silent();
	if (!holds_tmpfs(run) && !holds_ipc(run) &&
		run_lock_find(directory->st.st_dev, directory->st.st_ino, waits_to_remove))
		return;
	if (wait_for_others(directory) && run->options.remove)
		remove_namespace(guard);
}

/* All descendants have ended. */
static void finish(struct guard *guard)
{
	const struct run *run = guard->run;
	const bool lasts = run->options.remove || holds_ipc(run);

	if (lasts && (run_lock_alone(run->directory.fd) < 0 ||
			     (!run->directory.is_new && run_inhabitant_find(&run->directory) != 0)))
		outlive_others(guard);
	else if (run->options.remove)
		remove_namespace(guard);
	tell_outcome(guard, false);
}

/* --- while it runs ---------------------------------------------------------------------------- */

static void continue_front(struct guard *guard)
{
	tell(guard, RUN_WIRE_CONTINUED, 0, -1);
	if (guard->front_stopped && getppid() == guard->front_pid)
		kill(guard->front_pid, SIGCONT);
	guard->front_stopped = false;
}

static void notice_program(struct guard *guard, const siginfo_t *info)
{
	switch (info->si_code) {
	case CLD_STOPPED:
		guard->front_stopped = true;
		tell(guard, RUN_WIRE_STOPPED, info->si_status, -1);
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

/* Descendants go on, and the caller does not wait for them. */
static void release_front(struct guard *guard)
{
	check_what_is_left(guard);
	tell_outcome(guard, true);
	be_silent();
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
static void watch(struct guard *guard, int children, int shares)
{
	struct signalfd_siginfo info;
	struct pollfd ready[2] = {
		{.fd = children, .events = POLLIN}, {.fd = shares, .events = POLLIN}};

	while (reap(guard)) {
		const int wait = patience(guard);

		if (wait == 0) {
			release_front(guard);
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
		check_what_is_left(guard);
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

/* Keeps nothing of the caller's but stderr: no file system, no pipe that somebody reads. */
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

/* A tmpfs and an IPC namespace are there before anybody else can get the lock. */
static int hold_place(const struct run *run)
{
	const int flags =
		(holds_tmpfs(run) ? CLONE_NEWNS : 0) | (holds_ipc(run) ? CLONE_NEWIPC : 0);
	int r = flags ? run_enter_new(flags) : 0;

	if (r == 0 && holds_tmpfs(run))
		r = run_enter_tmpfs(run->options.size);
	return r;
}

static int take_lock(struct guard *guard)
{
	const struct run *run = guard->run;
	int r = run->alone ? run_lock_share(run->directory.fd) : 0;

	if (r < 0)
		return run_say("cannot lock the namespace: %s", strerror(-r));
	if (run->alone && !run_directory_is_linked(&run->directory)) {
		tell(guard, RUN_WIRE_AGAIN, 0, -1);
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
	run_place_name_guard(holds_tmpfs(run), holds_ipc(run), run->options.remove);
}

/* *ret_shares: as of run_share_watch(). */
static int begin(struct guard *guard, pid_t group, int *ret_shares)
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
	r = start_program(guard, group);
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
	guard.outcome.status = begin(&guard, group, &shares);
	if (guard.outcome.status == 0) {
		let_go();
		watch(&guard, children, shares);
	}
	if (!guard.is_superseded)
		finish(&guard);
}

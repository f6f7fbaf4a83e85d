/* SPDX-License-Identifier: MIT */
#include "run_front.h"

#include "kernel.h"
#include "run_say.h"
#include "run_wire.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

/* How long it may take to continue all of a process group. */
#define CONTINUE_MS 100

struct front {
	int end; /* the connection to the guard */
	pid_t guard;
	int signals; /* signalfd(2) */
	pid_t pid;   /* the program, which the guard waits for */
	int program; /* pidfd; -1: not started yet */
	bool is_over;
	int status;
};

/* Faults are this process's own, a child is the guard, and the last two are followed instead. */
static void handed_on(sigset_t *ret_set)
{
	static const int kept[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGTRAP, SIGSYS, SIGABRT,
		SIGCHLD, SIGTTIN, SIGTTOU};

	sigfillset(ret_set);
	for (size_t i = 0; i < sizeof(kept) / sizeof(kept[0]); i++)
		sigdelset(ret_set, kept[i]);
}

void run_front_block(struct run *run)
{
	struct sigaction children;
	sigset_t set;

	if (run->blocks_signals)
		return;
	handed_on(&set);
	sigprocmask(SIG_BLOCK, &set, &run->signals);
	sigaction(SIGCHLD, NULL, &children);
	run->ignores_children = children.sa_handler == SIG_IGN;
	signal(SIGCHLD, SIG_DFL);
	run->blocks_signals = true;
}

void run_front_unblock(const struct run *run)
{
	if (!run->blocks_signals)
		return;
	if (run->ignores_children)
		signal(SIGCHLD, SIG_IGN);
	sigprocmask(SIG_SETMASK, &run->signals, NULL);
}

/*
 * The kernel sends to all of the process group: interrupts from the keyboard, a new size of the
 * terminal. Only of a hangup the first process of the session is told alone.
 */
static bool came_to_the_program_too(const struct signalfd_siginfo *info)
{
	if (info->ssi_code != SI_KERNEL)
		return false;
	return info->ssi_signo != SIGHUP || getsid(0) != getpid();
}

static void hand_on(const struct front *front)
{
	struct signalfd_siginfo info;
	siginfo_t queued = {0};

	if (read(front->signals, &info, sizeof(info)) != sizeof(info) ||
		came_to_the_program_too(&info) ||
		(info.ssi_signo == SIGCONT && (pid_t)info.ssi_pid == front->guard))
		return;
	queued.si_signo = (int)info.ssi_signo;
	queued.si_code = SI_QUEUE;
	queued.si_pid = (pid_t)info.ssi_pid;
	queued.si_uid = info.ssi_uid;
	queued.si_value.sival_ptr = (void *)(uintptr_t)info.ssi_ptr;
	kernel_signal_process(
		front->program, (int)info.ssi_signo, info.ssi_code == SI_QUEUE ? &queued : NULL);
}

/* As proc_pid_stat(5) tells it. */
static bool is_stopped(pid_t pid)
{
	char path[64], state = '?';
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	file = fopen(path, "re");
	if (!file)
		return false;
	/* The name of the program is in brackets, and may contain some. */
	for (int c = 0, last = 0; (c = getc(file)) != EOF; last = c)
		if (last == ')' && c == ' ')
			state = (char)getc(file);
	fclose(file);
	return state == 'T';
}

/*
 * The shell sees this process stop as it would see the program. A shell continues the process
 * group, and with it the program. A SIGCONT for this process alone is meant for the program. The
 * guard continues this process when the program goes on.
 */
static void stop_with_program(const struct front *front)
{
	struct pollfd told = {.fd = front->end, .events = POLLIN};
	const struct timespec now = {0};
	sigset_t set;

	raise(SIGSTOP);
	if (is_stopped(front->pid) && poll(&told, 1, CONTINUE_MS) == 0 && is_stopped(front->pid))
		kernel_signal_process(front->program, SIGCONT, NULL);
	sigemptyset(&set);
	sigaddset(&set, SIGCONT);
	sigtimedwait(&set, NULL, &now);
}

/* Does not return, unless the signal does not kill. */
static void die_of(int sig)
{
	const struct rlimit none = {0, 0};
	sigset_t set;

	prctl(PR_SET_DUMPABLE, 0);
	setrlimit(RLIMIT_CORE, &none);
	signal(sig, SIG_DFL);
	raise(sig);
	sigemptyset(&set);
	sigaddset(&set, sig);
	sigprocmask(SIG_UNBLOCK, &set, NULL);
}

static void end_with(struct front *front, int status)
{
	front->is_over = true;
	front->status = status;
}

/* No other process takes the exit status of a child of ours. */
static void wait_for_guard(const struct front *front, const struct run_wire_message *message)
{
	if (!message->stays)
		waitpid(front->guard, NULL, 0);
}

static void listen(struct front *front)
{
	struct run_wire_message message;

	if (run_wire_receive(front->end, &message) <= 0) {
		end_with(front, run_say("the guard process was killed: the namespace stays"));
		return;
	}
	switch (message.kind) {
	case RUN_WIRE_STARTED:
		front->pid = message.value;
		front->program = message.fds[0];
		break;
	case RUN_WIRE_STOPPED:
		stop_with_program(front);
		break;
	case RUN_WIRE_CONTINUED:
		break;
	case RUN_WIRE_KILLED:
		wait_for_guard(front, &message);
		die_of(message.value);
		end_with(front, 128 + message.value);
		break;
	case RUN_WIRE_AGAIN:
		wait_for_guard(front, &message);
		end_with(front, RUN_AGAIN);
		break;
	default:
		wait_for_guard(front, &message);
		end_with(front, message.value);
		break;
	}
}

int run_front_wait(int end, pid_t guard)
{
	struct front front = {.end = end, .guard = guard, .program = -1};
	struct pollfd ready[2];
	sigset_t set;

	handed_on(&set);
	front.signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (front.signals < 0)
		return run_say("cannot take signals: %s", strerror(errno));
	while (!front.is_over) {
		ready[0] = (struct pollfd){.fd = end, .events = POLLIN};
		/* Before the program is there its signals are kept for it. */
		ready[1] = (struct pollfd){
			.fd = front.program < 0 ? -1 : front.signals, .events = POLLIN};
		if (poll(ready, 2, -1) < 0)
			continue;
		if (ready[1].revents)
			hand_on(&front);
		if (ready[0].revents)
			listen(&front);
	}
	close(front.signals);
	if (front.program >= 0)
		close(front.program);
	return front.status;
}

/* SPDX-License-Identifier: MIT */
#include "orders.h"

#include "request/clock.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <sys/syscall.h>
#include <unistd.h>

/* As linux/pidfd.h defines it since Linux 6.9. */
#ifndef PIDFD_THREAD
#define PIDFD_THREAD O_EXCL
#endif

static const int waited_for[] = {SIGCHLD, ORDERS_SETTLED, SIGTERM, SIGINT, SIGHUP};

#define SIGNALS (sizeof(waited_for) / sizeof(waited_for[0]))

/*
 * The orders that have come and that orders_wait() has not returned yet. The signals are blocked
 * outside of ppoll(2), so no lock is needed.
 */
static volatile sig_atomic_t stops, replace_wanted;

static void on_signal(int sig, siginfo_t *info, void *context)
{
	(void)context;
	if (sig == SIGTERM || sig == SIGINT)
		stops = stops + 1;
	else if (sig == SIGHUP && info->si_code == SI_KERNEL) /* the terminal has hung up */
		stops = stops + 1;
	else if (sig == SIGHUP)
		replace_wanted = 1;
}

/* nohup(1), and shells without job control, ignore signals for the program on purpose. */
static bool is_ignored(int sig)
{
	struct sigaction action;

	return sig != SIGCHLD && sigaction(sig, NULL, &action) == 0 && action.sa_handler == SIG_IGN;
}

void orders_prepare(void)
{
	struct sigaction action = {.sa_sigaction = on_signal, .sa_flags = SA_SIGINFO};
	sigset_t set;

	sigfillset(&action.sa_mask);
	sigemptyset(&set);
	for (size_t i = 0; i < SIGNALS; i++)
		if (!is_ignored(waited_for[i])) {
			sigaddset(&set, waited_for[i]);
			sigaction(waited_for[i], &action, NULL);
		}
	sigprocmask(SIG_BLOCK, &set, NULL);
}

void orders_forget(void)
{
	for (size_t i = 0; i < SIGNALS; i++)
		if (!is_ignored(waited_for[i]))
			signal(waited_for[i], SIG_DFL);
}

struct orders orders_wait(int thread, int64_t deadline, bool replace)
{
	struct pollfd poller = {.fd = thread, .events = POLLIN};
	const int64_t left = deadline == ORDERS_NEVER ? 0 : deadline - clock_now_ms();
	const struct timespec time = clock_timespec_of_ms(left > 0 ? left : 0);
	struct orders orders;
	sigset_t mask;
	int n;

	sigprocmask(SIG_BLOCK, NULL, &mask);
	for (size_t i = 0; i < SIGNALS; i++)
		if (waited_for[i] != SIGHUP || replace)
			sigdelset(&mask, waited_for[i]);
	n = ppoll(&poller, 1, deadline == ORDERS_NEVER ? NULL : &time, &mask);
	orders = (struct orders){
		.stops = stops,
		.replace = replace_wanted,
		.dead = n == 1 && thread >= 0,
	};
	stops = replace_wanted = 0;
	return orders;
}

bool orders_watch_thread(int descriptor)
{
	const int fd = (int)syscall(SYS_pidfd_open, gettid(), PIDFD_THREAD);
	bool opened;

	if (fd < 0)
		return false;
	opened = dup3(fd, descriptor, O_CLOEXEC) == descriptor;
	close(fd);
	return opened;
}

/* SPDX-License-Identifier: MIT */
#include "sigbus.h"

#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <ucontext.h>

struct guard {
	uintptr_t begin, end; /* the bytes that may fault */
	sigjmp_buf escape;
};

/* Written and read by this thread and its own signal handler only. */
static _Thread_local struct guard *volatile guard;

static struct sigaction previous; /* written once, by shmfs_sigbus_install() */

/*
 * Not ours: hand it to the handler from before. A fault happens again when this handler returns, so
 * that the default action, put back, ends the process with the right status; a fault cannot be
 * ignored. A signal that a process has sent does not come again by itself.
 */
static void raise_again(int sig, siginfo_t *info, void *context)
{
	const bool sent = info->si_code <= 0;

	if (previous.sa_flags & SA_SIGINFO) {
		previous.sa_sigaction(sig, info, context);
	} else if (previous.sa_handler == SIG_DFL || previous.sa_handler == SIG_IGN) {
		if (sent && previous.sa_handler == SIG_IGN)
			return;
		signal(sig, SIG_DFL);
		if (sent)
			raise(sig);
	} else {
		previous.sa_handler(sig);
	}
}

static void on_sigbus(int sig, siginfo_t *info, void *context)
{
	const uintptr_t address = (uintptr_t)info->si_addr;
	const ucontext_t *interrupted = context;
	struct guard *g = guard;

	if (g && info->si_code > 0 && address >= g->begin && address < g->end) {
		guard = NULL;
		/* The escape leaves the handler with the mask that held before it. */
		pthread_sigmask(SIG_SETMASK, &interrupted->uc_sigmask, NULL);
		siglongjmp(g->escape, 1);
	}
	raise_again(sig, info, context);
}

int shmfs_sigbus_install(void)
{
	struct sigaction action = {
		.sa_sigaction = on_sigbus,
		.sa_flags = SA_SIGINFO | SA_ONSTACK,
	};

	sigemptyset(&action.sa_mask);
	return sigaction(SIGBUS, &action, &previous) < 0 ? -errno : 0;
}

/* Pages that the kernel maps at once around one that is read, if they are there already. */
#define FAULT_AROUND ((size_t)64 * 1024)

/*
 * Page faults of stores come one by one, those of loads many pages at once: a load from each block
 * before the stores makes the first copy to a new mapping several times faster.
 */
static void touch(const char *mapped, size_t len)
{
	for (size_t i = 0; i < len; i += FAULT_AROUND)
		(void)*(const volatile char *)(mapped + i);
}

int shmfs_sigbus_copy(void *dst, const void *src, size_t len, const void *mapped)
{
	struct guard g = {
		.begin = (uintptr_t)mapped,
		.end = (uintptr_t)mapped + len,
	};

	/* No mask is saved: that would be a system call for each copy. See on_sigbus(). */
	if (sigsetjmp(g.escape, 0) != 0)
		return -EFAULT;

	guard = &g;
	atomic_signal_fence(memory_order_seq_cst);
	if (mapped == dst)
		touch(mapped, len);
	memcpy(dst, src, len);
	atomic_signal_fence(memory_order_seq_cst);
	guard = NULL;
	return 0;
}

/* SPDX-License-Identifier: MIT */
#include "priority.h"

#include <errno.h>
#include <sys/resource.h>

/* Beside the leader, a thread gets about a tenth of its share of a processor. */
#define LESS 10

/* Written once. */
static bool usable, needs_capability;
static int usual; /* the priority of this process */

/* As getrlimit(2) has it: raising to n needs 20 - n. */
static bool raise_limit(void)
{
	const rlim_t needed = (rlim_t)(20 - usual);
	struct rlimit limit;

	if (getrlimit(RLIMIT_NICE, &limit) < 0)
		return false;
	if (limit.rlim_cur >= needed)
		return true;
	limit.rlim_cur = needed;
	if (limit.rlim_max < needed)
		limit.rlim_max = needed;
	return setrlimit(RLIMIT_NICE, &limit) == 0;
}

static bool can_be_restored(void)
{
	return setpriority(PRIO_PROCESS, 0, usual - 1) == 0 &&
	       setpriority(PRIO_PROCESS, 0, usual) == 0;
}

void priority_prepare(void)
{
	errno = 0;
	usual = getpriority(PRIO_PROCESS, 0);
	if (errno != 0)
		return;
	usable = raise_limit();
	if (!usable)
		usable = needs_capability = can_be_restored();
}

bool priority_needs_capability(void)
{
	return needs_capability;
}

void priority_lower(pid_t thread)
{
	if (usable)
		setpriority(PRIO_PROCESS, (id_t)thread, usual + LESS);
}

void priority_restore(pid_t thread)
{
	if (usable)
		setpriority(PRIO_PROCESS, (id_t)thread, usual);
}

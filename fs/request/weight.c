/* SPDX-License-Identifier: MIT */
#include "weight.h"

#include <pthread.h>
#include <sys/resource.h>

/* Added to the nice value: the thread then has a tenth of the weight. */
#define LOWER 10
#define NICE_MAX 19

/* Written while there is one thread. */
static bool can_restore;
static int usual; /* nice value */

static _Thread_local bool is_lower;

bool weight_allow(void)
{
	struct rlimit limit;

	usual = getpriority(PRIO_PROCESS, 0);
	limit = (struct rlimit){(rlim_t)(20 - usual), (rlim_t)(20 - usual)};
	return setrlimit(RLIMIT_NICE, &limit) == 0;
}

static int lower_nice(void)
{
	return usual + LOWER < NICE_MAX ? usual + LOWER : NICE_MAX;
}

static void *try_to_restore(void *arg)
{
	(void)arg;
	can_restore = setpriority(PRIO_PROCESS, 0, lower_nice()) == 0 &&
		      setpriority(PRIO_PROCESS, 0, usual) == 0;
	return NULL;
}

/* The trial runs in a thread of its own, which may be left with the lower weight. */
void weight_try(void)
{
	pthread_t thread;

	if (pthread_create(&thread, NULL, try_to_restore, NULL) == 0)
		pthread_join(thread, NULL);
}

void weight_lower_other(pid_t thread)
{
	if (can_restore)
		setpriority(PRIO_PROCESS, (id_t)thread, lower_nice());
}

void weight_was_lowered(void)
{
	is_lower = can_restore;
}

void weight_lower(void)
{
	if (!is_lower)
		weight_lower_other(0); /* the calling thread */
	is_lower = can_restore;
}

void weight_restore(void)
{
	if (is_lower)
		setpriority(PRIO_PROCESS, 0, usual);
	is_lower = false;
}

/* SPDX-License-Identifier: MIT */
#include "worker.h"

#include "harness.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#ifndef __has_feature
#define __has_feature(x) 0
#endif

#if defined(__SANITIZE_THREAD__) || __has_feature(thread_sanitizer)
#define SANITIZES_THREADS true
#else
#define SANITIZES_THREADS false
#endif

/* The version decides: on an old kernel with a backport of the feature the tests are skipped. */
const char *keeper_obstacle(void)
{
	struct utsname kernel;
	int major = 0, minor = 0;

	if (SANITIZES_THREADS)
		return "a build for the thread sanitizer has none";
	if (uname(&kernel) < 0 || sscanf(kernel.release, "%d.%d", &major, &minor) != 2)
		return NULL;
	return major > 6 || (major == 6 && minor >= 9) ? NULL : "it needs Linux 6.9";
}

bool has_keeper(const struct daemon *daemon)
{
	const char *why_not;

	if (daemon_worker(daemon) > 0)
		return true;
	why_not = keeper_obstacle();
	if (!why_not)
		fail_msg("%s is served without a keeper", daemon->mount);
	print_message("# no keeper: %s\n", why_not);
	return false;
}

bool is_word_of_keeper(const char *text)
{
	static const char told[] = "shmfs: no keeper, the mount ends with this process: ";
	const char *end;

	if (!keeper_obstacle())
		return *text == '\0';
	end = strchr(text, '\n');
	return strncmp(text, told, strlen(told)) == 0 && (!end || end[1] == '\0');
}

static bool has_worker(const void *daemon)
{
	return daemon_worker(daemon) > 0;
}

pid_t worker_of(const struct daemon *daemon)
{
	assert_true(wait_until(has_worker, daemon));
	return daemon_worker(daemon);
}

struct change {
	const struct daemon *daemon;
	pid_t old;
};

static bool is_replaced(const void *arg)
{
	const struct change *change = arg;
	const pid_t now = daemon_worker(change->daemon);

	return now > 0 && now != change->old;
}

void worker_await_next(const struct daemon *daemon, pid_t old)
{
	assert_true(wait_until(is_replaced, &(struct change){daemon, old}));
}

void worker_use(const struct daemon *daemon)
{
	char path[80];

	snprintf(path, sizeof(path), "%s/no-such-name", daemon->mount);
	for (int i = 0; i < WORKER_REQUESTS; i++)
		EXPECT_ERROR(access(path, F_OK), ENOENT);
}

void worker_kill(const struct daemon *daemon, int sig)
{
	pid_t old;

	do { /* Its keeper may just be replacing it. */
		old = worker_of(daemon);
		worker_use(daemon);
	} while (kill(old, sig) < 0);
	worker_await_next(daemon, old);
}

bool worker_try_kill(const struct daemon *daemon, int sig)
{
	const struct change change = {daemon, daemon_worker(daemon)};

	for (int i = 0; i < WORKER_REQUESTS; i++)
		access(daemon->mount, F_OK);
	return change.old > 0 && kill(change.old, sig) == 0 && wait_until(is_replaced, &change);
}

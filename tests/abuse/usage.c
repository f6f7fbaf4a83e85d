/* SPDX-License-Identifier: MIT */
#include "usage.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static size_t count_fds(pid_t pid)
{
	char path[32];
	long n;

	snprintf(path, sizeof(path), "/proc/%d/fd", pid);
	n = count_and_close(opendir(path));
	return n < 0 ? 0 : (size_t)n;
}

/* Private_Dirty, in KiB. */
static size_t private_memory(pid_t pid)
{
	char path[40], text[4096];
	const char *line;

	snprintf(path, sizeof(path), "/proc/%d/smaps_rollup", pid);
	read_text(path, text, sizeof(text));
	line = strstr(text, "Private_Dirty:");
	return line ? strtoul(line + strlen("Private_Dirty:"), NULL, 10) : 0;
}

static void add_usage(pid_t pid, struct usage *usage)
{
	char path[64], text[256], *at = text, *end;
	long child;

	usage->fds += count_fds(pid);
	usage->memory += private_memory(pid) * KIB;
	snprintf(path, sizeof(path), "/proc/%d/task/%d/children", pid, pid);
	read_text(path, text, sizeof(text));
	while ((child = strtol(at, &end, 10)) > 0) {
		add_usage((pid_t)child, usage);
		at = end;
	}
}

struct usage daemon_usage(const struct daemon *daemon)
{
	struct usage usage = {0};

	add_usage(daemon->pid, &usage);
	assert_true(usage.fds > 0);
	return usage;
}

struct wanted {
	const struct daemon *daemon;
	size_t fds;
};

static bool has_few_fds(const void *arg)
{
	const struct wanted *wanted = arg;

	return daemon_usage(wanted->daemon).fds <= wanted->fds;
}

bool wait_for_fds(const struct daemon *daemon, size_t fds)
{
	const struct wanted wanted = {daemon, fds};

	return wait_until(has_few_fds, &wanted);
}

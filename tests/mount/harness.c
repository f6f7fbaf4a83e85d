/* SPDX-License-Identifier: MIT */
#include "harness.h"

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MAX_TESTS = 64 };

static struct harness the_harness;

static struct {
	const struct CMUnitTest *tests;
	size_t n;
	bool mounted;
	pid_t runner; /* the process that runs the cases */
	const struct CMUnitTest *current;
	bool has_passed; /* the current case; an assertion that fails leaves it */
} plan;

const struct harness *harness(void)
{
	return &the_harness;
}

static const char *join(const char *dir, const char *name)
{
	static char paths[8][PATH_MAX];
	static size_t next;
	char *path = paths[next++ % ARRAY_SIZE(paths)];

	snprintf(path, PATH_MAX, "%s/%s", dir, name);
	return path;
}

const char *in_mount(const char *path)
{
	return join(the_harness.daemon.mount, path);
}

const char *in_shm(const char *name)
{
	return join(SHM_DIR, name);
}

static int setup(void **state)
{
	struct harness *h = &the_harness;
	char mount_dir[64];

	(void)state;
	umask(022);
	make_dir(h->reference, h->base, "reference");
	assert_return_code(mount("tmpfs", h->reference, "tmpfs", 0, WORLD_SHM_OPTIONS), errno);
	if (plan.mounted) {
		make_dir(mount_dir, h->base, "mount");
		daemon_start(&h->daemon, mount_dir, NULL);
	}
	return 0;
}

static bool is_childless(const void *unused)
{
	(void)unused;
	return adopted_child() == 0;
}

/* Two mounts are ours: the directory of the test and the reference in it. */
static int count_mounts(void)
{
	char text[64 * KIB];
	int n = 0;

	read_text("/proc/self/mountinfo", text, sizeof(text));
	for (const char *p = text; (p = strstr(p, the_harness.base)); p++)
		n++;
	return n;
}

/* cmocka runs the cases in their order. */
static int begin_case(void **state)
{
	plan.current = plan.current ? plan.current + 1 : plan.tests;
	plan.has_passed = false;
	return plan.current->setup_func ? plan.current->setup_func(state) : 0;
}

static void run_case(void **state)
{
	plan.current->test_func(state);
	plan.has_passed = true;
}

/* A living child that is not the daemon; 0 if there is none. */
static pid_t left_child(void)
{
	char path[64], text[4096], *at = text, *end;
	long pid;

	snprintf(path, sizeof(path), "/proc/self/task/%d/children", (int)getpid());
	read_text(path, text, sizeof(text));
	while ((pid = strtol(at, &end, 10)) == the_harness.daemon.pid && pid > 0)
		at = end;
	return (pid_t)pid;
}

/*
 * A case that failed leaves its children and objects: the next cases must not fail because of them.
 * Each child that ends may leave children of its own, which this process adopts. An assertion that
 * fails in a child leads the child here: it must not go on with the next case.
 */
static int end_case(void **state)
{
	const CMFixtureFunction teardown = plan.current->teardown_func;
	int r;

	if (getpid() != plan.runner)
		_exit(1);
	r = teardown ? teardown(state) : 0;
	if (plan.has_passed)
		return r;
	for (pid_t pid; (pid = left_child()) > 0;) {
		kill(pid, SIGKILL);
		if (wait_child(pid) < 0)
			return -1;
	}
	sweep(SHM_DIR);
	return r;
}

/* The last test of every program. */
static void everything_ends_cleanly(void **state)
{
	struct harness *h = &the_harness;

	(void)state;
	if (plan.mounted)
		daemon_stop(&h->daemon);
	assert_true(wait_until(is_childless, NULL));
	assert_int_equal(count_mounts(), 2);
	assert_true(is_empty(SHM_DIR));
}

static int inside(const struct world *world)
{
	struct CMUnitTest all[MAX_TESTS] = {0};

	the_harness.base = world->base;
	plan.runner = getpid();
	memcpy(all, plan.tests, plan.n * sizeof(*all));
	for (size_t i = 0; i < plan.n; i++) {
		all[i].setup_func = begin_case;
		all[i].test_func = run_case;
		all[i].teardown_func = end_case;
	}
	all[plan.n] = (struct CMUnitTest)cmocka_unit_test(everything_ends_cleanly);
	return _cmocka_run_group_tests("mount", all, plan.n + 1, setup, NULL);
}

int harness_run(const struct CMUnitTest *tests, size_t n, bool mounted)
{
	if (n >= MAX_TESTS)
		return 1;
	plan.tests = tests;
	plan.n = n;
	plan.mounted = mounted;
	/* A shell's background job may have been told to ignore them, and hands that on. */
	signal(SIGHUP, SIG_DFL);
	signal(SIGINT, SIG_DFL);
	signal(SIGQUIT, SIG_DFL);
	return world_run(inside);
}

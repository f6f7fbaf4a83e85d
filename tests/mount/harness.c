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
	memcpy(all, plan.tests, plan.n * sizeof(*all));
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
	/* What is started in the background may have been told to ignore them, and hands that on.
	 */
	signal(SIGHUP, SIG_DFL);
	signal(SIGINT, SIG_DFL);
	signal(SIGQUIT, SIG_DFL);
	return world_run(inside);
}

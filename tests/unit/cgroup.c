/* SPDX-License-Identifier: MIT */
/* lib/cgroup: where a process is charged. tests/mount/charge.c moves processes. */
#include "unit.h"

#include "cgroup.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void test_paths(void **state)
{
	static const struct {
		const char *text;
		bool version1;
		const char *path; /* NULL: none */
	} cases[] = {
		{"0::/\n", false, "/"},
		{"0::/user.slice/user-1000.slice/session-1.scope\n", false,
			"/user.slice/user-1000.slice/session-1.scope"},
		{"9:name=systemd:/s\n4:memory:/a/b\n0::/c\n", true, "/a/b"},
		{"9:name=systemd:/s\n4:memory:/a/b\n0::/c\n", false, "/c"},
		{"3:cpu,memory,pids:/a:b\n", true, "/a:b"},
		{"3:cpu,memory_not:/a\n2:memory:/b\n", true, "/b"},
		{"1:memory:/", true, "/"},
		{"0::/c\n", true, NULL},
		{"4:memory:/a\n", false, NULL},
		{"0::/../outside\n", false, NULL},
		{"0::relative\n", false, NULL},
		{"0::\n", false, NULL},
		{"garbage\n", true, NULL},
		{"", false, NULL},
	};
	char path[PATH_MAX];

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		const int r = shmfs_cgroups_parse(cases[i].text, cases[i].version1, path);

		assert_int_equal(r, cases[i].path ? 0 : -ENOENT);
		if (cases[i].path)
			assert_string_equal(path, cases[i].path);
	}
}

static void test_long_paths(void **state)
{
	static char text[2 * PATH_MAX];
	char path[PATH_MAX];

	(void)state;
	for (size_t len = PATH_MAX - 2; len <= PATH_MAX + 1; len++) {
		snprintf(text, sizeof(text), "0::/%0*d\n", (int)len - 1, 0);
		assert_int_equal(
			shmfs_cgroups_parse(text, false, path), len < PATH_MAX ? 0 : -ENOENT);
		if (len < PATH_MAX)
			assert_int_equal(strlen(path), len);
	}
}

static void test_own_cgroup(void **state)
{
	struct shmfs_cgroups cgroups;
	char path[PATH_MAX];

	(void)state;
	if (shmfs_cgroups_open(&cgroups) < 0) {
		print_message("no memory cgroups are to be seen here\n");
		return;
	}
	assert_int_equal(shmfs_cgroups_find(&cgroups, getpid(), path), 0);
	assert_string_equal(path, cgroups.own);
	assert_int_equal(shmfs_cgroups_find(&cgroups, 0x7ffffff0, path), -ESRCH);
	assert_true(shmfs_cgroups_limit(&cgroups, cgroups.own) > 0);
	if (cgroups.may_move)
		assert_int_equal(shmfs_cgroups_move(&cgroups, getpid(), cgroups.own), 0);
	assert_true(shmfs_cgroups_move(&cgroups, getpid(), "/there/is/none") < 0);
	shmfs_cgroups_close(&cgroups);
	shmfs_cgroups_close(&cgroups);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_paths),
		cmocka_unit_test(test_long_paths),
		cmocka_unit_test(test_own_cgroup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

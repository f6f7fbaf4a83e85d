/* SPDX-License-Identifier: MIT */
/*
 * A daemon that may have few descriptors: opens beyond that are refused with an error that says so,
 * what is open works on, nothing is leaked, and there is room again when some are closed.
 */
#include "usage.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

enum { LIMIT = 64, TRIES = 200, ROUNDS = 3 };

static struct daemon daemon_with_few;

/* Returns how many could be opened. */
static int open_many(int fds[TRIES])
{
	int n = 0;

	for (int i = 0; i < TRIES; i++) {
		char path[96];
		int fd;

		snprintf(path, sizeof(path), "%s/o-%d", daemon_with_few.mount, i);
		fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
		if (fd < 0)
			assert_true(errno == EMFILE || errno == ENFILE);
		else
			fds[n++] = fd;
	}
	return n;
}

static void use_them(const int fds[TRIES], int n)
{
	for (int i = 0; i < n; i++) {
		int got = -1;

		assert_int_equal(pwrite(fds[i], &i, sizeof(i), 0), sizeof(i));
		assert_int_equal(pread(fds[i], &got, sizeof(got), 0), sizeof(got));
		assert_int_equal(got, i);
	}
}

/* What need not be opened. */
static void use_names(void)
{
	char path[96], other[96];
	struct stat st;

	snprintf(path, sizeof(path), "%s/o-0", daemon_with_few.mount);
	snprintf(other, sizeof(other), "%s/other", daemon_with_few.mount);
	assert_return_code(stat(path, &st), errno);
	assert_return_code(rename(path, other), errno);
	assert_return_code(rename(other, path), errno);
	assert_return_code(chmod(path, 0640), errno);
}

static void few_descriptors(void **state)
{
	static int fds[TRIES];
	struct usage before;
	int n = 0, first = 0;

	(void)state;
	n = open_many(fds);
	while (n > 0)
		close(fds[--n]);
	sweep(daemon_with_few.mount);
	before = daemon_usage(&daemon_with_few);
	for (int round = 0; round < ROUNDS; round++) {
		n = open_many(fds);
		assert_in_range(n, 10, TRIES - 1);
		assert_true(round == 0 || n == first);
		first = n;
		use_them(fds, n);
		close(fds[--n]);
		close(fds[--n]);
		use_names();
		while (n > 0)
			close(fds[--n]);
		sweep(daemon_with_few.mount);
		assert_true(wait_for_fds(&daemon_with_few, before.fds));
	}
	print_message("# descriptors: %d allowed, %d objects open\n", LIMIT, first);
}

static void start_with_few(void **state)
{
	const struct rlimit few = {LIMIT, LIMIT};
	struct rlimit many;
	char dir[64];

	(void)state;
	make_dir(dir, harness()->base, "few");
	getrlimit(RLIMIT_NOFILE, &many);
	setrlimit(RLIMIT_NOFILE, &few);
	daemon_start(&daemon_with_few, dir, NULL);
	setrlimit(RLIMIT_NOFILE, &many);
}

static void end_with_few(void **state)
{
	(void)state;
	daemon_stop(&daemon_with_few);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(start_with_few),
		cmocka_unit_test(few_descriptors),
		cmocka_unit_test(end_with_few),
	};

	return RUN_BARE(tests);
}

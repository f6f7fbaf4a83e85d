/* SPDX-License-Identifier: MIT */
/*
 * A daemon that may have few descriptors: opens beyond that are refused with an error that says so,
 * open objects work on, no descriptor leaks, and each close makes room for an open.
 */
#include "usage.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

enum { LIMIT = 64, TRIES = 200, ROUNDS = 3, NAMES = 3000 };

static struct daemon daemon_with_few;

/* Returns how many could be opened; -errno: there was another error. */
static int open_many(int fds[TRIES])
{
	int n = 0;

	for (int i = 0; i < TRIES; i++) {
		char path[96];
		int fd;

		snprintf(path, sizeof(path), "%s/o-%d", daemon_with_few.mount,
			(int)getuid() * 1000 + i);
		fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
		if (fd < 0 && errno != EMFILE && errno != ENFILE)
			return -errno;
		if (fd >= 0)
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

/* Calls that open no object. */
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

/* So many that the table of known nodes has to grow while there is no descriptor left. */
static void make_known(void)
{
	char path[96];

	for (int i = 0; i < NAMES; i++) {
		snprintf(path, sizeof(path), "%s/known-%d", daemon_with_few.mount, i);
		assert_return_code(mknod(path, S_IFREG | 0600, 0), errno);
	}
}

static void expect_said_once(const char *text)
{
	char log[8 * KIB];
	const char *found;

	read_text(daemon_with_few.log, log, sizeof(log));
	found = strstr(log, text);
	if (!found || strstr(found + 1, text))
		fail_msg("not said once: %s: %s", text, log);
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
	n = open_many(fds);
	make_known();
	while (n > 0)
		close(fds[--n]);
	sweep(daemon_with_few.mount);
	expect_said_once("descriptors are in use");
	print_message("# descriptors: %d allowed, %d objects open\n", LIMIT, first);
}

/* In a process of its own: opens as many as it can, and waits to be killed. */
static pid_t open_all_as(struct who who, int ready)
{
	int fds[TRIES], n;
	const pid_t pid = fork();

	if (pid != 0)
		return pid;
	n = who_become(who) < 0 ? -1 : open_many(fds);
	if (write(ready, &n, sizeof(n)) == sizeof(n))
		pause();
	_exit(0);
}

/* Each round halves the descriptors that are left, and names can be used all the time. */
static void users_leave_some(void **state)
{
	const struct who users[] = {ALICE, BOB, NOBODY};
	pid_t pids[ARRAY_SIZE(users)];
	int ready[2], n, last = LIMIT;
	char wanted[96];
	const struct usage before = daemon_usage(&daemon_with_few);

	(void)state;
	assert_return_code(pipe2(ready, O_CLOEXEC), errno);
	for (size_t i = 0; i < ARRAY_SIZE(users); i++) {
		pids[i] = open_all_as(users[i], ready[1]);
		assert_return_code(pids[i], errno);
		assert_int_equal(read(ready[0], &n, sizeof(n)), sizeof(n));
		assert_in_range(n, 1, last / 2);
		last = n + 1;
	}
	close(ready[0]);
	close(ready[1]);
	snprintf(wanted, sizeof(wanted), "users above their share: %u %u %u", users[0].uid,
		users[1].uid, users[2].uid);
	daemon_expect_status(&daemon_with_few, wanted);
	assert_int_equal(count_and_close(opendir(daemon_with_few.mount)) > 0, true);
	for (size_t i = 0; i < ARRAY_SIZE(users); i++) {
		kill(pids[i], SIGKILL);
		assert_int_equal(wait_child(pids[i]), SIGKILL);
	}
	sweep(daemon_with_few.mount);
	assert_true(wait_for_fds(&daemon_with_few, before.fds));
	expect_said_once("has objects open that take");
}

static void start(const char *const args[])
{
	const struct rlimit few = {LIMIT, LIMIT};
	struct rlimit many;
	char dir[64];

	make_dir(dir, harness()->base, "few");
	who_keep_limits();
	getrlimit(RLIMIT_NOFILE, &many);
	setrlimit(RLIMIT_NOFILE, &few);
	daemon_start(&daemon_with_few, dir, args);
	setrlimit(RLIMIT_NOFILE, &many);
}

static void start_with_few(void **state)
{
	(void)state;
	start(NULL);
}

static void start_alone_with_few(void **state)
{
	(void)state;
	start((const char *const[]){"-o", "nokeeper", NULL});
}

static void end_with_few(void **state)
{
	(void)state;
	daemon_stop(&daemon_with_few);
	assert_return_code(rmdir(daemon_with_few.mount), errno);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(start_with_few),
		cmocka_unit_test(few_descriptors),
		cmocka_unit_test(users_leave_some),
		cmocka_unit_test(end_with_few),
		cmocka_unit_test(start_alone_with_few),
		cmocka_unit_test(few_descriptors),
		cmocka_unit_test(users_leave_some),
		cmocka_unit_test(end_with_few),
	};

	return RUN_BARE(tests);
}

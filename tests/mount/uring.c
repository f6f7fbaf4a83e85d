/* SPDX-License-Identifier: MIT */
/* Requests through io_uring, where the kernel offers that: see with_uring -a. */
#include "harness.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static const char *const uring[] = {"-o", "io_uring", NULL};

static bool is_offered(void)
{
	const int fd = open("/sys/module/fuse/parameters/enable_uring", O_RDONLY | O_CLOEXEC);
	char said = 'N';

	if (fd >= 0 && read(fd, &said, 1) != 1)
		said = 'N';
	if (fd >= 0)
		close(fd);
	return said == 'Y';
}

static bool works(void)
{
	return HAVE_URING && is_offered();
}

static void it_is_used_or_told_why_not(void **state)
{
	struct daemon daemon;
	char dir[64], log[8 * KIB];

	(void)state;
	make_dir(dir, harness()->base, "status");
	daemon_start(&daemon, dir, uring);
	assert_int_equal(daemon_worker(&daemon), 0);
	daemon_expect_status(&daemon, works() ? "requests: io_uring" : "requests: /dev/fuse");
	read_text(daemon.log, log, sizeof(log));
	assert_true(works() == !strstr(log, "io_uring is not used: "));
	daemon_stop(&daemon);
	daemon_start(&daemon, dir, (const char *const[]){"-o", "nokeeper", NULL});
	daemon_expect_status(&daemon, "requests: /dev/fuse");
	daemon_stop(&daemon);
}

static void what_excludes_it(void **state)
{
	static const char *const others[][2] = {{"-o", "keeper"}, {"-s", "-f"}};
	struct outcome o;
	char dir[64];

	(void)state;
	make_dir(dir, harness()->base, "excluded");
	for (size_t i = 0; i < ARRAY_SIZE(others); i++) {
		run(&o, (const char *const[]){daemon_path(), others[i][0], others[i][1], "-o",
				"io_uring", dir, NULL});
		assert_int_equal(o.status, 1);
		assert_non_null(strstr(o.err, "exclude each other"));
	}
}

enum { OBJECTS = 500 };

static _Noreturn void keep_moving(const char *dir)
{
	char names[2][80];

	snprintf(names[0], sizeof(names[0]), "%s/here", dir);
	snprintf(names[1], sizeof(names[1]), "%s/there", dir);
	for (int from = access(names[0], F_OK) == 0 ? 0 : 1;; from = !from)
		if (rename(names[from], names[!from]) < 0)
			_exit(0);
}

static size_t count_objects(const char *below)
{
	char path[96];
	struct stat st;
	size_t n = 0;

	for (int i = 0; i < OBJECTS; i++) {
		snprintf(path, sizeof(path), SHM_DIR "/%s%%2F%d", below, i);
		n += stat(path, &st) == 0;
	}
	return n;
}

static bool has_moved(const void *marker)
{
	struct stat st;

	return stat(marker, &st) == 0;
}

/* The process ends, and the threads of io_uring with it: but not between two steps of a move. */
static void a_signal_ends_it_between_moves(void **state)
{
	struct daemon daemon;
	char dir[64], path[96];
	pid_t pid;

	(void)state;
	make_dir(dir, harness()->base, "moves");
	daemon_start(&daemon, dir, uring);
	snprintf(path, sizeof(path), "%s/here", dir);
	assert_return_code(mkdir(path, 0755), errno);
	for (int i = 0; i < OBJECTS; i++) {
		snprintf(path, sizeof(path), "%s/here/%d", dir, i);
		write_file(path, "x", 1);
	}
	for (int round = 0; round < 10; round++) {
		const char *goal;
		size_t here, there;

		if (round > 0)
			daemon_start(&daemon, dir, uring);
		goal = has_moved(SHM_DIR "/here%2F") ? SHM_DIR "/there%2F" : SHM_DIR "/here%2F";
		pid = fork();
		if (pid == 0)
			keep_moving(dir);
		assert_true(wait_until(has_moved, goal));
		assert_return_code(kill(daemon.pid, SIGTERM), errno);
		daemon_expect_end(&daemon);
		assert_int_equal(wait_child(pid), 0);
		here = count_objects("here");
		there = count_objects("there");
		assert_int_equal(here + there, OBJECTS);
		assert_true(here == 0 || there == 0);
	}
	sweep(SHM_DIR);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_is_used_or_told_why_not),
		cmocka_unit_test(what_excludes_it),
		cmocka_unit_test(a_signal_ends_it_between_moves),
	};

	/* The last one is about io_uring alone. */
	return harness_run(tests, works() ? ARRAY_SIZE(tests) : ARRAY_SIZE(tests) - 1, false);
}

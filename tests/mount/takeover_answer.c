/* SPDX-License-Identifier: MIT */
/*
 * The worker dies when it has served a request and before it has answered (die.c), at each of the
 * requests that a call consists of. Then the next one gets the request again, and must not do it
 * twice, nor refuse it. SHMFS_TEST_DIE_PRELOAD: the path of die.c as a library.
 */
#include "../calls/table.h"
#include "worker.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

enum { FD_FLAGS = O_RDWR | O_CREAT | O_CLOEXEC, REQUESTS_MAX = 9 };

static struct daemon daemon_under_test;
static atomic_int *countdown;

/* --- closing --- */

static long close_it(void)
{
	const int r = close(opened);

	opened = -1;
	return r;
}

static void still_opens(void)
{
	assert_int_equal(first_byte("a"), 'a');
}

static void open_a_twice(void)
{
	open_a();
	other = open("a", O_RDWR | O_CLOEXEC);
	assert_return_code(other, errno);
	assert_return_code(unlink("a"), errno);
}

/* The object has no name: only open descriptors lead to it. */
static void other_is_open(void)
{
	char byte;

	worker_use(&daemon_under_test);
	assert_int_equal(pread(other, &byte, 1, 0), 1);
	assert_return_code(ftruncate(other, 5), errno);
	assert_return_code(fchmod(other, 0600), errno);
}

static const struct script closes[] = {
	{"close", open_a, close_it, still_opens},
	{"close one of two", open_a_twice, close_it, other_is_open},
};

static const struct script_table closing = {closes, ARRAY_SIZE(closes)};

/* --- dying --- */

/* Objects without a name go with their last descriptor: one that is counted twice stays. */
static bool is_given_back(const void *arg)
{
	const struct statvfs *before = arg;
	struct statvfs now;

	worker_use(&daemon_under_test);
	return statvfs(SHM_DIR, &now) == 0 && now.f_ffree >= before->f_ffree &&
	       now.f_bfree >= before->f_bfree;
}

/* Whether the worker died. */
static bool run_script(const struct script *script, int nth)
{
	struct statvfs before;
	long r;
	int error;
	bool died;

	worker_use(&daemon_under_test);
	assert_return_code(statvfs(SHM_DIR, &before), errno);
	script->before();
	atomic_store(countdown, nth);
	r = script->call();
	error = errno;
	/* The answer to a close(2) is not waited for. */
	worker_use(&daemon_under_test);
	died = atomic_exchange(countdown, 0) == 0;
	if (r < 0)
		fail_msg("%s, dead at answer %d: %s", script->name, nth, strerror(error));
	script->after();
	scripts_clean_up();
	if (!wait_until(is_given_back, &before))
		fail_msg("%s, dead at %d: not all is given back", script->name, nth);
	return died;
}

static void die_in_each(const struct script_table *table)
{
	for (size_t i = 0; i < table->count; i++)
		for (int request = 1; request <= REQUESTS_MAX; request++) {
			assert_true(run_script(&table->scripts[i], request));
			assert_true(is_empty(SHM_DIR));
		}
}

/* As many as there are in the call, and some of those that follow it. */
static void a_request_is_done_once(void **state)
{
	(void)state;
	assert_true(has_keeper(&daemon_under_test));
	for (size_t t = 0; t < SCRIPT_TABLES; t++)
		die_in_each(script_tables[t]);
	die_in_each(&closing);
}

/* Each worker that serves it dies of it: other requests are served, and the mount does not end. */
static void what_kills_is_refused(void **state)
{
	(void)state;
	assert_true(has_keeper(&daemon_under_test));
	close(open_in(".", "a", FD_FLAGS));
	worker_use(&daemon_under_test);
	atomic_store(&countdown[1], 1);
	EXPECT_ERROR(rename("a", "b"), EIO);
	atomic_store(&countdown[1], 0);
	assert_return_code(rename("a", "b"), errno);
	assert_return_code(unlink("b"), errno);
}

static int map_countdown(const char *path)
{
	const int fd = open(path, FD_FLAGS, 0666);

	assert_return_code(fd, errno);
	assert_return_code(ftruncate(fd, 4096), errno);
	countdown = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	close(fd);
	return countdown == MAP_FAILED ? -1 : 0;
}

static int begin(void **state)
{
	const char *library = getenv("SHMFS_TEST_DIE_PRELOAD");
	const char *data_path = getenv("SHMFS_TEST_DATA_PATH");
	char dir[64], path[64];

	(void)state;
	if (!library)
		return -1;
	snprintf(dir, sizeof(dir), "%s/mount", harness()->base);
	mkdir(dir, 0755);
	snprintf(path, sizeof(path), "%s/die", harness()->base);
	if (map_countdown(path) < 0)
		return -1;
	daemon_path();
	setenv("SHMFS_TEST_DIE", path, 1);
	setenv("LD_PRELOAD", library, 1);
	daemon_start(&daemon_under_test, dir,
		(const char *const[]){"-o", data_path ? data_path : "passthrough=auto", NULL});
	unsetenv("LD_PRELOAD");
	return chdir(dir);
}

static int end(void **state)
{
	(void)state;
	assert_return_code(chdir("/"), errno);
	daemon_stop(&daemon_under_test);
	munmap(countdown, 4096);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_request_is_done_once, begin, end),
		cmocka_unit_test_setup_teardown(what_kills_is_refused, begin, end),
	};

	if (keeper_obstacle())
		return world_skip(keeper_obstacle());
	return RUN_BARE(tests);
}

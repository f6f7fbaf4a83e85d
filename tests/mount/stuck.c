/* SPDX-License-Identifier: MIT */
/*
 * One user holds the locks of own objects from outside (hold.h), so that requests for them wait in
 * the kernel: all other requests go on, and a worker that the kernel does not let go holds up
 * nothing.
 */
#include "harness.h"
#include "hold.h"
#include "worker.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* More requests than one user has threads. */
enum { STUCK = 24 };

enum { SIZE = 100000 };

/* How long an end may take, in s. */
#define END_MAX 2.0

static struct daemon daemon_under_test;
static pid_t holders[STUCK], callers[STUCK];

static void name_stuck(char *ret_name, int i)
{
	sprintf(ret_name, "stuck%d", i);
}

/* A request that waits for the lock, and that no signal ends while it is being served. */
static pid_t call(const char *path)
{
	const pid_t pid = fork();
	int fd;

	assert_return_code(pid, errno);
	if (pid > 0)
		return pid;
	if (who_become(ALICE) < 0)
		_exit(255);
	fd = open(path, O_RDWR | O_CLOEXEC);
	_exit(fd < 0 || fallocate(fd, 0, 0, SIZE) < 0 ? errno : 0);
}

/* The first ones wait in the object, the rest for a thread. */
static bool is_waiting(const void *arg)
{
	char path[64], text[32] = "";
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/syscall", (int)*(const pid_t *)arg);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	if (read(fd, text, sizeof(text) - 1) < 0)
		text[0] = '\0';
	close(fd);
	return text[0] >= '0' && text[0] <= '9' &&
	       (atoi(text) == SYS_fallocate || atoi(text) == SYS_openat);
}

static void stick(int count)
{
	char name[32], path[96];

	for (int i = 0; i < count; i++) {
		name_stuck(name, i);
		holders[i] = hold_start(in_shm(name), ALICE);
		assert_true(holders[i] > 0);
		snprintf(path, sizeof(path), "%s/%s", daemon_under_test.mount, name);
		callers[i] = call(path);
		assert_true(wait_until(is_waiting, &callers[i]));
	}
}

/* The requests are served after all. */
static void let_go(int count)
{
	struct stat st;
	char name[32];

	for (int i = 0; i < count; i++)
		hold_end(holders[i]);
	for (int i = 0; i < count; i++) {
		assert_int_equal(wait_child(callers[i]), 0);
		name_stuck(name, i);
		assert_return_code(stat(in_shm(name), &st), errno);
		assert_int_equal(st.st_size, SIZE);
	}
}

static void start(void)
{
	char dir[64];

	make_dir(dir, harness()->base, "m");
	daemon_start(&daemon_under_test, dir, NULL);
}

static void clean_up(void)
{
	assert_return_code(rmdir(daemon_under_test.mount), errno);
	sweep(SHM_DIR);
}

/* Another user makes the calls of usual programs; asserts. */
static void use(void)
{
	char path[96], other[96], byte;
	struct stat st;
	int fd;

	snprintf(path, sizeof(path), "%s/used", daemon_under_test.mount);
	snprintf(other, sizeof(other), "%s/other", daemon_under_test.mount);
	fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	assert_return_code(fd, errno);
	assert_int_equal(write(fd, "x", 1), 1);
	assert_int_equal(pread(fd, &byte, 1, 0), 1);
	assert_return_code(fstat(fd, &st), errno);
	assert_return_code(ftruncate(fd, SIZE), errno);
	assert_return_code(close(fd), errno);
	assert_return_code(rename(path, other), errno);
	assert_return_code(unlink(other), errno);
	assert_return_code(mkdir(path, 0700), errno);
	assert_return_code(rmdir(path), errno);
}

static void others_go_on(void **state)
{
	(void)state;
	start();
	stick(STUCK);
	for (int i = 0; i < 20; i++)
		use();
	let_go(STUCK);
	daemon_stop(&daemon_under_test);
	clean_up();
}

/* The last ones have no thread: they can be killed, and the rest keep their order. */
static void what_waits_can_be_killed(void **state)
{
	(void)state;
	start();
	stick(STUCK);
	assert_return_code(kill(callers[STUCK - 1], SIGKILL), errno);
	assert_int_equal(wait_child(callers[STUCK - 1]), SIGKILL);
	hold_end(holders[STUCK - 1]);
	use();
	let_go(STUCK - 1);
	daemon_stop(&daemon_under_test);
	clean_up();
}

static void the_next_worker_serves_beside(void **state)
{
	pid_t worker;

	(void)state;
	start();
	if (!has_keeper(&daemon_under_test)) {
		daemon_stop(&daemon_under_test);
		clean_up();
		return;
	}
	stick(3);
	for (int i = 0; i < 2; i++) {
		use();
		worker_use(&daemon_under_test);
		worker = worker_of(&daemon_under_test);
		assert_return_code(kill(worker, SIGKILL), errno);
		use();
		/* It cannot be killed, and is still there. */
		assert_return_code(kill(worker, 0), errno);
	}
	let_go(3);
	use();
	daemon_stop(&daemon_under_test);
	clean_up();
}

static bool is_unmounted(const void *daemon)
{
	return !is_mount_point(((const struct daemon *)daemon)->mount);
}

/* A process of its own that serves without a keeper ends when the kernel lets go of it. */
static void expect_end_in_time(double begun, bool keeper)
{
	if (keeper)
		daemon_expect_end(&daemon_under_test);
	else
		assert_true(wait_until(is_unmounted, &daemon_under_test));
	assert_true(seconds_now() - begun < END_MAX);
	for (int i = 0; i < 3; i++) {
		hold_end(holders[i]);
		wait_child(callers[i]);
	}
	if (!keeper)
		daemon_expect_end(&daemon_under_test);
	clean_up();
}

static void the_end_comes_in_time(void **state)
{
	double begun;
	bool keeper;

	(void)state;
	start();
	keeper = has_keeper(&daemon_under_test);
	stick(3);
	begun = seconds_now();
	assert_return_code(kill(daemon_under_test.pid, SIGTERM), errno);
	expect_end_in_time(begun, keeper);
}

static void unmounting_ends_in_time(void **state)
{
	double begun;
	bool keeper;

	(void)state;
	start();
	keeper = has_keeper(&daemon_under_test);
	stick(3);
	begun = seconds_now();
	assert_return_code(umount2(daemon_under_test.mount, MNT_DETACH | MNT_FORCE), errno);
	expect_end_in_time(begun, keeper);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(others_go_on),
		cmocka_unit_test(what_waits_can_be_killed),
		cmocka_unit_test(the_next_worker_serves_beside),
		cmocka_unit_test(the_end_comes_in_time),
		cmocka_unit_test(unmounting_ends_in_time),
	};

	if (!can_hold())
		return world_skip("there is no userfaultfd(2)");
	return RUN_BARE(tests);
}

/* SPDX-License-Identifier: MIT */
/*
 * Workers that cannot start: each dies at its first answer, to FUSE_INIT (die.c). That has to come
 * to an end. SHMFS_TEST_DIE_PRELOAD: the path of die.c as a library.
 */
#include "harness.h"
#include "worker.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { DEATHS = 10 }; /* that a keeper bears */

static atomic_int *map_countdown(void)
{
	const int fd = open_in(harness()->base, "die", O_RDWR | O_CREAT);
	atomic_int *map;

	assert_return_code(ftruncate(fd, 4096), errno);
	map = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	assert_ptr_not_equal(map, MAP_FAILED);
	close(fd);
	return map;
}

static void preload(void)
{
	char path[80];

	snprintf(path, sizeof(path), "%s/die", harness()->base);
	daemon_path();
	setenv("SHMFS_TEST_DIE", path, 1);
	setenv("LD_PRELOAD", getenv("SHMFS_TEST_DIE_PRELOAD"), 1);
}

static void start(struct daemon *ret)
{
	char dir[64];

	make_dir(dir, harness()->base, "mount");
	preload();
	daemon_start(ret, dir, NULL);
	unsetenv("LD_PRELOAD");
}

static int count_deaths(const struct daemon *daemon)
{
	char log[16 * KIB];
	int n = 0;

	read_text(daemon->log, log, sizeof(log));
	for (const char *p = log; (p = strstr(p, "the worker was ended by signal")); p++)
		n++;
	return n;
}

static void what_cannot_start_is_given_up(void **state)
{
	atomic_int *const countdown = map_countdown();
	struct daemon daemon;

	(void)state;
	start(&daemon);
	assert_true(has_keeper(&daemon));
	worker_use(&daemon);
	atomic_store(countdown, -1);
	assert_return_code(kill(worker_of(&daemon), SIGKILL), errno);
	assert_int_equal(wait_child(daemon.pid), 1 << 8);
	assert_false(is_mount_point(daemon.mount));
	/* The first one had answered. */
	assert_int_equal(count_deaths(&daemon), 1 + DEATHS);
	munmap(countdown, 4096);
}

/* There is no next one, and no mount: one line tells why. */
static void the_first_one_cannot_start(void **state)
{
	atomic_int *const countdown = map_countdown();
	struct outcome o;
	char dir[64];

	(void)state;
	make_dir(dir, harness()->base, "first");
	atomic_store(countdown, 1);
	preload();
	run(&o, (const char *const[]){daemon_path(), dir, NULL});
	unsetenv("LD_PRELOAD");
	assert_int_equal(o.status, EXIT_FAILURE);
	assert_string_equal(
		o.err, "shmfs: the first worker was ended by signal 9 before it served\n");
	assert_false(is_mount_point(dir));
	munmap(countdown, 4096);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_cannot_start_is_given_up),
		cmocka_unit_test(the_first_one_cannot_start),
	};

	if (keeper_obstacle())
		return world_skip(keeper_obstacle());
	return RUN_BARE(tests);
}

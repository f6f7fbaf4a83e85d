/* SPDX-License-Identifier: MIT */
/*
 * Several clients, each of which knows what every call has to return, while the worker is killed at
 * random moments. SHMFS_TEST_KILLS: how often.
 */
#include "harness.h"
#include "takeover_client.h"
#include "worker.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

enum { CLIENTS = 5, KILLS = 40 };

/* Milliseconds between two kills. */
enum { PAUSE_MIN = 10, PAUSE_RANGE = 120 };

/* It depends on the data path. */
static bool can_map(const char *mount)
{
	char path[80];
	void *map;
	int fd;

	snprintf(path, sizeof(path), "%s/probe", mount);
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	assert_return_code(fd, errno);
	map = mmap(NULL, 1, PROT_READ, MAP_SHARED, fd, 0);
	if (map != MAP_FAILED)
		munmap(map, 1);
	close(fd);
	assert_return_code(unlink(path), errno);
	return map != MAP_FAILED;
}

static pid_t start_client(int i, uint32_t seed, bool mmap, struct tally *tally)
{
	const pid_t pid = fork();
	char dir[80];

	assert_return_code(pid, errno);
	if (pid > 0)
		return pid;
	snprintf(dir, sizeof(dir), "%s/c%d", harness()->daemon.mount, i);
	client_run(dir, seed, mmap, tally);
	_exit(0);
}

static void kill_worker(uint32_t *random)
{
	const struct timespec pause = {
		.tv_nsec = (long)(PAUSE_MIN + next_random(random) % PAUSE_RANGE) * 1000000 +
			   (long)(next_random(random) % 1000000)};
	pid_t worker;

	worker_of(&harness()->daemon);
	nanosleep(&pause, NULL);
	worker = daemon_worker(&harness()->daemon);
	if (worker > 0)
		kill(worker, next_random(random) % 4 == 0 ? SIGSEGV : SIGKILL);
}

static void programs_notice_nothing(void **state)
{
	const bool mappable = can_map(harness()->daemon.mount);
	const int kills = (int)number_of("SHMFS_TEST_KILLS", KILLS);
	struct tally *tally = mmap(
		NULL, sizeof(*tally), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	uint32_t random = (uint32_t)time(NULL);
	pid_t clients[CLIENTS];

	(void)state;
	assert_true(has_keeper(&harness()->daemon));
	assert_ptr_not_equal(tally, MAP_FAILED);
	print_message("# seed %u\n", random);
	for (int i = 0; i < CLIENTS; i++)
		clients[i] = start_client(i, random + (uint32_t)i, mappable, tally);
	for (int i = 0; i < kills && atomic_load(&tally->errors) + atomic_load(&tally->wrong) == 0;
		i++)
		kill_worker(&random);
	atomic_store(&tally->stop, true);
	for (int i = 0; i < CLIENTS; i++)
		assert_int_equal(wait_child(clients[i]), 0);
	print_message("# %d clients, %lu steps checked, %d kills, %lu errors, %lu wrong results, "
		      "longest pause %.1f ms\n",
		CLIENTS, atomic_load(&tally->calls), kills, atomic_load(&tally->errors),
		atomic_load(&tally->wrong), (double)atomic_load(&tally->longest_us) / 1000);
	assert_int_equal(atomic_load(&tally->errors), 0);
	assert_int_equal(atomic_load(&tally->wrong), 0);
	assert_true(atomic_load(&tally->calls) > 0);
	munmap(tally, sizeof(*tally));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(programs_notice_nothing),
	};

	if (keeper_obstacle())
		return world_skip(keeper_obstacle());
	daemon_may_crash();
	return RUN_MOUNTED(tests);
}

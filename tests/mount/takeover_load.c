/* SPDX-License-Identifier: MIT */
/*
 * Several clients, each of which knows the right result of every call, while the worker is killed
 * at random moments: after so many steps of the clients, however long these take. SHMFS_TEST_KILLS:
 * how many of them are to die, SHMFS_TEST_BUSY: how many processes keep the machine busy.
 */
#include "harness.h"
#include "takeover_client.h"
#include "worker.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

enum { CLIENTS = 5, KILLS = 25, BUSY_MAX = 64 };

/*
 * Steps between two kills. The last step of each client may have been counted late, and each worker
 * is to answer something. On a busy machine steps take long, and a young worker is the subject.
 */
enum { STEPS_MIN = 2 * CLIENTS, STEPS_RANGE = 2000, STEPS_RANGE_BUSY = 100 };

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

static void keep_busy(pid_t pids[], size_t n)
{
	for (size_t i = 0; i < n; i++) {
		pids[i] = fork();
		assert_return_code(pids[i], errno);
		while (pids[i] == 0)
			;
	}
}

struct goal {
	const struct tally *tally;
	unsigned long calls;
};

static bool has_failed(const struct tally *tally)
{
	return atomic_load(&tally->errors) + atomic_load(&tally->wrong) > 0;
}

static bool is_reached(const void *arg)
{
	const struct goal *goal = arg;

	return atomic_load(&goal->tally->calls) >= goal->calls || has_failed(goal->tally);
}

static void kill_worker(const struct tally *tally, uint32_t range, uint32_t *random)
{
	const struct goal goal = {
		tally, atomic_load(&tally->calls) + STEPS_MIN + next_random(random) % range};
	pid_t worker;

	assert_true(wait_until(is_reached, &goal));
	worker = worker_of(&harness()->daemon);
	/* Its keeper may just be replacing it. */
	if (kill(worker, next_random(random) % 4 == 0 ? SIGSEGV : SIGKILL) == 0)
		worker_await_next(&harness()->daemon, worker);
}

/* Deaths of workers, as their keeper tells them: not every signal ends one. */
static int count_deaths(void)
{
	static char log[1 << 20];
	int n = 0;

	read_text(harness()->daemon.log, log, sizeof(log));
	for (const char *p = log; (p = strstr(p, "the worker was ended by signal")); p++)
		n++;
	return n;
}

static void programs_notice_nothing(void **state)
{
	const bool mappable = can_map(harness()->daemon.mount);
	const int kills = (int)number_of("SHMFS_TEST_KILLS", KILLS);
	struct tally *tally = mmap(
		NULL, sizeof(*tally), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	uint32_t random = (uint32_t)time(NULL);
	const size_t busy = number_of("SHMFS_TEST_BUSY", 0);
	pid_t clients[CLIENTS], others[BUSY_MAX];
	int deaths = 0;

	(void)state;
	assert_in_range(busy, 0, BUSY_MAX);
	assert_true(has_keeper(&harness()->daemon));
	assert_ptr_not_equal(tally, MAP_FAILED);
	print_message("# seed %u\n", random);
	for (int i = 0; i < CLIENTS; i++)
		clients[i] = start_client(i, random + (uint32_t)i, mappable, tally);
	keep_busy(others, busy);
	for (; deaths < kills && !has_failed(tally); deaths = count_deaths())
		kill_worker(tally, busy > 0 ? STEPS_RANGE_BUSY : STEPS_RANGE, &random);
	atomic_store(&tally->stop, true);
	for (int i = 0; i < CLIENTS; i++)
		assert_int_equal(wait_child(clients[i]), 0);
	for (size_t i = 0; i < busy; i++) {
		kill(others[i], SIGKILL);
		assert_int_equal(wait_child(others[i]), SIGKILL);
	}
	print_message("# %d clients, %lu steps checked, %d deaths of the worker, %lu errors, "
		      "%lu wrong results, longest pause %.1f ms\n",
		CLIENTS, atomic_load(&tally->calls), deaths, atomic_load(&tally->errors),
		atomic_load(&tally->wrong), (double)atomic_load(&tally->longest_us) / 1000);
	assert_int_equal(atomic_load(&tally->errors), 0);
	assert_int_equal(atomic_load(&tally->wrong), 0);
	assert_true(atomic_load(&tally->calls) > 0);
	assert_true(deaths >= kills);
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

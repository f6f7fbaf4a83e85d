/* SPDX-License-Identifier: MIT */
/*
 * Clients that are killed in the middle of what they do, that stop, that are thousands, or whose
 * calls are interrupted: the daemon goes on, and in the end holds nothing for them.
 */
#include "usage.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <unistd.h>

enum { CLIENTS = 4, ROUNDS = 50, THREADS = 2000, NAMES = 4, LONGEST = 4 << 20, CALLS = 3000 };

/* Of the daemon, when it has been used a little. */
static struct usage usual;

static char bytes[LONGEST];

static void path_of(char *ret, size_t size, uint32_t random)
{
	snprintf(ret, size, "%s/d/client-%u", harness()->daemon.mount, random % NAMES);
}

/* Everything that may be under way when the end comes. */
static void use_mount(uint32_t *seed)
{
	char path[96], other[96];
	const size_t len = 1 + next_random(seed) % LONGEST;
	DIR *d;
	int fd;

	path_of(path, sizeof(path), next_random(seed));
	path_of(other, sizeof(other), next_random(seed));
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (pwrite(fd, bytes, len, 0) < 0 || pread(fd, bytes, len, 0) < 0)
		errno = 0;
	if (next_random(seed) % 4 == 0)
		rename(path, other);
	if (next_random(seed) % 4 == 0)
		unlink(path);
	d = opendir(harness()->daemon.mount);
	while (d && readdir(d))
		;
	if (d)
		closedir(d);
	if (next_random(seed) % 2 == 0)
		close(fd);
}

static pid_t start_client(uint32_t seed)
{
	const pid_t pid = fork();

	assert_return_code(pid, errno);
	if (pid == 0)
		for (;;)
			use_mount(&seed);
	return pid;
}

static void pause_us(useconds_t us)
{
	usleep(us); /* not waiting for anything: the moment is to be a random one */
}

/* As many processes again and again. */
static void rounds_of_clients(uint32_t *seed, bool stop)
{
	pid_t pids[CLIENTS];

	for (int i = 0; i < CLIENTS; i++)
		pids[i] = start_client(next_random(seed) | 1);
	pause_us(1000 + next_random(seed) % 20000);
	for (int i = 0; stop && i < CLIENTS; i++)
		kill(pids[i], SIGSTOP);
	/* A stopped client delays no other client. */
	for (int i = 0; stop && i < 10; i++)
		assert_true(mount_is_usable(harness()->daemon.mount, BOB));
	for (int i = 0; i < CLIENTS; i++) {
		kill(pids[i], SIGKILL);
		assert_int_equal(wait_child(pids[i]), SIGKILL);
	}
}

static void expect_nothing_held(void)
{
	const struct daemon *daemon = &harness()->daemon;

	assert_true(mount_is_usable(daemon->mount, BOB));
	assert_true(wait_for_fds(daemon, usual.fds));
}

static void a_little_use(void **state)
{
	uint32_t seed = 4;
	char path[96];

	(void)state;
	snprintf(path, sizeof(path), "%s/d", harness()->daemon.mount);
	assert_return_code(mkdir(path, 0777), errno);
	for (int i = 0; i < 3; i++)
		rounds_of_clients(&seed, false);
	usual = daemon_usage(&harness()->daemon);
	/* Something may still have been open. */
	for (int i = 0; i < 100; i++) {
		const struct usage now = daemon_usage(&harness()->daemon);

		usual.fds = now.fds < usual.fds ? now.fds : usual.fds;
		pause_us(10000);
	}
}

static void clients_that_are_killed(void **state)
{
	uint32_t seed = 17;

	(void)state;
	for (int i = 0; i < ROUNDS; i++)
		rounds_of_clients(&seed, false);
	expect_nothing_held();
}

static void clients_that_stop(void **state)
{
	uint32_t seed = 18;

	(void)state;
	for (int i = 0; i < ROUNDS / 2; i++)
		rounds_of_clients(&seed, true);
	expect_nothing_held();
}

static atomic_int failures;

static void *open_and_close(void *arg)
{
	uint32_t seed = *(uint32_t *)arg;
	char path[96];

	for (int i = 0; i < 5; i++) {
		int fd;

		path_of(path, sizeof(path), next_random(&seed));
		fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
		failures += fd < 0 || pwrite(fd, &i, 1, 0) != 1;
		close(fd);
	}
	return NULL;
}

static void thousands_of_threads(void **state)
{
	static pthread_t threads[THREADS];
	static uint32_t seeds[THREADS];
	pthread_attr_t attr;

	(void)state;
	failures = 0;
	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, 256 * KIB);
	for (uint32_t i = 0; i < THREADS; i++) {
		seeds[i] = i + 1;
		assert_int_equal(pthread_create(&threads[i], &attr, open_and_close, &seeds[i]), 0);
	}
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	pthread_attr_destroy(&attr);
	assert_int_equal(failures, 0);
	expect_nothing_held();
}

static void on_signal(int sig)
{
	(void)sig;
}

static _Noreturn void be_interrupted(void)
{
	const struct sigaction action = {.sa_handler = on_signal}; /* no SA_RESTART */
	const struct itimerval often = {{0, 300}, {0, 300}};
	char path[96];
	int fd;

	path_of(path, sizeof(path), 0);
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	fill(bytes, sizeof(bytes), 1, 0);
	sigaction(SIGALRM, &action, NULL);
	setitimer(ITIMER_REAL, &often, NULL);
	for (int i = 0; i < CALLS; i++) {
		static char got[LONGEST / 16];
		const ssize_t put = pwrite(fd, bytes, sizeof(got), 0);
		const ssize_t n = pread(fd, got, sizeof(got), 0);
		struct stat st;

		if ((put < 0 && errno != EINTR) || (n < 0 && errno != EINTR))
			_exit(1);
		if (n > 0 && memcmp(got, bytes, (size_t)n) != 0)
			_exit(2);
		if (fstat(fd, &st) < 0 && errno != EINTR)
			_exit(3);
	}
	_exit(0);
}

static void calls_that_are_interrupted(void **state)
{
	char path[96];
	pid_t pid;

	(void)state;
	path_of(path, sizeof(path), 0);
	unlink(path);
	pid = fork();
	assert_return_code(pid, errno);
	if (pid == 0)
		be_interrupted();
	assert_int_equal(wait_child(pid), 0);
	expect_nothing_held();
}

static void no_memory_is_lost(void **state)
{
	const struct daemon *daemon = &harness()->daemon;
	const struct usage now = daemon_usage(daemon);

	(void)state;
	print_message("# memory of the daemon: %zu KiB, was %zu KiB; descriptors: %zu, were %zu\n",
		now.memory / KIB, usual.memory / KIB, now.fds, usual.fds);
	if (!getenv("ASAN_OPTIONS"))
		assert_in_range(now.memory, 0, usual.memory + 24 * MIB);
	sweep(SHM_DIR);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_little_use),
		cmocka_unit_test(clients_that_are_killed),
		cmocka_unit_test(clients_that_stop),
		cmocka_unit_test(thousands_of_threads),
		cmocka_unit_test(calls_that_are_interrupted),
		cmocka_unit_test(no_memory_is_lost),
	};

	return RUN_MOUNTED(tests);
}

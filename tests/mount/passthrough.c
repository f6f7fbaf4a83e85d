/* SPDX-License-Identifier: MIT */
/* Memory that passthrough shares with shm_open(). */
#include "harness.h"
#include "obstacle.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum { ROUNDS = 500000 };

static const char *const with_on[] = {"-o", "passthrough=on", NULL};

/* Shared by two processes. */
struct shared {
	pthread_mutex_t mutex;
	sem_t semaphore;
	long count;
};

static struct shared *map(int fd)
{
	struct shared *shared =
		mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	assert_ptr_not_equal(shared, MAP_FAILED);
	close(fd);
	return shared;
}

static void count_with_mutex(struct shared *shared)
{
	for (int i = 0; i < ROUNDS; i++) {
		pthread_mutex_lock(&shared->mutex);
		shared->count++;
		pthread_mutex_unlock(&shared->mutex);
	}
}

static void count_with_semaphore(struct shared *shared)
{
	for (int i = 0; i < ROUNDS; i++) {
		while (sem_wait(&shared->semaphore) != 0)
			;
		shared->count++;
		sem_post(&shared->semaphore);
	}
}

static void count_in_two_processes(
	void (*count)(struct shared *shared), struct shared *here, struct shared *outside)
{
	pid_t pid;

	here->count = 0;
	pid = fork();
	if (pid == 0) {
		count(here);
		_exit(0);
	}
	count(outside);
	assert_int_equal(wait_child(pid), 0);
	assert_int_equal(here->count, 2 * ROUNDS);
	assert_int_equal(outside->count, 2 * ROUNDS);
}

/* One process maps an object opened through the mount, one the same object from shm_open(). */
static void locks_in_the_object_hold_across_both_doors(void **state)
{
	struct shared *here, *outside;
	pthread_mutexattr_t attr;
	struct daemon daemon;
	char dir[64];
	int fd;

	(void)state;
	make_dir(dir, harness()->base, "on");
	daemon_start(&daemon, dir, with_on);
	fd = open_in(dir, "o", O_RDWR | O_CREAT);
	assert_return_code(ftruncate(fd, sizeof(*here)), errno);
	here = map(fd);
	outside = map(shm_open("/o", O_RDWR, 0));
	pthread_mutexattr_init(&attr);
	pthread_mutexattr_setpshared(&attr, PTHREAD_PROCESS_SHARED);
	pthread_mutex_init(&here->mutex, &attr);
	count_in_two_processes(count_with_mutex, here, outside);
	assert_return_code(sem_init(&outside->semaphore, 1, 1), errno);
	count_in_two_processes(count_with_semaphore, here, outside);
	munmap(here, sizeof(*here));
	munmap(outside, sizeof(*outside));
	daemon_stop(&daemon);
	sweep(SHM_DIR);
}

enum { THREADS = 8, OPENS = 1000 };

static char crowd_dir[64];

/* Returns the number of the check that failed. */
static void *open_and_close(void *arg)
{
	const intptr_t self = (intptr_t)arg;
	intptr_t wrong = 0;
	char path[96], c = 0;

	for (int i = 0; i < OPENS; i++) {
		int fd;

		snprintf(path, sizeof(path), "%s/o%d", crowd_dir, (i + (int)self) % 3);
		fd = open(path, (i % 2 ? O_RDWR : O_RDONLY) | O_CLOEXEC);
		wrong += fd < 0 || pread(fd, &c, 1, 0) != 1;
		wrong += i % 2 && pwrite(fd, "x", 1, 1 + self) != 1;
		wrong += close(fd) != 0;
	}
	return (void *)wrong; /* NOLINT(performance-no-int-to-ptr) */
}

static void many_opens_share_one_backing_id(void **state)
{
	pthread_t threads[THREADS];
	struct daemon daemon;

	(void)state;
	make_dir(crowd_dir, harness()->base, "many");
	daemon_start(&daemon, crowd_dir, with_on);
	for (int i = 0; i < 3; i++) {
		char name[8];
		int fd;

		snprintf(name, sizeof(name), "o%d", i);
		fd = open_in(crowd_dir, name, O_RDWR | O_CREAT);
		assert_int_equal(write(fd, "0123456789", 10), 10);
		close(fd);
	}
	for (intptr_t i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, open_and_close, (void *)i), 0);
	for (int i = 0; i < THREADS; i++) {
		void *wrong = NULL;

		pthread_join(threads[i], &wrong);
		assert_null(wrong);
	}
	daemon_stop(&daemon);
	sweep(SHM_DIR);
}

/* A descriptor with passthrough needs the daemon no more to write. */
static void open_objects_outlive_the_daemon(void **state)
{
	struct daemon daemon;
	char dir[64], c = 0;
	int fd, outside;

	(void)state;
	make_dir(dir, harness()->base, "outlive");
	daemon_start(&daemon, dir, with_on);
	fd = open_in(dir, "o", O_RDWR | O_CREAT);
	assert_return_code(kill(daemon.pid, SIGTERM), errno);
	daemon_expect_end(&daemon);
	assert_int_equal(write(fd, "a", 1), 1);
	outside = shm_open("/o", O_RDONLY, 0);
	assert_int_equal(read(outside, &c, 1), 1);
	assert_int_equal(c, 'a');
	close(outside);
	close(fd);
	sweep(SHM_DIR);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(locks_in_the_object_hold_across_both_doors),
		cmocka_unit_test(many_opens_share_one_backing_id),
		cmocka_unit_test(open_objects_outlive_the_daemon),
	};
	const char *obstacle = passthrough_obstacle();

	return obstacle ? world_skip(obstacle) : RUN_BARE(tests);
}

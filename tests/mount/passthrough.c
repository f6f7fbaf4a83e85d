/* SPDX-License-Identifier: MIT */
/* The data paths: which one is used, and what passthrough shares with shm_open(). */
#include "harness.h"

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
#include <sys/wait.h>
#include <unistd.h>

enum { ROUNDS = 500000 };

static const char *const with_off[] = {"-o", "passthrough=off", NULL};

static int open_at(const char *dir, const char *name, int flags)
{
	char path[96];
	int fd;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	fd = open(path, flags | O_CLOEXEC, 0600);
	assert_return_code(fd, errno);
	return fd;
}

static void expect_no_shared_mapping(int fd, int prot)
{
	assert_ptr_equal(mmap(NULL, 4096, prot, MAP_SHARED, fd, 0), MAP_FAILED);
	assert_int_equal(errno, ENODEV);
}

/* A mapping that could not be the same memory must not be given out. */
static void without_it_shared_mappings_are_refused(void **state)
{
	struct daemon daemon;
	char dir[64];
	int fd;

	(void)state;
	make_dir(dir, harness()->base, "off");
	daemon_start(&daemon, dir, with_off);
	fd = open_at(dir, "o", O_RDWR | O_CREAT);
	assert_return_code(ftruncate(fd, 4096), errno);
	expect_no_shared_mapping(fd, PROT_READ | PROT_WRITE);
	expect_no_shared_mapping(fd, PROT_WRITE);
	expect_no_shared_mapping(fd, PROT_READ);
	close(fd);
	fd = open_at(dir, "o", O_RDONLY);
	expect_no_shared_mapping(fd, PROT_READ);
	close(fd);
	daemon_stop(&daemon);
	sweep(SHM_DIR);
}

#if LIBFUSE_HAS_TMPFILE

static const char *const with_on[] = {"-o", "passthrough=on", NULL};

/* What two processes share. */
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

/* One process maps what it opened through the mount, one what shm_open() gave it. */
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
	fd = open_at(dir, "o", O_RDWR | O_CREAT);
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

/* Returns the number of what went wrong. */
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
		fd = open_at(crowd_dir, name, O_RDWR | O_CREAT);
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

/* Who has passthrough needs the daemon no more to write. */
static void open_objects_outlive_the_daemon(void **state)
{
	struct daemon daemon;
	char dir[64], c = 0;
	int fd, outside;

	(void)state;
	make_dir(dir, harness()->base, "outlive");
	daemon_start(&daemon, dir, with_on);
	fd = open_at(dir, "o", O_RDWR | O_CREAT);
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

#endif

static void expect_refusal(const char *dir, const char *option, struct who who, const char *reason)
{
	const pid_t pid = fork();
	char text[256], log[96];
	FILE *f;

	snprintf(log, sizeof(log), "%s/refusal.log", harness()->base);
	assert_return_code(pid, errno);
	if (pid == 0) {
		const int fd = open(log, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

		if (fd < 0 || dup2(fd, 2) < 0 || who_become(who) < 0)
			_exit(0);
		execl(daemon_path(), "shmfs", "-f", "-o", option, dir, NULL);
		_exit(0);
	}
	assert_int_equal(wait_child(pid) == 0, 0);
	f = fopen(log, "re");
	assert_non_null(f);
	assert_non_null(fgets(text, sizeof(text), f));
	assert_non_null(strstr(text, reason));
	assert_null(fgets(text, sizeof(text), f));
	fclose(f);
	unlink(log);
}

static void what_cannot_be_had_is_refused(void **state)
{
	(void)state;
	expect_refusal(harness()->base, "passthrough=maybe", ROOT, "auto, on or off");
	expect_refusal(harness()->base, "passthrough=on,noatime,nonempty", ROOT, "noatime");
}

static void expect_in_log(const struct daemon *daemon, const char *what)
{
	char text[4 * KIB];

	read_text(daemon->log, text, sizeof(text));
	if (!strstr(text, what))
		fail_msg("not in the log: %s\n%s", what, text);
}

static void it_is_told_which_path_is_used_and_why(void **state)
{
	static const struct {
		const char *option, *told;
	} cases[] = {
		{"passthrough=off", "data path: mapped regions (passthrough is off)"},
		{"noatime", "data path: mapped regions (passthrough cannot keep noatime)"},
#if LIBFUSE_HAS_TMPFILE
		{"passthrough=auto", "data path: passthrough"},
#else
		{"passthrough=auto", "data path: mapped regions (passthrough needs libfuse 3.17)"},
#endif
	};
	struct daemon daemon;
	char dir[64];

	(void)state;
	make_dir(dir, harness()->base, "told");
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		daemon_start(&daemon, dir, (const char *const[]){"-o", cases[i].option, NULL});
		daemon_stop(&daemon);
		expect_in_log(&daemon, cases[i].told);
	}
}

static void an_ordinary_user_cannot_have_it(void **state)
{
	struct daemon daemon;
	char dir[64];

	(void)state;
	make_dir(dir, harness()->base, "own");
	assert_return_code(chown(dir, NOBODY.uid, NOBODY.gid), errno);
	expect_refusal(dir, "passthrough=on", NOBODY, "passthrough needs");
	assert_false(is_mount_point(dir));
	daemon_start_as(
		&daemon, dir, (const char *const[]){"-o", "passthrough=auto", NULL}, NOBODY);
	daemon_stop(&daemon);
	expect_in_log(&daemon, "data path: mapped regions (passthrough needs");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(without_it_shared_mappings_are_refused),
#if LIBFUSE_HAS_TMPFILE
		cmocka_unit_test(locks_in_the_object_hold_across_both_doors),
		cmocka_unit_test(many_opens_share_one_backing_id),
		cmocka_unit_test(open_objects_outlive_the_daemon),
#endif
		cmocka_unit_test(what_cannot_be_had_is_refused),
		cmocka_unit_test(it_is_told_which_path_is_used_and_why),
		cmocka_unit_test(an_ordinary_user_cannot_have_it),
	};

	return RUN_BARE(tests);
}

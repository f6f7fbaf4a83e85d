/* SPDX-License-Identifier: MIT */
/* Many at once: threads with their own objects, one object for all, thousands of open objects. */
#include "harness.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

enum { THREADS = 8, ROUNDS = 80, LARGEST = 300000, OPEN_OBJECTS = 2000 };

/* The first fault that a thread found; NULL: none. Threads must not assert. */
struct work {
	int number;
	const char *wrong;
	uint32_t seed;
	char path[80], second[80];
	char model[LARGEST], got[LARGEST];
};

#define CHECK(work, condition)                      \
	do {                                        \
		if (!(condition) && !(work)->wrong) \
			(work)->wrong = #condition; \
	} while (0)

static void write_and_read_back(struct work *w, int fd)
{
	const size_t at = next_random(&w->seed) % (LARGEST / 2);
	const size_t len = next_random(&w->seed) % (LARGEST / 2);
	struct stat st;

	fill(w->model + at, len, (unsigned int)next_random(&w->seed), 0);
	CHECK(w, pwrite(fd, w->model + at, len, (off_t)at) == (ssize_t)len);
	CHECK(w, fstat(fd, &st) == 0);
	CHECK(w, pread(fd, w->got, LARGEST, 0) == st.st_size);
	CHECK(w, memcmp(w->got, w->model, (size_t)st.st_size) == 0);
}

static void change_names(struct work *w, int fd)
{
	struct stat st, other;

	CHECK(w, link(w->path, w->second) == 0);
	CHECK(w, fstat(fd, &st) == 0 && st.st_nlink == 2);
	CHECK(w, unlink(w->path) == 0);
	CHECK(w, access(w->path, F_OK) == -1 && errno == ENOENT);
	CHECK(w, rename(w->second, w->path) == 0);
	CHECK(w, stat(w->path, &other) == 0 && other.st_ino == st.st_ino);
}

static void change_attributes(struct work *w, int fd)
{
	const mode_t mode = next_random(&w->seed) % 01000;
	struct stat st;

	CHECK(w, fchmod(fd, mode) == 0);
	CHECK(w, stat(w->path, &st) == 0 && (st.st_mode & 07777) == mode);
	CHECK(w, fallocate(fd, 0, 0, 100) == 0);
	CHECK(w, fstat(fd, &st) == 0 && st.st_size >= 100);
	CHECK(w, ftruncate(fd, 0) == 0);
	memset(w->model, 0, LARGEST);
	CHECK(w, fstat(fd, &st) == 0 && st.st_size == 0);
}

static bool is_listed(const char *path)
{
	DIR *d = opendir(harness()->daemon.mount);
	const char *name = strrchr(path, '/') + 1;
	const struct dirent *e;
	int found = 0;

	while (d && (e = readdir(d)))
		found += strcmp(e->d_name, name) == 0;
	closedir(d);
	return found == 1;
}

static void *work_alone(void *arg)
{
	struct work *w = arg;
	int fd;

	for (int i = 0; i < ROUNDS && !w->wrong; i++) {
		memset(w->model, 0, LARGEST);
		fd = open(w->path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
		CHECK(w, fd >= 0);
		write_and_read_back(w, fd);
		change_names(w, fd);
		write_and_read_back(w, fd);
		change_attributes(w, fd);
		write_and_read_back(w, fd);
		CHECK(w, is_listed(w->path));
		CHECK(w, unlink(w->path) == 0);
		write_and_read_back(w, fd);
		CHECK(w, close(fd) == 0);
	}
	return NULL;
}

static void run_threads(void *(*body)(void *))
{
	struct work *works[THREADS];
	pthread_t threads[THREADS];
	const char *mount = harness()->daemon.mount;
	const char *wrong = NULL;

	for (int i = 0; i < THREADS; i++) {
		works[i] = calloc(1, sizeof(*works[i]));
		assert_non_null(works[i]);
		works[i]->number = i;
		works[i]->seed = 100 + (uint32_t)i;
		snprintf(works[i]->path, sizeof(works[i]->path), "%s/thread-%d", mount, i);
		snprintf(works[i]->second, sizeof(works[i]->second), "%s/second-%d", mount, i);
		assert_int_equal(pthread_create(&threads[i], NULL, body, works[i]), 0);
	}
	for (int i = 0; i < THREADS; i++) {
		pthread_join(threads[i], NULL);
		wrong = works[i]->wrong ? works[i]->wrong : wrong;
		free(works[i]);
	}
	if (wrong)
		fail_msg("%s", wrong);
}

static void threads_with_their_own_objects(void **state)
{
	(void)state;
	run_threads(work_alone);
	assert_true(is_empty(SHM_DIR));
}

static atomic_int created, removed;

/* All fight for one name: exactly one gets it each time, exactly one removes it. */
static void *fight_for_a_name(void *arg)
{
	struct work *w = arg;
	char path[96];
	int fd;

	snprintf(path, sizeof(path), "%s/one", harness()->daemon.mount);
	for (int i = 0; i < 20 * ROUNDS; i++) {
		fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
		CHECK(w, fd >= 0 || errno == EEXIST);
		created += fd >= 0;
		if (fd >= 0)
			close(fd);
		if (unlink(path) == 0)
			removed++;
		else
			CHECK(w, errno == ENOENT);
	}
	return NULL;
}

static void threads_that_fight_for_a_name(void **state)
{
	(void)state;
	created = removed = 0;
	run_threads(fight_for_a_name);
	assert_int_equal(created, removed);
	assert_true(is_empty(SHM_DIR));
}

/* Each has its stripes of one object, with boundaries inside of pages. */
static void *write_stripes(void *arg)
{
	enum { STRIPE = 10001 };
	struct work *w = arg;
	char path[96];
	int fd;

	snprintf(path, sizeof(path), "%s/striped", harness()->daemon.mount);
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	for (int i = 0; i < ROUNDS; i++) {
		const off_t at = (off_t)STRIPE * (i * THREADS + w->number);

		fill(w->model, STRIPE, (unsigned int)w->number, at);
		CHECK(w, pwrite(fd, w->model, STRIPE, at) == STRIPE);
		CHECK(w, pread(fd, w->got, STRIPE, at) == STRIPE);
		CHECK(w, memcmp(w->got, w->model, STRIPE) == 0);
	}
	for (int i = 0; i < ROUNDS; i++) {
		const off_t at = (off_t)STRIPE * (i * THREADS + w->number);

		fill(w->model, STRIPE, (unsigned int)w->number, at);
		CHECK(w, pread(fd, w->got, STRIPE, at) == STRIPE);
		CHECK(w, memcmp(w->got, w->model, STRIPE) == 0);
	}
	close(fd);
	return NULL;
}

static void threads_on_one_object(void **state)
{
	(void)state;
	run_threads(write_stripes);
	sweep(SHM_DIR);
}

static int open_object(int i)
{
	char path[96];
	int fd;

	snprintf(path, sizeof(path), "%s/open-%d", harness()->daemon.mount, i);
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	assert_return_code(fd, errno);
	return fd;
}

static void expect_number(int fd, int i, nlink_t links)
{
	struct stat st;
	int got = -1;

	assert_int_equal(pread(fd, &got, sizeof(got), 100000), sizeof(got));
	assert_int_equal(got, i);
	assert_return_code(fstat(fd, &st), errno);
	assert_int_equal(st.st_nlink, links);
}

static bool is_all_free(const void *arg)
{
	struct statvfs fs;

	(void)arg;
	return statvfs(harness()->daemon.mount, &fs) == 0 && fs.f_bfree == fs.f_blocks;
}

static void thousands_of_open_objects(void **state)
{
	static int fds[OPEN_OBJECTS];

	(void)state;
	for (int i = 0; i < OPEN_OBJECTS; i++) {
		fds[i] = open_object(i);
		assert_int_equal(pwrite(fds[i], &i, sizeof(i), 100000), sizeof(i));
	}
	for (int i = 0; i < OPEN_OBJECTS; i++)
		expect_number(fds[i], i, 1);
	sweep(harness()->daemon.mount);
	for (int i = 0; i < OPEN_OBJECTS; i++)
		expect_number(fds[i], i, 0);
	for (int i = 0; i < OPEN_OBJECTS; i++)
		close(fds[i]);
	assert_true(wait_until(is_all_free, NULL));
}

/* Big ones too: each has been mapped by the daemon. */
static void hundreds_of_big_open_objects(void **state)
{
	static char bytes[MIB];
	static int fds[300];

	(void)state;
	for (int i = 0; i < (int)ARRAY_SIZE(fds); i++) {
		fds[i] = open_object(i);
		for (int again = 0; again < 2; again++)
			assert_int_equal(pwrite(fds[i], bytes, MIB, 0), MIB);
		assert_int_equal(pread(fds[i], bytes, MIB, 0), MIB);
	}
	sweep(SHM_DIR);
	for (int i = 0; i < (int)ARRAY_SIZE(fds); i++) {
		assert_int_equal(pread(fds[i], bytes, MIB, 0), MIB);
		close(fds[i]);
	}
	assert_true(wait_until(is_all_free, NULL));
}

int main(void)
{
	const struct rlimit files = {4 * OPEN_OBJECTS, 4 * OPEN_OBJECTS};
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(threads_with_their_own_objects),
		cmocka_unit_test(threads_that_fight_for_a_name),
		cmocka_unit_test(threads_on_one_object),
		cmocka_unit_test(thousands_of_open_objects),
		cmocka_unit_test(hundreds_of_big_open_objects),
	};

	setrlimit(RLIMIT_NOFILE, &files);
	return RUN_MOUNTED(tests);
}

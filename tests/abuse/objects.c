/* SPDX-License-Identifier: MIT */
/*
 * Very many objects: all are listed and looked up; what the daemon keeps for each; what is left
 * when they are gone. Directories of them that come and go. Very many open at once.
 * SHMFS_TEST_OBJECTS, SHMFS_TEST_OPEN_OBJECTS: how many.
 */
#include "usage.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { OBJECTS = 100000, OPEN_OBJECTS = 2000, BYTES_PER_OBJECT = 300 };

static unsigned long objects, open_objects;

static void make_room(void)
{
	char options[64];

	snprintf(options, sizeof(options), "mode=1777,size=1g,nr_inodes=%lu", objects + 20000);
	assert_return_code(mount(NULL, SHM_DIR, NULL, MS_REMOUNT, options), errno);
}

static void make_objects(void)
{
	char path[64];

	for (unsigned long i = 0; i < objects; i++) {
		snprintf(path, sizeof(path), SHM_DIR "/object-%07lu", i);
		assert_return_code(mknod(path, S_IFREG | 0644, 0), errno);
	}
}

static unsigned long list_and_stat(void)
{
	DIR *d = opendir(harness()->daemon.mount);
	unsigned long n = 0;
	const struct dirent *e;
	struct stat st;

	assert_non_null(d);
	while ((e = readdir(d)))
		if (strncmp(e->d_name, "object-", 7) == 0 &&
			fstatat(dirfd(d), e->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
			st.st_ino == e->d_ino)
			n++;
	closedir(d);
	return n;
}

/* With sanitizers memory is something else. */
static bool is_measurable(void)
{
	return !getenv("ASAN_OPTIONS") && !getenv("TSAN_OPTIONS");
}

static void very_many_objects(void **state)
{
	const struct daemon *daemon = &harness()->daemon;
	struct usage before, after, rest;
	unsigned long each;

	(void)state;
	make_room();
	before = daemon_usage(daemon);
	make_objects();
	assert_int_equal(list_and_stat(), objects);
	after = daemon_usage(daemon);
	each = after.memory > before.memory ? (after.memory - before.memory) / objects : 0;
	sweep(daemon->mount);
	assert_int_equal(list_and_stat(), 0);
	/* The first question opened a watch, which is counted for the keeper as well. */
	assert_true(wait_for_fds(daemon, before.fds + 2));
	rest = daemon_usage(daemon);
	print_message(
		"# objects: %lu, bytes per known object: %lu, kept when all are gone: %zu KiB\n",
		objects, each, (rest.memory - before.memory) / KIB);
	if (is_measurable()) {
		assert_in_range(each, 1, BYTES_PER_OBJECT);
		assert_in_range(rest.memory, 0, before.memory + (after.memory - before.memory) / 4);
	}
}

/* As fast as it goes, until it is killed. */
static void make_and_remove_marker(void)
{
	const pid_t parent = getppid();

	while (getppid() == parent) {
		mknod(SHM_DIR "/full%2F", S_IFREG | 0644, 0);
		unlink(SHM_DIR "/full%2F");
	}
	_exit(0);
}

/* Many directories of many objects, and the marker of many more that is never at rest. */
static void directories_come_and_go(void **state)
{
	enum { DIRECTORIES = 500, QUESTIONS = 3 };
	const unsigned long last = objects / 2;
	/* Reading all anew takes some of that; what grows with the square takes far more. */
	const double seconds_max = 5 + (double)last / 20000;
	struct stat st;
	char path[64];
	pid_t child;

	(void)state;
	make_room();
	for (int i = 0; i < DIRECTORIES; i++) {
		snprintf(path, sizeof(path), SHM_DIR "/d%d%%2F", i);
		assert_return_code(mknod(path, S_IFREG | 0644, 0), errno);
	}
	for (unsigned long i = 0; i < last; i++) {
		if (i % 2 == 0)
			snprintf(path, sizeof(path), SHM_DIR "/full%%2F%lu", i);
		else
			snprintf(path, sizeof(path), SHM_DIR "/d%lu%%2F%lu", i % DIRECTORIES, i);
		assert_return_code(mknod(path, S_IFREG | 0644, 0), errno);
	}
	child = fork();
	assert_return_code(child, errno);
	if (child == 0)
		make_and_remove_marker();
	for (int i = 0; i < QUESTIONS; i++) {
		const double start = seconds_now();

		assert_return_code(stat(harness()->daemon.mount, &st), errno);
		if (is_measurable())
			assert_true(seconds_now() - start < seconds_max);
		assert_true(st.st_nlink >= 2 + DIRECTORIES);
	}
	assert_return_code(kill(child, SIGKILL), errno);
	assert_return_code(waitpid(child, NULL, 0), errno);
	sweep(SHM_DIR);
}

static void open_one(int *ret_fd, unsigned long i)
{
	char path[96];

	snprintf(path, sizeof(path), "%s/open-%lu", harness()->daemon.mount, i);
	*ret_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	assert_return_code(*ret_fd, errno);
	assert_int_equal(pwrite(*ret_fd, &i, sizeof(i), 0), sizeof(i));
}

static void very_many_open_objects(void **state)
{
	const struct daemon *daemon = &harness()->daemon;
	const struct usage before = daemon_usage(daemon);
	int *fds = calloc(open_objects, sizeof(*fds));

	(void)state;
	assert_non_null(fds);
	for (unsigned long i = 0; i < open_objects; i++)
		open_one(&fds[i], i);
	for (unsigned long i = 0; i < open_objects; i++) {
		unsigned long got = 0;

		assert_int_equal(pread(fds[i], &got, sizeof(got), 0), sizeof(got));
		assert_int_equal(got, i);
	}
	print_message("# open at once: %lu\n", open_objects);
	sweep(daemon->mount);
	for (unsigned long i = 0; i < open_objects; i++)
		close(fds[i]);
	free(fds);
	assert_true(wait_for_fds(daemon, before.fds));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(very_many_objects),
		cmocka_unit_test(directories_come_and_go),
		cmocka_unit_test(very_many_open_objects),
	};
	struct rlimit files;

	objects = number_of("SHMFS_TEST_OBJECTS", OBJECTS);
	open_objects = number_of("SHMFS_TEST_OPEN_OBJECTS", OPEN_OBJECTS);
	files.rlim_cur = files.rlim_max = 3 * open_objects + 1000;
	setrlimit(RLIMIT_NOFILE, &files);
	return RUN_MOUNTED(tests);
}

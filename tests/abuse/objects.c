/* SPDX-License-Identifier: MIT */
/*
 * Very many objects: all are listed and looked up; the daemon keeps few bytes for each, and frees
 * them when the objects are gone. Directories of them that move all the time. Very many open at
 * once. SHMFS_TEST_OBJECTS, SHMFS_TEST_OPEN_OBJECTS: how many.
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

enum { OBJECTS = 100000, OPEN_OBJECTS = 2000, BYTES_PER_OBJECT = 40 };

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

static unsigned long list_and_stat(const char *mount)
{
	DIR *d = opendir(mount);
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

/* The heap keeps more for itself than a few objects take. */
struct bound {
	const struct daemon *daemon;
	size_t most;
};

static bool has_freed(const void *arg)
{
	const struct bound *bound = arg;

	return daemon_usage(bound->daemon).memory <= bound->most;
}

/* With one thread that serves: each has memory of its own, and keeps it. */
static void very_many_objects(void **state)
{
	struct daemon daemon;
	struct usage before, after, rest;
	unsigned long each;
	struct bound bound = {.daemon = &daemon};
	char dir[64];

	(void)state;
	make_room();
	make_dir(dir, harness()->base, "single");
	daemon_start(&daemon, dir, (const char *const[]){"-s", NULL});
	before = daemon_usage(&daemon);
	make_objects();
	assert_int_equal(list_and_stat(dir), objects);
	after = daemon_usage(&daemon);
	each = after.memory > before.memory ? (after.memory - before.memory) / objects : 0;
	sweep(dir);
	assert_int_equal(list_and_stat(dir), 0);
	/* The table of nodes, which is counted for the keeper as well. */
	assert_true(wait_for_fds(&daemon, before.fds + 2));
	/* The kernel's FORGET comes a little later. */
	bound.most = before.memory + (after.memory - before.memory) / 4 + 64 * KIB;
	if (is_measurable())
		assert_true(wait_until(has_freed, &bound));
	rest = daemon_usage(&daemon);
	print_message(
		"# objects: %lu, bytes per known object: %lu, kept when all are gone: %zu KiB\n",
		objects, each, (rest.memory - before.memory) / KIB);
	if (is_measurable())
		assert_in_range(each, 1, BYTES_PER_OBJECT);
	daemon_stop(&daemon);
}

/* As fast as it goes, until it is killed. */
static void move_back_and_forth(void)
{
	const pid_t parent = getppid();

	while (getppid() == parent) {
		rename(SHM_DIR "/full", SHM_DIR "/moved");
		rename(SHM_DIR "/moved", SHM_DIR "/full");
	}
	_exit(0);
}

static void make_directories(int directories, unsigned long entries)
{
	char path[64];

	assert_return_code(mkdir(SHM_DIR "/full", 0755), errno);
	for (int i = 0; i < directories; i++) {
		snprintf(path, sizeof(path), SHM_DIR "/d%d", i);
		assert_return_code(mkdir(path, 0755), errno);
	}
	for (unsigned long i = 0; i < entries; i++) {
		snprintf(path, sizeof(path), SHM_DIR "/full/%lu", i);
		assert_return_code(mknod(path, S_IFREG | 0644, 0), errno);
	}
}

/* In and below a large directory that moves outside all the time, all can be reached through it. */
static void directories_move(void **state)
{
	enum { DIRECTORIES = 500, QUESTIONS = 300 };
	char path[96];
	struct stat st;
	pid_t child;
	int dir;

	(void)state;
	make_room();
	make_directories(DIRECTORIES, objects / 2);
	snprintf(path, sizeof(path), "%s/full", harness()->daemon.mount);
	dir = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	assert_return_code(dir, errno);
	child = fork();
	assert_return_code(child, errno);
	if (child == 0)
		move_back_and_forth();
	for (unsigned long i = 0; i < QUESTIONS; i++) {
		snprintf(path, sizeof(path), "%lu", i * (objects / 2 / QUESTIONS));
		assert_return_code(fstatat(dir, path, &st, 0), errno);
		assert_return_code(stat(harness()->daemon.mount, &st), errno);
		assert_int_equal(st.st_nlink, 2 + DIRECTORIES + 1);
	}
	close(dir);
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
		cmocka_unit_test(directories_move),
		cmocka_unit_test(very_many_open_objects),
	};
	struct rlimit files;

	objects = number_of("SHMFS_TEST_OBJECTS", OBJECTS);
	open_objects = number_of("SHMFS_TEST_OPEN_OBJECTS", OPEN_OBJECTS);
	files.rlim_cur = files.rlim_max = 3 * open_objects + 1000;
	setrlimit(RLIMIT_NOFILE, &files);
	return RUN_MOUNTED(tests);
}

/* SPDX-License-Identifier: MIT */
/* The process that serves dies when something is scarce, or where descriptors could be mixed up. */
#include "harness.h"
#include "worker.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

enum { LIMIT = 64, TRIES = 200 };

static void start(struct daemon *ret, const char *name, const char *const args[], struct who who)
{
	char dir[64];

	make_dir(dir, harness()->base, name);
	assert_return_code(chown(dir, who.uid, who.gid), errno);
	daemon_start_as(ret, dir, args, who);
	assert_true(has_keeper(ret));
}

static int open_at(const struct daemon *daemon, const char *name, int flags)
{
	char path[96];

	snprintf(path, sizeof(path), "%s/%s", daemon->mount, name);
	return open(path, flags | O_CLOEXEC, 0600);
}

/* The next worker needs descriptors before it can close those that are not needed. */
static void all_descriptors_are_used(void **state)
{
	const struct rlimit few = {LIMIT, LIMIT};
	struct daemon daemon;
	struct rlimit many;
	int fds[TRIES];
	int n = 0;

	(void)state;
	who_keep_limits();
	getrlimit(RLIMIT_NOFILE, &many);
	setrlimit(RLIMIT_NOFILE, &few);
	start(&daemon, "few", NULL, ROOT);
	setrlimit(RLIMIT_NOFILE, &many);
	for (int i = 0; i < TRIES; i++) {
		char name[16];
		int fd;

		snprintf(name, sizeof(name), "o-%d", i);
		fd = open_at(&daemon, name, O_RDWR | O_CREAT);
		if (fd >= 0)
			fds[n++] = fd;
	}
	assert_in_range(n, 10, LIMIT);
	for (int round = 0; round < 3; round++) {
		worker_kill(&daemon, SIGKILL);
		for (int i = 0; i < n; i++) {
			int got = -1;

			assert_int_equal(pwrite(fds[i], &i, sizeof(i), 0), sizeof(i));
			assert_int_equal(pread(fds[i], &got, sizeof(got), 0), sizeof(got));
			assert_int_equal(got, i);
		}
	}
	while (n > 0)
		close(fds[--n]);
	daemon_stop(&daemon);
	sweep(SHM_DIR);
}

/* How many requests were answered is no part of it. */
static void cut_counts(char *status)
{
	char *counts = strstr(status, "requests answered");

	assert_non_null(counts);
	*counts = '\0';
}

/* No room for one more object, which would show whether passthrough can be had. */
static void no_inodes_are_left(void **state)
{
	char shm_options[] = "mode=1777,size=16m,nr_inodes=32";
	struct daemon daemon;
	struct outcome before, after;
	char path[96];
	int fd;

	(void)state;
	assert_return_code(mount("tmpfs", SHM_DIR, "tmpfs", 0, shm_options), errno);
	start(&daemon, "no-inodes", NULL, ROOT);
	run(&before, (const char *const[]){daemon_path(), "status", daemon.mount, NULL});
	for (int i = 0;; i++) {
		snprintf(path, sizeof(path), SHM_DIR "/fill-%d", i);
		if (mknod(path, S_IFREG | 0600, 0) < 0)
			break;
	}
	assert_int_equal(errno, ENOSPC);
	worker_kill(&daemon, SIGKILL);
	run(&after, (const char *const[]){daemon_path(), "status", daemon.mount, NULL});
	cut_counts(before.out);
	cut_counts(after.out);
	assert_string_equal(before.out, after.out);
	fd = open_at(&daemon, "fill-0", O_RDWR);
	assert_return_code(fd, errno);
	assert_return_code(ftruncate(fd, 4096), errno);
	if (strstr(before.out, "path: passthrough")) {
		void *map = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

		assert_true(map != MAP_FAILED);
		munmap(map, 4096);
	}
	close(fd);
	daemon_stop(&daemon);
	assert_return_code(umount2(SHM_DIR, 0), errno);
}

static bool holds(int fd, const char *text)
{
	char got[8];

	return pread(fd, got, sizeof(got), 0) == 5 && memcmp(got, text, 5) == 0;
}

/* In a process of its own: returns which step failed, 0 if none. */
static int use_two_objects(const struct daemon *daemon)
{
	int writer, both, other;

	writer = open_at(daemon, "a", O_WRONLY);
	if (writer < 0 || fchmod(writer, 0600) < 0)
		return 1;
	both = open_at(daemon, "a", O_RDWR);
	if (both < 0 || pwrite(writer, "first", 5, 0) != 5 || !worker_try_kill(daemon, SIGKILL))
		return 2;
	other = open_at(daemon, "b", O_RDWR | O_CREAT);
	if (other < 0 || pwrite(other, "other", 5, 0) != 5 || !worker_try_kill(daemon, SIGKILL))
		return 3;
	if (!holds(other, "other") || pwrite(other, "OTHER", 5, 0) != 5)
		return 4;
	if (!holds(both, "first") || pwrite(writer, "FIRST", 5, 0) != 5 || !holds(both, "FIRST"))
		return 5;
	return holds(other, "OTHER") ? 0 : 6;
}

/*
 * One descriptor that only writes, because the mode let no user read when it was opened, and then
 * one that reads and writes.
 */
static void a_writer_and_another_one_for_both(void **state)
{
	struct daemon daemon;
	pid_t pid;

	(void)state;
	start(&daemon, "own", NULL, NOBODY);
	assert_return_code(mknod(SHM_DIR "/a", S_IFREG | 0200, 0), errno);
	assert_return_code(chown(SHM_DIR "/a", NOBODY.uid, NOBODY.gid), errno);
	pid = fork();
	if (pid == 0)
		_exit(who_become(NOBODY) < 0 ? 7 : use_two_objects(&daemon));
	assert_int_equal(wait_child(pid), 0);
	assert_return_code(kill(daemon.pid, SIGTERM), errno);
	daemon_expect_end(&daemon);
	sweep(SHM_DIR);
}

/* Descriptors of the daemon that are of this kind, as /proc shows it. */
static int count_descriptors(pid_t pid, const char *kind)
{
	char path[64], target[256];
	const struct dirent *entry;
	int count = 0;
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%d/fd", (int)pid);
	dir = opendir(path);
	assert_non_null(dir);
	while ((entry = readdir(dir))) {
		const ssize_t n = readlinkat(dirfd(dir), entry->d_name, target, sizeof(target) - 1);

		target[n < 0 ? 0 : n] = '\0';
		count += strstr(target, kind) != NULL;
	}
	closedir(dir);
	return count;
}

/* The table of nodes, and the one into which it will grow. */
enum { NODE_FDS = 2 };

/* In the background there was a descriptor more at first: its number is used again. */
static void nothing_is_left_in_the_background(void **state)
{
	struct daemon daemon = {.who = ROOT};
	struct outcome o;

	(void)state;
	make_dir(daemon.mount, harness()->base, "background");
	run(&o, (const char *const[]){daemon_path(), daemon.mount, NULL});
	assert_int_equal(o.status, 0);
	daemon.pid = adopted_child();
	assert_return_code(mknod(SHM_DIR "/listed", S_IFREG | 0600, 0), errno);
	if (daemon_worker(&daemon) > 0) {
		for (int round = 0; round < 3; round++) {
			run(&o, (const char *const[]){"ls", "-l", daemon.mount, NULL});
			assert_int_equal(o.status, 0);
			assert_int_equal(count_descriptors(daemon.pid, "shmfs-nodes"), NODE_FDS);
			worker_kill(&daemon, SIGKILL);
		}
		run(&o, (const char *const[]){"ls", "-l", daemon.mount, NULL});
		assert_int_equal(count_descriptors(daemon.pid, "shmfs-nodes"), NODE_FDS);
	}
	assert_return_code(unlink(SHM_DIR "/listed"), errno);
	assert_return_code(kill(daemon.pid, SIGTERM), errno);
	assert_int_equal(wait_child(daemon.pid), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_descriptors_are_used),
		cmocka_unit_test(no_inodes_are_left),
		cmocka_unit_test(a_writer_and_another_one_for_both),
		cmocka_unit_test(nothing_is_left_in_the_background),
	};

	if (keeper_obstacle())
		return world_skip(keeper_obstacle());
	return RUN_BARE(tests);
}

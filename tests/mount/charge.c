/* SPDX-License-Identifier: MIT */
/*
 * Callers in a memory cgroup with a limit: memory that they allocate through the mount is charged
 * to them, and allocating more than they may have ends in their own failure.
 */
#include "cgroup.h"
#include "harness.h"
#include "worker.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#define LIMIT ((off_t)64 * 1024 * 1024)
#define MUCH ((off_t)500 * 1024 * 1024)
#define LITTLE ((off_t)24 * 1024 * 1024)

/* What processes need besides; the daemon's own, when it is there, too. */
#define SLACK ((off_t)4 * 1024 * 1024)
#define DAEMON_SLACK ((off_t)16 * 1024 * 1024)

/* For callers whom the kernel may kill. */
enum { TRIES = 5 };

static struct shmfs_cgroups cgroups;
static char cgroup[PATH_MAX]; /* path of the limited one */
static struct daemon daemon_of_test;
static char block[MIB];

static const char *file_of_cgroup(const char *file)
{
	static char path[2 * PATH_MAX];

	snprintf(path, sizeof(path), "%s%s/%s",
		cgroups.version1 ? "/sys/fs/cgroup/memory" : "/sys/fs/cgroup", cgroup, file);
	return path;
}

static off_t usage(void)
{
	char text[64];

	read_text(file_of_cgroup(cgroups.version1 ? "memory.usage_in_bytes" : "memory.current"),
		text, sizeof(text));
	return strtoll(text, NULL, 10);
}

static bool make_cgroup(void)
{
	char limit[32];
	int fd;

	if (shmfs_cgroups_open(&cgroups) < 0)
		return false;
	snprintf(cgroup, sizeof(cgroup), "%.4000s/shmfs-test-%lld", cgroups.own,
		(long long)(seconds_now() * 1e9));
	if (mkdir(file_of_cgroup(""), 0755) < 0)
		return false;
	fd = open(file_of_cgroup(cgroups.version1 ? "memory.limit_in_bytes" : "memory.max"),
		O_WRONLY | O_CLOEXEC);
	snprintf(limit, sizeof(limit), "%jd", (intmax_t)LIMIT);
	if (fd >= 0 && write(fd, limit, strlen(limit)) > 0) {
		close(fd);
		return true;
	}
	if (fd >= 0)
		close(fd);
	rmdir(file_of_cgroup(""));
	return false;
}

static bool is_removed(const void *arg)
{
	(void)arg;
	return rmdir(file_of_cgroup("")) == 0;
}

static const char *object_path(const char *name)
{
	static char paths[4][96];
	static unsigned next;
	char *path = paths[next++ % 4];

	snprintf(path, sizeof(paths[0]), "%s/%s", daemon_of_test.mount, name);
	return path;
}

static int open_object(void)
{
	return open(object_path("o"), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
}

/* --- ways to allocate; each returns 0 or -errno --- */

static int by_fallocate(off_t size)
{
	return fallocate(open_object(), 0, 0, size) < 0 ? -errno : 0;
}

static int by_small_fallocates(off_t size)
{
	const int fd = open_object();

	for (off_t at = 0; at < size; at += 65536)
		if (fallocate(fd, 0, at, 65536) < 0)
			return -errno;
	return 0;
}

static int by_fallocate_of_a_privileged_object(off_t size)
{
	const int fd = open_object();

	if (fchmod(fd, 04777) < 0)
		return -errno;
	return fallocate(fd, 0, 0, size) < 0 ? -errno : 0;
}

static int by_copying(off_t size)
{
	const int from = open(object_path("source"), O_RDONLY | O_CLOEXEC), to = open_object();
	off_t out = 0;

	while (out < size)
		if (copy_file_range(from, NULL, to, &out, (size_t)(size - out), 0) <= 0)
			return -errno;
	return 0;
}

static int by_growing(off_t size)
{
	return ftruncate(open_object(), size) < 0 ? -errno : 0;
}

static int by_writing(off_t size)
{
	const int fd = open_object();

	for (off_t at = 0; at < size; at += (off_t)MIB)
		if (pwrite(fd, block, MIB, at) < 0)
			return -errno;
	return 0;
}

static int by_appending(off_t size)
{
	const int fd = open_object();

	if (fcntl(fd, F_SETFL, O_APPEND) < 0)
		return -errno;
	for (off_t at = 0; at < size; at += 10000)
		if (write(fd, block, 10000) < 0)
			return -errno;
	return 0;
}

typedef int way(off_t size);
/* The first ones allocate all or nothing. */
enum { WAYS_OF_ALL = 3 };
static way *const ways[] = {by_fallocate, by_fallocate_of_a_privileged_object, by_growing,
	by_small_fallocates, by_copying, by_writing, by_appending};

/* In that cgroup; returns the child's wait status: exit status 0, or the errno, or SIGKILL. */
static int use(way *allocate, off_t size, const char *path)
{
	const pid_t pid = fork();

	assert_return_code(pid, errno);
	if (pid == 0) {
		if (shmfs_cgroups_move(&cgroups, getpid(), path) < 0 || who_become(ALICE) < 0)
			_exit(255);
		_exit(-allocate(size));
	}
	return wait_child(pid);
}

static off_t bytes_of(const char *name)
{
	struct stat st;

	return stat(object_path(name), &st) < 0 ? -1 : st.st_blocks * 512;
}

static bool is_free(const void *arg)
{
	return usage() < *(const off_t *)arg;
}

static void what_callers_may_have_is_charged_to_them(void)
{
	const off_t slack = SLACK;

	for (size_t i = 0; i < ARRAY_SIZE(ways); i++) {
		assert_int_equal(use(ways[i], LITTLE, cgroup), 0);
		assert_true(bytes_of("o") >= LITTLE);
		print_message("# way %zu: %jd of %jd charged\n", i, (intmax_t)usage(),
			(intmax_t)bytes_of("o"));
		assert_in_range(usage(), bytes_of("o"), bytes_of("o") + SLACK);
		assert_return_code(unlink(object_path("o")), errno);
		assert_true(wait_until(is_free, &slack));
	}
}

/* On tmpfs the kernel would kill them; here it does so where they allocate themselves. */
static void what_is_more_fails(size_t way_count, off_t slack)
{
	const pid_t worker = has_keeper(&daemon_of_test) ? worker_of(&daemon_of_test) : 0;

	for (size_t i = 0; i < way_count; i++) {
		const int status = use(ways[i], MUCH, cgroup);

		print_message("# way %zu: status %x, %jd bytes\n", i, (unsigned)status,
			(intmax_t)bytes_of("o"));
		assert_true(status == SIGKILL || status == ENOMEM << 8);
		assert_in_range(bytes_of("o"), 0, LIMIT);
		assert_return_code(unlink(object_path("o")), errno);
		assert_true(wait_until(is_free, &slack));
		if (worker != 0)
			assert_int_equal(worker_of(&daemon_of_test), worker);
	}
}

/*
 * What a process has removed before does not count, although it is being freed: neither for what
 * the daemon allocates, nor for what the kernel does for it.
 */
static int remove_and_make_again(way *allocate)
{
	int r = 0;

	for (int i = 0; i < 20 && r == 0; i++) {
		r = allocate(LIMIT * 5 / 8);
		closefrom(3);
		if (r == 0 && unlink(object_path("o")) < 0)
			r = -errno;
	}
	return r;
}

static int remove_and_allocate_again(off_t size)
{
	(void)size;
	return remove_and_make_again(by_fallocate);
}

static int remove_and_write_again(off_t size)
{
	(void)size;
	return remove_and_make_again(by_writing);
}

/* On a busy machine a thread may be late with the close, and the kernel kills the caller. */
static void room_is_made_again(way *allocate)
{
	const off_t slack = SLACK;
	int status = -1;

	for (int i = 0; i < TRIES && status != 0; i++) {
		status = use(allocate, 0, cgroup);
		assert_true(status == 0 || status == SIGKILL || status == ENOMEM << 8);
		assert_true(unlink(object_path("o")) == 0 || errno == ENOENT);
		assert_true(wait_until(is_free, &slack));
	}
	assert_int_equal(status, 0);
}

static void start(void)
{
	char dir[64];

	make_dir(dir, harness()->base, "m");
	assert_return_code(mount(NULL, SHM_DIR, NULL, MS_REMOUNT, "mode=1777,size=2g"), errno);
	daemon_start(&daemon_of_test, dir, (const char *const[]){"-o", "reserve", NULL});
	assert_return_code(mknod(object_path("source"), S_IFREG | 0644, 0), errno);
	assert_return_code(truncate(in_shm("source"), MUCH), errno);
}

static void stop(void)
{
	daemon_stop(&daemon_of_test);
	assert_return_code(rmdir(daemon_of_test.mount), errno);
	sweep(SHM_DIR);
}

static void limits_of_callers_hold(void **state)
{
	(void)state;
	start();
	what_callers_may_have_is_charged_to_them();
	what_is_more_fails(ARRAY_SIZE(ways), SLACK);
	room_is_made_again(remove_and_allocate_again);
	room_is_made_again(remove_and_write_again);
	stop();
}

static bool is_room(const void *arg)
{
	struct statvfs fs;

	(void)arg;
	return statvfs(SHM_DIR, &fs) == 0 && fs.f_bfree > fs.f_blocks / 4 * 3;
}

/* Where the daemon may not ask for that, the kernel may kill it when a caller has filled the
 * cgroup. */
static bool avoids_oom_killer(void)
{
	char path[64], text[16];

	snprintf(path, sizeof(path), "/proc/%d/oom_score_adj", (int)daemon_of_test.pid);
	read_text(path, text, sizeof(text));
	return atoi(text) < 0;
}

/* Reaching it ends neither the worker nor, because it is not charged, a caller from elsewhere. */
static void a_limit_of_the_daemon_does_not_end_it(void **state)
{
	char log[4096];

	(void)state;
	assert_int_equal(shmfs_cgroups_move(&cgroups, getpid(), cgroup), 0);
	start();
	assert_int_equal(shmfs_cgroups_move(&cgroups, getpid(), cgroups.own), 0);
	read_text(daemon_of_test.log, log, sizeof(log));
	assert_non_null(strstr(log, "in a memory cgroup with a limit of 64 MiB"));
	what_is_more_fails(avoids_oom_killer() ? ARRAY_SIZE(ways) : WAYS_OF_ALL, DAEMON_SLACK);
	for (size_t i = 0; i < ARRAY_SIZE(ways); i++) {
		if (ways[i] == by_small_fallocates || ways[i] == by_appending)
			continue; /* takes long */
		assert_int_equal(use(ways[i], MUCH, cgroups.own), 0);
		assert_true(bytes_of("o") >= MUCH);
		assert_return_code(unlink(object_path("o")), errno);
		assert_true(wait_until(is_room, NULL));
	}
	stop();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(limits_of_callers_hold),
		cmocka_unit_test(a_limit_of_the_daemon_does_not_end_it),
	};

	int status;

	if (!make_cgroup())
		return world_skip("no memory cgroup can be made here");
	status = RUN_BARE(tests);
	if (!wait_until(is_removed, NULL)) {
		fprintf(stderr, "%s cannot be removed\n", file_of_cgroup(""));
		status = EXIT_FAILURE;
	}
	shmfs_cgroups_close(&cgroups);
	return status;
}

/* SPDX-License-Identifier: MIT */
/* The process that serves dies, and another one takes over: programs notice nothing. */
#include "harness.h"
#include "worker.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

enum { FD_FLAGS = O_RDWR | O_CREAT | O_CLOEXEC };

static char buf[MIB], got[MIB];

static const int deaths[] = {SIGKILL, SIGSEGV, SIGTERM, SIGABRT, SIGKILL};

static void what_is_open_stays_open(void **state)
{
	const struct daemon *daemon = &harness()->daemon;
	const char *mount = daemon->mount;
	int fd, gone, appender;
	char path[80];
	struct stat st;

	(void)state;
	assert_true(has_keeper(&harness()->daemon));
	fd = open_in(mount, "open", FD_FLAGS);
	gone = open_in(mount, "gone", FD_FLAGS);
	appender = open_in(mount, "open", O_WRONLY | O_APPEND);
	snprintf(path, sizeof(path), "%s/gone", mount);
	assert_return_code(unlink(path), errno);
	for (size_t i = 0; i < ARRAY_SIZE(deaths); i++) {
		const off_t size = (off_t)(i + 1) * 1000;

		worker_kill(daemon, deaths[i]);
		fill(buf, 1000, (unsigned)i, 0);
		assert_int_equal(write(appender, buf, 1000), 1000);
		assert_int_equal(pwrite(gone, buf, 1000, size - 1000), 1000);
		assert_int_equal(pread(fd, got, 1000, size - 1000), 1000);
		assert_memory_equal(buf, got, 1000);
		assert_return_code(fstat(fd, &st), errno);
		assert_int_equal(st.st_size, size);
		assert_return_code(fstat(gone, &st), errno);
		assert_int_equal(st.st_size, size);
		assert_int_equal(st.st_nlink, 0);
		assert_return_code(fchmod(gone, 0600 | (mode_t)i), errno);
	}
	assert_return_code(ftruncate(gone, 10), errno);
	close(fd);
	close(gone);
	close(appender);
	sweep(SHM_DIR);
}

static void mappings_stay(void **state)
{
	const struct daemon *daemon = &harness()->daemon;
	volatile char *map, *other;
	int fd, outside;

	(void)state;
	assert_true(has_keeper(&harness()->daemon));
	fd = open_in(daemon->mount, "map", FD_FLAGS);
	outside = open_in(SHM_DIR, "map", O_RDWR);
	assert_return_code(ftruncate(fd, 4096), errno);
	map = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	close(fd);
	if (map != MAP_FAILED) {
		other = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, outside, 0);
		assert_ptr_not_equal(other, MAP_FAILED);
		for (size_t i = 0; i < ARRAY_SIZE(deaths); i++) {
			worker_kill(daemon, deaths[i]);
			map[i] = (char)(i + 1);
			assert_int_equal(other[i], i + 1);
		}
		munmap((void *)(uintptr_t)map, 4096);
		munmap((void *)(uintptr_t)other, 4096);
	}
	close(outside);
	sweep(SHM_DIR);
}

static bool is_given_back(const void *arg)
{
	const struct statvfs *before = arg;
	struct statvfs now;

	return statvfs(SHM_DIR, &now) == 0 && now.f_bfree >= before->f_bfree;
}

/* Nothing is counted twice, and nothing is kept for a worker that is dead. */
static void memory_is_given_back(void **state)
{
	const struct daemon *daemon = &harness()->daemon;
	struct statvfs before;
	char path[80];

	(void)state;
	assert_true(has_keeper(&harness()->daemon));
	snprintf(path, sizeof(path), "%s/big", daemon->mount);
	assert_return_code(statvfs(SHM_DIR, &before), errno);
	for (int i = 0; i < 4; i++) {
		int fd = open_in(daemon->mount, "big", FD_FLAGS);
		const int second = open_in(daemon->mount, "big", O_RDONLY);

		assert_return_code(fallocate(fd, 0, 0, 64 * (off_t)MIB), errno);
		worker_kill(daemon, SIGKILL);
		assert_return_code(unlink(path), errno);
		close(fd);
		worker_kill(daemon, SIGKILL);
		close(second);
		worker_kill(daemon, SIGKILL);
		worker_use(daemon);
	}
	assert_true(wait_until(is_given_back, &before));
}

static _Noreturn void make_and_use(const char *mount, int i)
{
	char path[80], other[80];
	int fd;

	snprintf(path, sizeof(path), "%s/w%d", mount, i);
	snprintf(other, sizeof(other), "%s/x%d", mount, i);
	fd = open(path, O_RDWR | O_CREAT | O_EXCL, 0600);
	_exit(fd >= 0 && write(fd, "12345", 5) == 5 && rename(path, other) == 0 &&
				unlink(other) == 0 && pread(fd, got, 10, 0) == 5
			? 0
			: 1);
}

static void requests_wait(void **state)
{
	const struct daemon *daemon = &harness()->daemon;
	pid_t children[8];

	(void)state;
	assert_true(has_keeper(&harness()->daemon));
	for (int round = 0; round < 4; round++) {
		const pid_t worker = worker_of(daemon);

		worker_use(daemon);
		assert_return_code(kill(worker, SIGSTOP), errno);
		for (int i = 0; i < 8; i++) {
			children[i] = fork();
			if (children[i] == 0)
				make_and_use(daemon->mount, i);
		}
		assert_return_code(kill(worker, SIGKILL), errno);
		for (int i = 0; i < 8; i++)
			assert_int_equal(wait_child(children[i]), 0);
	}
	assert_true(is_empty(SHM_DIR));
}

static void a_listing_goes_on(void **state)
{
	enum { COUNT = 2000 };
	static int seen[COUNT];
	const struct daemon *daemon = &harness()->daemon;
	const struct dirent *entry;
	char name[16], path[80];
	int n = 0;
	DIR *dir;

	(void)state;
	assert_true(has_keeper(&harness()->daemon));
	snprintf(path, sizeof(path), "%s/dir", daemon->mount);
	assert_return_code(mkdir(path, 0755), errno);
	for (int i = 0; i < COUNT; i++) {
		snprintf(name, sizeof(name), "dir/%d", i);
		close(open_in(SHM_DIR, name, FD_FLAGS));
	}
	dir = opendir(path);
	assert_non_null(dir);
	while ((entry = readdir(dir))) {
		if (++n % 500 == 0)
			worker_kill(daemon, SIGKILL);
		if (entry->d_name[0] != '.')
			seen[atoi(entry->d_name)]++;
	}
	closedir(dir);
	for (int i = 0; i < COUNT; i++)
		assert_int_equal(seen[i], 1);
	sweep(SHM_DIR);
}

static void users_have_it_too(void **state)
{
	struct daemon daemon;
	char dir[64], path[80];
	int status;
	pid_t pid;

	(void)state;
	assert_true(has_keeper(&harness()->daemon));
	make_dir(dir, harness()->base, "user");
	assert_return_code(chown(dir, NOBODY.uid, NOBODY.gid), errno);
	snprintf(path, sizeof(path), "%s/o", dir);
	daemon_start_as(&daemon, dir, NULL, NOBODY);
	for (int i = 0; i < 3; i++) {
		const pid_t worker = worker_of(&daemon);

		pid = fork();
		if (pid == 0) {
			int fd;

			if (who_become(NOBODY) < 0)
				_exit(2);
			for (int step = 0; step < WORKER_REQUESTS; step++)
				access(path, F_OK);
			fd = open(path, O_RDWR | O_CREAT | O_EXCL, 0400);
			kill(worker, SIGKILL);
			_exit(fd >= 0 && write(fd, "x", 1) == 1 && unlink(path) == 0 ? 0 : 1);
		}
		status = wait_child(pid);
		assert_int_equal(status, 0);
		worker_await_next(&daemon, worker);
	}
	assert_return_code(kill(daemon.pid, SIGTERM), errno);
	daemon_expect_end(&daemon);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_open_stays_open),
		cmocka_unit_test(mappings_stay),
		cmocka_unit_test(memory_is_given_back),
		cmocka_unit_test(requests_wait),
		cmocka_unit_test(a_listing_goes_on),
		cmocka_unit_test(users_have_it_too),
	};

	if (keeper_obstacle())
		return world_skip(keeper_obstacle());
	daemon_may_crash();
	return RUN_MOUNTED(tests);
}

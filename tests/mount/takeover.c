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
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/wait.h>
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
	need_keeper(&harness()->daemon);
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
	need_keeper(&harness()->daemon);
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
	need_keeper(&harness()->daemon);
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
	need_keeper(&harness()->daemon);
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
	need_keeper(&harness()->daemon);
	snprintf(path, sizeof(path), "%s/dir", daemon->mount);
	assert_return_code(mkdir(path, 0755), errno);
	for (int i = 0; i < COUNT; i++) {
		snprintf(name, sizeof(name), "dir%%2F%d", i);
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

/* It may be an orphan of ours then. */
static bool has_died(const void *arg)
{
	const pid_t pid = *(const pid_t *)arg;

	return waitpid(pid, NULL, WNOHANG) == pid || kill(pid, 0) < 0;
}

static void without_its_keeper_it_ends(void **state)
{
	struct daemon daemon;
	char dir[64];
	pid_t worker;

	(void)state;
	need_keeper(&harness()->daemon);
	make_dir(dir, harness()->base, "no-keeper");
	daemon_start(&daemon, dir, NULL);
	close(open_in(dir, "stays", FD_FLAGS));
	worker = worker_of(&daemon);
	daemon_kill(&daemon);
	assert_true(wait_until(has_died, &worker));
	close(open_in(SHM_DIR, "stays", O_RDWR));
	assert_return_code(umount2(dir, MNT_DETACH), errno);
	sweep(SHM_DIR);
}

static void it_can_be_told_to_end_at_any_time(void **state)
{
	struct daemon daemon;
	char dir[64];

	(void)state;
	need_keeper(&harness()->daemon);
	make_dir(dir, harness()->base, "end");
	for (int i = 0; i < 5; i++) {
		daemon_start(&daemon, dir, NULL);
		assert_return_code(kill(worker_of(&daemon), SIGKILL), errno);
		assert_return_code(kill(daemon.pid, SIGTERM), errno);
		daemon_expect_end(&daemon);
	}
}

static bool log_says(const struct daemon *daemon, const char *text)
{
	char log[8 * KIB];

	read_text(daemon->log, log, sizeof(log));
	return strstr(log, text) != NULL;
}

/*
 * Every worker is killed as soon as it is there: that has to come to an end. What has been given up
 * may have other children, to look for leaks.
 */
static void it_is_given_up(void **state)
{
	struct daemon daemon;
	pid_t last = 0, worker;
	int kills = 0;
	char dir[64];

	(void)state;
	need_keeper(&harness()->daemon);
	make_dir(dir, harness()->base, "given-up");
	daemon_start(&daemon, dir, NULL);
	for (;;) {
		worker = daemon_worker(&daemon);
		if (log_says(&daemon, "giving up"))
			break;
		if (worker > 0 && worker != last && kill(worker, SIGKILL) == 0) {
			last = worker;
			kills++;
		}
		assert_in_range(kills, 0, 20);
	}
	assert_int_equal(wait_child(daemon.pid), 1 << 8);
	assert_false(is_mount_point(dir));
	assert_in_range(kills, 5, 20);
}

static void install(const char *from)
{
	char new_path[80];
	struct outcome o;

	snprintf(new_path, sizeof(new_path), "%s.new", daemon_path());
	run(&o, (const char *const[]){"cp", from, new_path, NULL});
	assert_int_equal(o.status, 0);
	assert_return_code(chmod(new_path, 0755), errno);
	assert_return_code(rename(new_path, daemon_path()), errno);
}

static bool runs_the_newest(const void *arg)
{
	const struct daemon *daemon = arg;
	struct stat installed, running;
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/exe", (int)daemon->pid);
	return stat(daemon_path(), &installed) == 0 && stat(path, &running) == 0 &&
	       installed.st_ino == running.st_ino && daemon_worker(daemon) > 0;
}

static void the_program_is_replaced(void **state)
{
	struct daemon daemon;
	char dir[64];
	int fd;

	(void)state;
	need_keeper(&harness()->daemon);
	make_dir(dir, harness()->base, "upgrade");
	daemon_start(&daemon, dir, NULL);
	fd = open_in(dir, "o", FD_FLAGS);
	for (int i = 0; i < 5; i++) {
		install(getenv("SHMFS"));
		assert_false(runs_the_newest(&daemon));
		assert_return_code(kill(daemon.pid, SIGHUP), errno);
		assert_int_equal(pwrite(fd, "123", 3, 3 * i), 3);
		assert_true(wait_until(runs_the_newest, &daemon));
		assert_int_equal(pread(fd, got, 100, 0), 3 * (i + 1));
		worker_kill(&daemon, SIGKILL);
		assert_int_equal(pread(fd, got, 100, 0), 3 * (i + 1));
	}
	close(fd);
	daemon_stop(&daemon);
	sweep(SHM_DIR);
}

static bool has_refused(const void *daemon)
{
	return log_says(daemon, "cannot take over");
}

static void what_cannot_take_over_does_not(void **state)
{
	struct daemon daemon;
	char dir[64];
	pid_t worker;
	int fd;

	(void)state;
	need_keeper(&harness()->daemon);
	make_dir(dir, harness()->base, "refused");
	daemon_start(&daemon, dir, NULL);
	fd = open_in(dir, "o", FD_FLAGS);
	worker = worker_of(&daemon);
	install("/bin/true");
	assert_return_code(kill(daemon.pid, SIGHUP), errno);
	assert_true(wait_until(has_refused, &daemon));
	assert_int_equal(daemon_worker(&daemon), worker);
	assert_int_equal(write(fd, "123", 3), 3);
	close(fd);
	install(getenv("SHMFS"));
	daemon_stop(&daemon);
	sweep(SHM_DIR);
}

static void users_have_it_too(void **state)
{
	struct daemon daemon;
	char dir[64], path[80];
	int status;
	pid_t pid;

	(void)state;
	need_keeper(&harness()->daemon);
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

static void nokeeper_serves_from_one_process(void **state)
{
	static const char *const args[] = {"-o", "nokeeper", NULL};
	struct daemon daemon;
	char dir[64];

	(void)state;
	make_dir(dir, harness()->base, "alone");
	daemon_start(&daemon, dir, args);
	assert_int_equal(daemon_worker(&daemon), 0);
	daemon_stop(&daemon);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_open_stays_open),
		cmocka_unit_test(mappings_stay),
		cmocka_unit_test(memory_is_given_back),
		cmocka_unit_test(requests_wait),
		cmocka_unit_test(a_listing_goes_on),
		cmocka_unit_test(without_its_keeper_it_ends),
		cmocka_unit_test(it_can_be_told_to_end_at_any_time),
		cmocka_unit_test(it_is_given_up),
		cmocka_unit_test(the_program_is_replaced),
		cmocka_unit_test(what_cannot_take_over_does_not),
		cmocka_unit_test(users_have_it_too),
		cmocka_unit_test(nokeeper_serves_from_one_process),
	};

	daemon_may_crash();
	return RUN_MOUNTED(tests);
}

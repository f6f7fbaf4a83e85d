/* SPDX-License-Identifier: MIT */
/* The keeper of the process that serves: its own end, when it gives up, and newer programs. */
#include "harness.h"
#include "worker.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { FD_FLAGS = O_RDWR | O_CREAT | O_CLOEXEC };

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
	assert_true(has_keeper(&harness()->daemon));
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
	assert_true(has_keeper(&harness()->daemon));
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

/* Each worker lives for a moment, but serves. */
static void workers_that_answered_are_replaced(void **state)
{
	const struct daemon *daemon = &harness()->daemon;

	(void)state;
	assert_true(has_keeper(daemon));
	for (int i = 0; i < 30; i++) {
		const pid_t worker = worker_of(daemon);

		EXPECT_ERROR(access(in_mount("no-such-name"), F_OK), ENOENT);
		/* Its keeper may just have replaced it. */
		if (kill(worker, SIGKILL) == 0)
			worker_await_next(daemon, worker);
	}
	assert_false(log_says(daemon, "giving up"));
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
	char dir[64], got[100];
	int fd;

	(void)state;
	assert_true(has_keeper(&harness()->daemon));
	make_dir(dir, harness()->base, "upgrade");
	daemon_start(&daemon, dir, NULL);
	fd = open_in(dir, "o", FD_FLAGS);
	for (int i = 0; i < 5; i++) {
		install(getenv("SHMFS"));
		assert_false(runs_the_newest(&daemon));
		assert_return_code(kill(daemon.pid, SIGHUP), errno);
		assert_int_equal(pwrite(fd, "123", 3, 3 * i), 3);
		assert_true(wait_until(runs_the_newest, &daemon));
		assert_int_equal(pread(fd, got, sizeof(got), 0), 3 * (i + 1));
		worker_kill(&daemon, SIGKILL);
		assert_int_equal(pread(fd, got, sizeof(got), 0), 3 * (i + 1));
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
	assert_true(has_keeper(&harness()->daemon));
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

static bool has_left_it(const void *daemon)
{
	return log_says(daemon, "does not tell whether it can take over");
}

/* Meanwhile the keeper goes on: it replaces a dead worker. */
static void a_program_that_hangs_is_left(void **state)
{
	static const char script[] = "#!/bin/sh\nexec sleep 1000\n";
	struct daemon daemon;
	char dir[64], path[96];
	int fd;

	(void)state;
	assert_true(has_keeper(&harness()->daemon));
	make_dir(dir, harness()->base, "hangs");
	daemon_start(&daemon, dir, NULL);
	fd = open_in(dir, "o", FD_FLAGS);
	snprintf(path, sizeof(path), "%s/script", harness()->base);
	write_file(path, script, strlen(script));
	install(path);
	assert_return_code(kill(daemon.pid, SIGHUP), errno);
	worker_kill(&daemon, SIGKILL);
	assert_false(has_left_it(&daemon));
	assert_int_equal(write(fd, "123", 3), 3);
	assert_true(wait_until(has_left_it, &daemon));
	assert_int_equal(write(fd, "123", 3), 3);
	close(fd);
	install(getenv("SHMFS"));
	assert_return_code(kill(daemon.pid, SIGHUP), errno);
	assert_true(wait_until(runs_the_newest, &daemon));
	daemon_stop(&daemon);
	sweep(SHM_DIR);
}

/* A line of /proc/PID/task/TID/status as a number. */
static unsigned long status_of(pid_t pid, const char *thread, const char *key, int base)
{
	char path[320], text[4 * KIB];
	const char *line;

	snprintf(path, sizeof(path), "/proc/%d/task/%s/status", (int)pid, thread);
	read_text(path, text, sizeof(text));
	line = strstr(text, key);
	assert_non_null(line);
	return strtoul(line + strlen(key), NULL, base);
}

static unsigned long capabilities_of(pid_t pid, const char *key)
{
	char thread[16];

	snprintf(thread, sizeof(thread), "%d", (int)pid);
	return status_of(pid, thread, key, 16);
}

/* Without a filter of its own each thread has that of this program, or none. */
static void expect_confined(pid_t process)
{
	const char *has_filter = getenv("SHMFS_HAS_FILTER");
	char self[16];
	const struct dirent *entry;
	char path[64];
	int threads = 0;
	DIR *dir;

	snprintf(self, sizeof(self), "%d", (int)getpid());
	snprintf(path, sizeof(path), "/proc/%d/task", (int)process);
	dir = opendir(path);
	assert_non_null(dir);
	while ((entry = readdir(dir))) {
		const char *thread = entry->d_name;

		if (thread[0] == '.')
			continue;
		assert_int_equal(status_of(process, thread, "\nNoNewPrivs:", 10), 1);
		assert_int_equal(status_of(process, thread, "\nSeccomp:", 10),
			has_filter ? 2 : status_of(getpid(), self, "\nSeccomp:", 10));
		threads++;
	}
	closedir(dir);
	assert_true(threads > 1);
}

static void no_thread_can_gain_anything(void **state)
{
	(void)state;
	assert_true(has_keeper(&harness()->daemon));
	worker_use(&harness()->daemon);
	expect_confined(worker_of(&harness()->daemon));
}

/* The keeper has the worker's capabilities to hand on; none is in effect. */
static void the_keeper_has_nothing_in_effect(void **state)
{
	const pid_t keeper = harness()->daemon.pid, worker = worker_of(&harness()->daemon);
	const unsigned long kept = capabilities_of(worker, "\nCapPrm:");

	(void)state;
	assert_true(kept & 1UL << CAP_SYS_ADMIN);
	assert_false(kept & 1UL << CAP_SYS_RESOURCE);
	assert_int_equal(capabilities_of(worker, "\nCapEff:"), kept);
	assert_int_equal(capabilities_of(keeper, "\nCapPrm:"), kept);
	assert_int_equal(capabilities_of(keeper, "\nCapBnd:") & ~kept, 0);
	assert_int_equal(capabilities_of(keeper, "\nCapEff:"), 0);
	assert_int_equal(capabilities_of(keeper, "\nCapInh:"), 0);
}

static void alone_no_thread_can_gain_anything(void **state)
{
	static const char *const args[] = {"-o", "nokeeper", NULL};
	const struct who users[] = {ROOT, NOBODY};
	struct daemon daemon;
	char dir[64];

	(void)state;
	make_dir(dir, harness()->base, "confined");
	for (size_t i = 0; i < ARRAY_SIZE(users); i++) {
		assert_return_code(chown(dir, users[i].uid, users[i].gid), errno);
		daemon_start_as(&daemon, dir, args, users[i]);
		expect_confined(daemon.pid);
		assert_return_code(kill(daemon.pid, SIGTERM), errno);
		daemon_expect_end(&daemon);
	}
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
		cmocka_unit_test(without_its_keeper_it_ends),
		cmocka_unit_test(it_can_be_told_to_end_at_any_time),
		cmocka_unit_test(workers_that_answered_are_replaced),
		cmocka_unit_test(the_program_is_replaced),
		cmocka_unit_test(what_cannot_take_over_does_not),
		cmocka_unit_test(a_program_that_hangs_is_left),
		cmocka_unit_test(no_thread_can_gain_anything),
		cmocka_unit_test(the_keeper_has_nothing_in_effect),
		cmocka_unit_test(alone_no_thread_can_gain_anything),
		cmocka_unit_test(nokeeper_serves_from_one_process),
	};

	if (keeper_obstacle())
		return world_skip(keeper_obstacle());
	daemon_may_crash();
	return RUN_MOUNTED(tests);
}

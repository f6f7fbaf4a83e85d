/* SPDX-License-Identifier: MIT */
/*
 * Processes and threads that cannot be made: a start is refused with one line and no mount; a mount
 * that is served goes on with the threads it has and gets more when it can, or ends.
 */
#include "../mount/worker.h"
#include "control.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define EAGAIN_TEXT "Resource temporarily unavailable"

enum { STEPS = 100, CLIENTS = 4 };

/* Allocating it takes longer than a leader may take. */
#define LONG_SIZE ((off_t)256 * 1024 * 1024)

static struct daemon daemon_under_test;

static const char *mount_dir(void)
{
	static char dir[64];

	snprintf(dir, sizeof(dir), "%s/mount", harness()->base);
	mkdir(dir, 0755);
	return dir;
}

/* --- at the start --- */

static void expect_refused(enum fault fault, long after, const char *const options[3])
{
	const char *dir = mount_dir();
	struct outcome o;

	faults_begin(fault, after, 1);
	run(&o, (const char *const[]){
			daemon_path(), options[0], options[1], options[2], dir, NULL});
	if (!faults_end(fault))
		fail_msg("nothing failed");
	if (o.status != EXIT_FAILURE)
		fail_msg("status %d: %s", o.status, o.err);
	assert_string_equal(o.out, "");
	assert_non_null(strstr(o.err, EAGAIN_TEXT));
	if (strchr(o.err, '\n') != o.err + strlen(o.err) - 1)
		fail_msg("not one line: %s", o.err);
	assert_false(is_mount_point(dir));
}

/*
 * Into the background; the worker, or libfuse's mount(8) before it, where there is /run/mount/utab;
 * the first thread of the worker; the thread that serves.
 */
static void a_start_is_refused(void **state)
{
	static const char *const background[3] = {"-o", "rw", "-orw"};
	static const char *const foreground[3] = {"-o", "rw", "-f"};
	static const char *const alone[3] = {"-o", "nokeeper", "-f"};

	(void)state;
	expect_refused(FAULT_PROCESS, 0, background);
	expect_refused(FAULT_PROCESS, 1, background);
	expect_refused(FAULT_PROCESS, 0, foreground);
	/* The thread before them tries out priorities (fs/request/weight): a start goes on without
	 * it. */
	for (long thread = 1; thread < 3; thread++) {
		expect_refused(FAULT_THREAD, thread, background);
		expect_refused(FAULT_THREAD, thread, foreground);
	}
	expect_refused(FAULT_THREAD, 1, alone);
}

/* --- while it serves --- */

static int begin(void **state)
{
	const char *data_path = getenv("SHMFS_TEST_DATA_PATH");

	(void)state;
	daemon_start(&daemon_under_test, mount_dir(),
		(const char *const[]){"-o", data_path ? data_path : "passthrough=auto", NULL});
	worker_use(&daemon_under_test);
	return 0;
}

static size_t count_in_log(const char *text)
{
	char log[64 * KIB];
	size_t n = 0;

	read_text(daemon_under_test.log, log, sizeof(log));
	for (const char *p = log; (p = strstr(p, text)); p++)
		n++;
	return n;
}

static bool is_unstarted(const void *unused)
{
	(void)unused;
	return count_in_log("cannot start a worker: " EAGAIN_TEXT) > 0;
}

/* To be called while nothing fails. False: there can be none, and nothing to test. */
static bool is_kept_here(void)
{
	if (has_keeper(&daemon_under_test))
		return true;
	daemon_stop(&daemon_under_test);
	return false;
}

static void kill_worker(void)
{
	assert_return_code(kill(daemon_worker(&daemon_under_test), SIGKILL), errno);
}

static void expect_end(int status)
{
	assert_int_equal(wait_child(daemon_under_test.pid), W_EXITCODE(status, 0));
	assert_false(is_mount_point(daemon_under_test.mount));
	assert_int_equal(count_in_log("cannot start a worker"), 1);
}

/* A state that comes within a second: no user can be asked to wait longer. */
static void a_worker_can_be_started_later(void **state)
{
	(void)state;
	if (!is_kept_here())
		return;
	faults_begin(FAULT_PROCESS, 0, 5);
	kill_worker();
	worker_use(&daemon_under_test);
	assert_true(daemon_worker(&daemon_under_test) > 0);
	assert_int_equal(faults_count(FAULT_PROCESS), 5);
	faults_end(FAULT_PROCESS);
	/* It is none of those that die at once. */
	kill_worker();
	worker_use(&daemon_under_test);
	assert_int_equal(count_in_log("cannot start a worker: " EAGAIN_TEXT), 1);
	daemon_stop(&daemon_under_test);
}

static void no_worker_can_be_started(void **state)
{
	(void)state;
	if (!is_kept_here())
		return;
	faults_begin(FAULT_PROCESS, 0, FOR_EVER);
	kill_worker();
	expect_end(EXIT_FAILURE);
	assert_true(faults_count(FAULT_PROCESS) >= 5);
	assert_true(faults_end(FAULT_PROCESS));
	assert_int_equal(count_in_log("giving up, unmounting"), 1);
}

static void it_ends_while_there_is_no_worker(void **state)
{
	(void)state;
	if (!is_kept_here())
		return;
	faults_begin(FAULT_PROCESS, 0, FOR_EVER);
	kill_worker();
	assert_true(wait_until(is_unstarted, NULL));
	assert_return_code(kill(daemon_under_test.pid, SIGTERM), errno);
	expect_end(EXIT_SUCCESS);
	assert_true(faults_end(FAULT_PROCESS));
}

static void it_is_replaced_while_there_is_no_worker(void **state)
{
	(void)state;
	if (!is_kept_here())
		return;
	faults_begin(FAULT_PROCESS, 0, 5);
	kill_worker();
	assert_true(wait_until(is_unstarted, NULL));
	assert_return_code(kill(daemon_under_test.pid, SIGHUP), errno);
	worker_use(&daemon_under_test);
	assert_true(faults_end(FAULT_PROCESS));
	assert_return_code(kill(daemon_under_test.pid, SIGHUP), errno);
	worker_use(&daemon_under_test);
	daemon_stop(&daemon_under_test);
}

static bool goes_on(const void *unused)
{
	(void)unused;
	return count_in_log("cannot take over: this program goes on") > 0;
}

static void a_successor_cannot_be_tried(void **state)
{
	const bool is_kept = has_keeper(&daemon_under_test);
	const pid_t worker = daemon_worker(&daemon_under_test);

	(void)state;
	faults_begin(FAULT_PROCESS, 0, 1);
	assert_return_code(kill(daemon_under_test.pid, SIGHUP), errno);
	if (is_kept) {
		assert_true(wait_until(goes_on, NULL));
		worker_use(&daemon_under_test);
		assert_int_equal(daemon_worker(&daemon_under_test), worker);
		assert_true(faults_end(FAULT_PROCESS));
		daemon_stop(&daemon_under_test);
	} else {
		faults_end(FAULT_PROCESS);
		daemon_expect_end(&daemon_under_test);
	}
}

/* --- threads --- */

static void work(int client)
{
	static char data[MIB];
	char dir[128], moved[128], path[160];

	snprintf(dir, sizeof(dir), "%s/d%d", daemon_under_test.mount, client);
	snprintf(moved, sizeof(moved), "%s/m%d", daemon_under_test.mount, client);
	snprintf(path, sizeof(path), "%s/file", dir);
	for (int i = 0; i < STEPS; i++) {
		int fd;

		if (mkdir(dir, 0755) < 0)
			_exit(1);
		fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
		if (fd < 0 || pwrite(fd, data, sizeof(data), 0) != sizeof(data) || close(fd) < 0)
			_exit(2);
		if (rename(dir, moved) < 0 || rename(moved, dir) < 0)
			_exit(3);
		if (unlink(path) < 0 || rmdir(dir) < 0)
			_exit(4);
	}
	_exit(0);
}

/* One request takes so long that another thread has to lead. */
static void want_thread(void)
{
	char path[128];
	int fd;

	snprintf(path, sizeof(path), "%s/long", daemon_under_test.mount);
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	assert_return_code(fd, errno);
	assert_return_code(fallocate(fd, 0, 0, LONG_SIZE), errno);
	close(fd);
	assert_return_code(unlink(path), errno);
}

static void one_thread_serves_all(void **state)
{
	pid_t clients[CLIENTS];

	(void)state;
	faults_begin(FAULT_THREAD, 0, FOR_EVER);
	for (int i = 0; i < CLIENTS; i++) {
		clients[i] = fork();
		assert_return_code(clients[i], errno);
		if (clients[i] == 0)
			work(i);
	}
	want_thread();
	for (int i = 0; i < CLIENTS; i++)
		assert_int_equal(wait_child(clients[i]), 0);
	assert_true(faults_end(FAULT_THREAD));
	daemon_stop(&daemon_under_test);
}

static void prepare(void **state)
{
	(void)state;
	faults_prepare();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(prepare),
		cmocka_unit_test(a_start_is_refused),
		cmocka_unit_test_setup(a_worker_can_be_started_later, begin),
		cmocka_unit_test_setup(no_worker_can_be_started, begin),
		cmocka_unit_test_setup(it_ends_while_there_is_no_worker, begin),
		cmocka_unit_test_setup(it_is_replaced_while_there_is_no_worker, begin),
		cmocka_unit_test_setup(a_successor_cannot_be_tried, begin),
		cmocka_unit_test_setup(one_thread_serves_all, begin),
	};

	return RUN_BARE(tests);
}

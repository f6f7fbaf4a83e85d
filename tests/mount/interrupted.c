/* SPDX-License-Identifier: MIT */
/* Long allocations and copies end when their callers are interrupted, as on tmpfs. */
#include "harness.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/time.h>
#include <unistd.h>

enum { FD_FLAGS = O_RDWR | O_CREAT | O_CLOEXEC };

/* Takes much longer than a signal needs to arrive. */
#define LONG_SIZE ((off_t)1536 * 1024 * 1024)

#define COPY_SIZE ((off_t)128 * 1024 * 1024)

static char buf[MIB];

static void there_is_room(void **state)
{
	const char *const dirs[] = {SHM_DIR, harness()->reference};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(dirs); i++)
		assert_return_code(
			mount(NULL, dirs[i], NULL, MS_REMOUNT, "mode=1777,size=2g"), errno);
}

static void on_alarm(int sig)
{
	(void)sig;
}

/* Every few ms; in us. 0: no more. */
static void set_alarms(suseconds_t interval)
{
	const struct itimerval timer = {{.tv_usec = interval}, {.tv_usec = interval}};
	const struct sigaction action = {.sa_handler = on_alarm, .sa_flags = SA_RESTART};

	sigaction(SIGALRM, &action, NULL);
	setitimer(ITIMER_REAL, &timer, NULL);
}

/* Before Linux 6.9 tmpfs itself gives up. */
static int allocate_interrupted(int fd, int mode, off_t size)
{
	int r;

	set_alarms(5000);
	r = fallocate(fd, mode, 0, size);
	set_alarms(0);
	return r < 0 && errno == EINTR ? fallocate(fd, mode, 0, size) : r;
}

static void no_handled_signal_ends_fallocate(struct side *s)
{
	static const int modes[] = {FALLOC_FL_KEEP_SIZE, 0};
	const int fd = T_FD(s, open("o", FD_FLAGS, 0600));

	fill(buf, MIB, 1, 0);
	T(s, pwrite(fd, buf, MIB, 100 * MIB));
	for (size_t i = 0; i < ARRAY_SIZE(modes); i++) {
		T(s, allocate_interrupted(fd, modes[i], LONG_SIZE));
		note_fstat(s, fd);
		note_range(s, fd, 99 * MIB, 3 * MIB);
		T(s, ftruncate(fd, 101 * MIB));
	}
}

static void long_calls_clear_suid(struct side *s)
{
	const int from = T_FD(s, open("from", FD_FLAGS, 0600));
	const int fd = T_FD(s, open("o", FD_FLAGS, 0600));

	T(s, fchmod(fd, 06777));
	T(s, fallocate(fd, 0, 0, 32 * MIB));
	note_fstat(s, fd);
	T(s, fchmod(fd, 06777));
	T(s, fallocate(from, 0, 0, 32 * MIB));
	T(s, copy_file_range(from, NULL, fd, NULL, 32 * MIB, 0));
	note_fstat(s, fd);
}

/* The caller goes on with the rest. */
static void a_signal_ends_a_copy(struct side *s)
{
	const int from = T_FD(s, open("from", FD_FLAGS, 0600));
	const int to = T_FD(s, open("to", FD_FLAGS, 0600));
	off_t in = 0, out = 0;
	ssize_t n;

	fill(buf, MIB, 1, 0);
	T(s, pwrite(from, buf, MIB, COPY_SIZE - (off_t)MIB));
	set_alarms(5000);
	n = copy_file_range(from, &in, to, &out, (size_t)COPY_SIZE, 0);
	set_alarms(0);
	note(s, "short: %d", n > 0 && n < COPY_SIZE);
	note(s, "moved on: %d", in == n && out == n);
	while ((n = copy_file_range(from, &in, to, &out, (size_t)COPY_SIZE, 0)) > 0)
		;
	note(s, "end: %zd", n);
	note_fstat(s, to);
	note_range(s, to, COPY_SIZE - (off_t)MIB, MIB);
}

/* --- callers that are killed --- */

static struct daemon daemon_of_test;

static const char *object_path(void)
{
	static char path[96];

	snprintf(path, sizeof(path), "%s/o", daemon_of_test.mount);
	return path;
}

static void allocate(void)
{
	fallocate(open(object_path(), O_RDWR | O_CLOEXEC), 0, 0, LONG_SIZE);
}

static void grow(void)
{
	if (truncate(object_path(), LONG_SIZE) < 0)
		_exit(1);
}

static bool has_begun(const void *arg)
{
	struct statvfs fs;

	(void)arg;
	return statvfs(SHM_DIR, &fs) == 0 && fs.f_bfree < fs.f_blocks;
}

static bool is_undone(const void *arg)
{
	struct statvfs fs;

	(void)arg;
	return statvfs(SHM_DIR, &fs) == 0 && fs.f_bfree == fs.f_blocks;
}

static void expect_to_be_killed(void (*call)(void))
{
	struct stat st;
	pid_t pid;

	assert_return_code(mknod(object_path(), S_IFREG | 0600, 0), errno);
	pid = fork();
	assert_return_code(pid, errno);
	if (pid == 0) {
		call();
		pause();
	}
	assert_true(wait_until(has_begun, NULL));
	assert_return_code(kill(pid, SIGKILL), errno);
	assert_int_equal(wait_child(pid), SIGKILL);
	assert_true(wait_until(is_undone, NULL));
	assert_return_code(stat(object_path(), &st), errno);
	assert_int_equal(st.st_size, 0);
	assert_return_code(unlink(object_path()), errno);
}

static void what_a_killed_caller_wanted_is_undone(void **state)
{
	char dir[64];

	(void)state;
	make_dir(dir, harness()->base, "reserving");
	daemon_start(&daemon_of_test, dir, (const char *const[]){"-o", "reserve", NULL});
	expect_to_be_killed(allocate);
	expect_to_be_killed(grow);
	daemon_stop(&daemon_of_test);
	assert_return_code(rmdir(dir), errno);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(there_is_room),
		COMPARED(no_handled_signal_ends_fallocate),
		COMPARED(long_calls_clear_suid),
		COMPARED(a_signal_ends_a_copy),
		cmocka_unit_test(what_a_killed_caller_wanted_is_undone),
	};

	return RUN_MOUNTED(tests);
}

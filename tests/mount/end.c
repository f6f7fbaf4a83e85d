/* SPDX-License-Identifier: MIT */
/* Every way to end, the state that survives it, and the mount that a dead daemon leaves. */
#include "harness.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FD_FLAGS = O_RDWR | O_CREAT | O_CLOEXEC };

static char buf[MIB], got[MIB];

static void signals_end(const char *const args[], const int *signals, size_t n)
{
	struct daemon daemon;
	char dir[64];

	snprintf(dir, sizeof(dir), "%s/signals", harness()->base);
	for (size_t i = 0; i < n; i++) {
		daemon_start(&daemon, dir, args);
		assert_return_code(kill(daemon.pid, signals[i]), errno);
		daemon_expect_end(&daemon);
	}
}

/* With a keeper SIGHUP means something else: see takeover_keeper.c. */
static void signals_end_it(void **state)
{
	static const char *const alone[] = {"-o", "nokeeper", NULL};
	static const int signals[] = {SIGTERM, SIGINT, SIGHUP};
	char dir[64];

	(void)state;
	make_dir(dir, harness()->base, "signals");
	signals_end(NULL, signals, 2);
	signals_end(alone, signals, 3);
}

/* Every write is a request. */
static const char *const mapped[] = {"-o", "passthrough=off", NULL};

static void signals_end_it_while_files_are_open(void **state)
{
	static const int signals[] = {SIGTERM, SIGINT};
	struct daemon daemon;
	char dir[64];

	(void)state;
	make_dir(dir, harness()->base, "open-files");
	for (size_t i = 0; i < ARRAY_SIZE(signals); i++) {
		int fd, listing;

		daemon_start(&daemon, dir, mapped);
		fd = open_in(dir, "o", FD_FLAGS);
		listing = open_in(dir, ".", O_RDONLY | O_DIRECTORY);
		assert_int_equal(write(fd, buf, sizeof(buf)), sizeof(buf));
		assert_return_code(kill(daemon.pid, signals[i]), errno);
		daemon_expect_end(&daemon);
		assert_int_equal(write(fd, buf, 1), -1);
		close(fd);
		close(listing);
	}
	sweep(SHM_DIR);
}

static _Noreturn void keep_writing(const char *dir)
{
	char path[80];
	int fd;

	snprintf(path, sizeof(path), "%s/busy", dir);
	fd = open(path, FD_FLAGS, 0600);
	while (pwrite(fd, buf, sizeof(buf), 0) == sizeof(buf))
		;
	_exit(0);
}

/* The kernel has not told the daemon of all the ends of opens yet. */
static void it_ends_while_files_are_being_closed(void **state)
{
	static const char *const ways[][3] = {
		{"-o", "passthrough=off,nokeeper", NULL}, {"-o", "passthrough=off", NULL}};
	enum { FILES = 30, ROUNDS = 60 };
	struct daemon daemon;
	int fds[FILES];
	char dir[64];

	(void)state;
	make_dir(dir, harness()->base, "closing");
	for (int round = 0; round < ROUNDS; round++) {
		daemon_start(&daemon, dir, ways[round % 2]);
		for (int i = 0; i < FILES; i++) {
			char name[16];

			snprintf(name, sizeof(name), "o-%d", i);
			fds[i] = open_in(dir, name, FD_FLAGS);
		}
		for (int i = 0; i < FILES; i++)
			close(fds[i]);
		daemon_stop(&daemon);
	}
	sweep(SHM_DIR);
}

static bool has_object(const void *path)
{
	struct stat st;

	return stat(path, &st) == 0 && st.st_size > 0;
}

static void a_signal_ends_it_in_the_middle_of_work(void **state)
{
	struct daemon daemon;
	char dir[64];
	pid_t pid;

	(void)state;
	make_dir(dir, harness()->base, "working");
	daemon_start(&daemon, dir, mapped);
	pid = fork();
	if (pid == 0)
		keep_writing(dir);
	assert_true(wait_until(has_object, SHM_DIR "/busy"));
	assert_return_code(kill(daemon.pid, SIGTERM), errno);
	assert_int_equal(wait_child(pid), 0);
	daemon_expect_end(&daemon);
	sweep(SHM_DIR);
}

/* The daemon uses these itself, but anybody may send them. */
static void other_signals_do_not_disturb_it(void **state)
{
	static const int signals[] = {SIGUSR1, SIGUSR2, SIGALRM, SIGPIPE};
	struct daemon daemon;
	char dir[64];

	(void)state;
	make_dir(dir, harness()->base, "other-signals");
	daemon_start(&daemon, dir, NULL);
	for (size_t i = 0; i < ARRAY_SIZE(signals); i++) {
		assert_return_code(kill(daemon.pid, signals[i]), errno);
		close(open_in(dir, "o", FD_FLAGS));
	}
	assert_return_code(kill(daemon.pid, SIGTERM), errno);
	daemon_expect_end(&daemon);
	sweep(SHM_DIR);
}

static void tools_unmount_it(void **state)
{
	struct daemon daemon;
	struct outcome o;
	char dir[64];

	(void)state;
	make_dir(dir, harness()->base, "tools");
	daemon_start(&daemon, dir, NULL);
	run(&o, (const char *const[]){"fusermount3", "-u", dir, NULL});
	assert_int_equal(o.status, 0);
	daemon_expect_end(&daemon);
	daemon_start(&daemon, dir, NULL);
	run(&o, (const char *const[]){"umount", dir, NULL});
	assert_int_equal(o.status, 0);
	daemon_expect_end(&daemon);
}

/* As everywhere: a mount in use is busy; a lazy unmount lasts until the last close. */
static void unmounting_while_files_are_open(void **state)
{
	struct daemon daemon;
	char dir[64];
	int fd;

	(void)state;
	make_dir(dir, harness()->base, "lazy");
	daemon_start(&daemon, dir, NULL);
	fd = open_in(dir, "o", FD_FLAGS);
	assert_int_equal(umount2(dir, 0), -1);
	assert_int_equal(errno, EBUSY);
	assert_int_equal(write(fd, "before", 6), 6);
	assert_return_code(umount2(dir, MNT_DETACH), errno);
	assert_int_equal(write(fd, "after", 5), 5);
	assert_int_equal(pread(fd, got, 100, 0), 11);
	close(fd);
	daemon_expect_end(&daemon);
	sweep(SHM_DIR);
}

static void expect_dead(const char *dir)
{
	struct stat st;

	let_directories_age();
	assert_int_equal(stat(dir, &st), -1);
	assert_int_equal(errno, ENOTCONN);
	assert_true(is_mount_point(dir));
}

static void leave_stale(const char *dir)
{
	struct daemon daemon;

	daemon_start(&daemon, dir, NULL);
	daemon_kill(&daemon);
	expect_dead(dir);
}

static void a_stale_mount_is_cleaned_at_the_next_start(void **state)
{
	struct daemon daemon;
	char dir[64];

	(void)state;
	make_dir(dir, harness()->base, "stale");
	for (int i = 0; i < 3; i++) {
		leave_stale(dir);
		daemon_start(&daemon, dir, NULL);
		daemon_stop(&daemon);
	}
}

static void a_stale_mount_with_open_files_is_cleaned(void **state)
{
	struct daemon daemon;
	char dir[64];
	int fd;

	(void)state;
	make_dir(dir, harness()->base, "stale-open");
	daemon_start(&daemon, dir, NULL);
	fd = open_in(dir, "o", FD_FLAGS);
	daemon_kill(&daemon);
	expect_dead(dir);
	daemon_start(&daemon, dir, NULL);
	close(fd);
	daemon_stop(&daemon);
	sweep(SHM_DIR);
}

/* Also when the mount point is not written as the kernel writes it. */
static void a_stale_mount_is_found_by_any_path(void **state)
{
	char dir[64], paths[5][80];
	struct outcome o;
	pid_t pid;

	(void)state;
	make_dir(dir, harness()->base, "stale-path");
	snprintf(paths[0], sizeof(paths[0]), "%s/", dir);
	snprintf(paths[1], sizeof(paths[1]), "/dev/..%s", dir);
	snprintf(paths[2], sizeof(paths[2]), "stale-path");
	snprintf(paths[3], sizeof(paths[3]), "link");
	snprintf(paths[4], sizeof(paths[4]), "%s/full-link", harness()->base);
	assert_return_code(chdir(harness()->base), errno);
	assert_return_code(symlink("stale-path", "link"), errno);
	assert_return_code(symlink(dir, "full-link"), errno);
	for (size_t i = 0; i < ARRAY_SIZE(paths); i++) {
		leave_stale(dir);
		assert_return_code(chdir(harness()->base), errno);
		run(&o, (const char *const[]){daemon_path(), paths[i], NULL});
		assert_return_code(chdir("/"), errno);
		assert_int_equal(o.status, 0);
		assert_true(mount_is_usable(dir, ROOT));
		pid = adopted_child();
		assert_return_code(kill(pid, SIGTERM), errno);
		assert_int_equal(wait_child(pid), 0);
		assert_false(is_mount_point(dir));
	}
}

static void kill_loses_nothing(void **state)
{
	struct timespec times[2] = {{1000, 1}, {2000, 2}};
	struct daemon daemon;
	struct stat old, new;
	char dir[64];
	int fd, sparse;

	(void)state;
	make_dir(dir, harness()->base, "killed");
	daemon_start(&daemon, dir, NULL);
	fd = open_in(dir, "o", FD_FLAGS);
	sparse = open_in(dir, "sparse", FD_FLAGS);
	fill(buf, sizeof(buf), 1, 0);
	assert_int_equal(write(fd, buf, sizeof(buf)), sizeof(buf));
	assert_return_code(fchmod(fd, 04751), errno);
	assert_return_code(fchown(fd, ALICE.uid, BOB.gid), errno);
	assert_return_code(futimens(fd, times), errno);
	assert_return_code(ftruncate(sparse, TIB), errno);
	assert_return_code(fstat(fd, &old), errno);
	daemon_kill(&daemon);
	close(fd);
	close(sparse);
	daemon_start(&daemon, dir, NULL);
	fd = open_in(dir, "o", O_RDONLY);
	assert_return_code(fstat(fd, &new), errno);
	assert_int_equal(old.st_ino, new.st_ino);
	assert_int_equal(old.st_mode, new.st_mode);
	assert_int_equal(old.st_uid, new.st_uid);
	assert_int_equal(old.st_gid, new.st_gid);
	assert_int_equal(old.st_size, new.st_size);
	assert_int_equal(old.st_mtim.tv_sec, 2000);
	assert_int_equal(new.st_mtim.tv_sec, 2000);
	assert_int_equal(new.st_mtim.tv_nsec, 2);
	assert_int_equal(read(fd, got, sizeof(got)), sizeof(got));
	assert_memory_equal(buf, got, sizeof(buf));
	close(fd);
	daemon_stop(&daemon);
	sweep(SHM_DIR);
}

static void two_mounts_show_the_same_tree(void **state)
{
	char first[64], second[64], path[80];
	struct daemon daemons[2];
	struct stat a, b;

	(void)state;
	make_dir(first, harness()->base, "first");
	make_dir(second, harness()->base, "second");
	daemon_start(&daemons[0], first, NULL);
	daemon_start(&daemons[1], second, NULL);
	for (int i = 1; i < 200; i++) {
		const int in = open_in(first, "o", FD_FLAGS);
		const int out = open_in(second, "o", O_RDWR);
		const size_t len = (size_t)i * 1000;

		fill(buf, len, (unsigned int)i, 0);
		assert_int_equal(pwrite(in, buf, len, i), len);
		assert_int_equal(pread(out, got, sizeof(got), i), len);
		assert_memory_equal(buf, got, len);
		assert_return_code(ftruncate(out, i), errno);
		assert_return_code(fstat(in, &a), errno);
		assert_return_code(fstat(out, &b), errno);
		assert_int_equal(a.st_size, i);
		assert_int_equal(a.st_ino, b.st_ino);
		snprintf(path, sizeof(path), "%s/o", i % 2 ? first : second);
		assert_return_code(unlink(path), errno);
		snprintf(path, sizeof(path), "%s/o", i % 2 ? second : first);
		assert_int_equal(access(path, F_OK), -1);
		close(in);
		close(out);
	}
	daemon_stop(&daemons[0]);
	assert_true(mount_is_usable(second, ROOT));
	daemon_stop(&daemons[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(signals_end_it),
		cmocka_unit_test(signals_end_it_while_files_are_open),
		cmocka_unit_test(it_ends_while_files_are_being_closed),
		cmocka_unit_test(a_signal_ends_it_in_the_middle_of_work),
		cmocka_unit_test(other_signals_do_not_disturb_it),
		cmocka_unit_test(tools_unmount_it),
		cmocka_unit_test(unmounting_while_files_are_open),
		cmocka_unit_test(a_stale_mount_is_cleaned_at_the_next_start),
		cmocka_unit_test(a_stale_mount_with_open_files_is_cleaned),
		cmocka_unit_test(a_stale_mount_is_found_by_any_path),
		cmocka_unit_test(kill_loses_nothing),
		cmocka_unit_test(two_mounts_show_the_same_tree),
	};

	return RUN_BARE(tests);
}

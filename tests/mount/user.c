/* SPDX-License-Identifier: MIT */
/* An ordinary user's own mount, made through fusermount3. */
#include "harness.h"
#include "worker.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static char buf[MIB];

static void make_own_dir(char *ret_dir, const char *name)
{
	make_dir(ret_dir, harness()->base, name);
	assert_return_code(chown(ret_dir, NOBODY.uid, NOBODY.gid), errno);
}

static void expect_end_by_fusermount(struct daemon *daemon)
{
	struct outcome o;

	run_as(&o, NOBODY, (const char *const[]){"fusermount3", "-u", daemon->mount, NULL});
	if (o.status != 0)
		fail_msg("status %d: %s", o.status, o.err);
	daemon_expect_end(daemon);
}

static void compare_as_user(const char *name, side_script script)
{
	struct daemon daemon;
	char dir[64];

	make_own_dir(dir, name);
	daemon_start_as(&daemon, dir, NULL, NOBODY);
	compare_sides(script, dir, NOBODY);
	expect_end_by_fusermount(&daemon);
}

static void own_work(struct side *s)
{
	int fd = T_FD(s, open("a", O_RDWR | O_CREAT | O_CLOEXEC, 0640));

	umask(0);
	fill(buf, MIB, 1, 0);
	T(s, write(fd, buf, MIB));
	note_range(s, fd, 0, MIB);
	T(s, pwrite(fd, buf, MIB, 3 * MIB));
	T(s, pread(fd, buf, MIB, MIB + 100));
	note_fstat(s, fd);
	T(s, ftruncate(fd, 100));
	T(s, fchmod(fd, 04711));
	T(s, fchown(fd, NOBODY.uid, NOBODY.gid));
	T(s, fchown(fd, 0, 0));
	T(s, futimens(fd, NULL));
	note_lstat(s, "a");
	T(s, link("a", "b"));
	T(s, rename("a", "c"));
	T(s, unlink("b"));
	note_open(s, "c", O_RDWR, 0);
	T(s, pwrite(fd, "x", 1, 0));
	note_lstat(s, "c");
	T(s, mknod("node", S_IFREG | 0600, 0));
	T(s, unlink("c"));
	T(s, pwrite(fd, buf, 1000, 50));
	note_range(s, fd, 0, 2000);
	note_fstat(s, fd);
}

static void the_own_objects(void **state)
{
	(void)state;
	compare_as_user("own", own_work);
}

static void own_tree_work(struct side *s)
{
	int fd;

	T(s, mkdir("a", 0755));
	T(s, mkdir("a/b", 02710));
	T(s, mkdir("a/b/c", 0700));
	fd = T_FD(s, open("a/b/c/f", O_RDWR | O_CREAT | O_CLOEXEC, 0640));
	T(s, write(fd, "bytes", 5));
	T(s, symlink("c/f", "a/b/l"));
	T(s, mkfifo("a/b/p", 0600));
	T(s, link("a/b/c/f", "a/linked"));
	T(s, rename("a/b", "b"));
	T(s, rename("a", "b/c/a"));
	note_lstat(s, "b/c/a/linked");
	note_lstat(s, "b/c");
	note_lstat(s, "b");
	note_lstat(s, ".");
	T(s, rename("b", "b/c/a/x"));
	T(s, rmdir("b"));
	T(s, chmod("b/c", 0500));
	T(s, mkdir("b/c/new", 0755));
	T(s, unlink("b/c/f"));
	T(s, rename("b/c", "moved"));
	T(s, chmod("b/c", 0));
	note_lstat(s, "b/c/f");
	T(s, chdir("b/c"));
	T(s, chmod("b/c", 0700));
	T(s, chown("b/c", 0, 0));
	T(s, utimensat(AT_FDCWD, "b", NULL, 0));
	T(s, renameat2(AT_FDCWD, "b/c/f", AT_FDCWD, "b/l", RENAME_EXCHANGE));
	T(s, unlink("b/c/f"));
	T(s, rename("b/c/a", "a"));
	T(s, rmdir("b/c"));
	note_fstat(s, fd);
	note_lstat(s, "b");
}

static void the_own_trees(void **state)
{
	(void)state;
	compare_as_user("trees", own_tree_work);
}

static void execute_only(struct side *s)
{
	const int fd = T_FD(s, open("a", O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0));

	T(s, write(fd, "x", 1));
	T(s, fchmod(fd, 0200));
	note_open(s, "a", O_RDONLY, 0);
	note_open(s, "a", O_WRONLY, 0);
	T(s, fchmod(fd, 0400));
	note_open(s, "a", O_RDONLY, 0);
	note_open(s, "a", O_WRONLY, 0);
	T(s, pwrite(fd, buf, MIB, 0));
	T(s, unlink("a"));
}

static void modes_bind_the_owner(void **state)
{
	(void)state;
	compare_as_user("modes", execute_only);
}

static void work_on_foreign_objects(struct side *s)
{
	note_lstat(s, "secret");
	note_lstat(s, "public");
	note_open(s, "secret", O_RDONLY, 0);
	note_open(s, "secret", O_RDWR | O_TRUNC, 0);
	note_open(s, "secret", O_RDWR | O_CREAT, 0600);
	T(s, unlink("secret"));
	T(s, rename("secret", "mine"));
	T(s, chmod("secret", 0666));
	T(s, chown("secret", NOBODY.uid, NOBODY.gid));
	T(s, truncate("secret", 0));
	T(s, link("secret", "mine"));
	T(s, unlink("public"));
	note_open(s, "public", O_RDONLY, 0);
	note_open(s, "public", O_WRONLY, 0);
}

static void make_foreign(const char *name, mode_t mode)
{
	char path[128];

	for (int i = 0; i < 2; i++) {
		snprintf(path, sizeof(path), "%s/%s", i ? SHM_DIR : harness()->reference, name);
		write_file(path, "0123456789", 10);
		assert_return_code(chown(path, ALICE.uid, ALICE.gid), errno);
		assert_return_code(chmod(path, mode), errno);
	}
}

static void the_objects_of_others(void **state)
{
	struct daemon daemon;
	char dir[64];

	(void)state;
	make_own_dir(dir, "foreign");
	daemon_start_as(&daemon, dir, NULL, NOBODY);
	sweep(harness()->reference);
	make_foreign("secret", 0600);
	make_foreign("public", 0644);
	compare_prepared_sides(work_on_foreign_objects, dir, NOBODY);
	expect_end_by_fusermount(&daemon);
}

/* No other user, not even root, may look into it. */
static void other_users_are_kept_out(void **state)
{
	struct daemon daemon;
	char dir[64];

	(void)state;
	make_own_dir(dir, "private");
	daemon_start_as(&daemon, dir, NULL, NOBODY);
	assert_false(mount_is_usable(dir, ALICE));
	assert_false(mount_is_usable(dir, ROOT));
	assert_true(mount_is_usable(dir, NOBODY));
	expect_end_by_fusermount(&daemon);
}

static void signals_end_it_too(void **state)
{
	static const int signals[] = {SIGTERM, SIGINT};
	struct daemon daemon;
	char dir[64];

	(void)state;
	make_own_dir(dir, "signals");
	for (size_t i = 0; i < ARRAY_SIZE(signals); i++) {
		daemon_start_as(&daemon, dir, NULL, NOBODY);
		assert_return_code(kill(daemon.pid, signals[i]), errno);
		daemon_expect_end(&daemon);
	}
}

/* It mounts, and hangs when it is to unmount. */
static void write_hanging_fusermount(const char *dir)
{
	char path[80], script[1024];

	snprintf(path, sizeof(path), "%s/fusermount3", dir);
	snprintf(script, sizeof(script),
		"#!/bin/sh\n"
		"PATH='%s'\n"
		"case \" $* \" in *' -u '*) exec sleep 1000 ;; esac\n"
		"exec fusermount3 \"$@\"\n",
		getenv("PATH"));
	write_file(path, script, strlen(script));
	assert_return_code(chmod(path, 0755), errno);
}

/* The mount stays, dead, but the daemon ends in time: the longest that SIGTERM may take, in s. */
#define END_MAX 2.0

static void a_fusermount_that_hangs_is_not_waited_for(void **state)
{
	static const char *const ways[][3] = {{"-o", "nokeeper", NULL}, {NULL}};
	char dir[64], bin[64], path[PATH_MAX], text[4 * KIB], *real = strdup(getenv("PATH"));
	struct daemon daemon;
	double begun;

	(void)state;
	make_own_dir(dir, "hanging");
	make_dir(bin, harness()->base, "bin");
	write_hanging_fusermount(bin);
	snprintf(path, sizeof(path), "%s:%s", bin, real);
	setenv("PATH", path, 1);
	for (size_t i = 0; i < ARRAY_SIZE(ways); i++) {
		daemon_start_as(&daemon, dir, ways[i], NOBODY);
		begun = seconds_now();
		assert_return_code(kill(daemon.pid, SIGTERM), errno);
		assert_int_equal(wait_child(daemon.pid), 0);
		assert_true(seconds_now() - begun < END_MAX);
		read_text(daemon.log, text, sizeof(text));
		assert_non_null(strstr(text, "fusermount3 does not end"));
		assert_return_code(umount2(dir, MNT_DETACH), errno);
		/* It has been killed, and this process is its parent now. */
		while (wait(NULL) > 0)
			;
	}
	setenv("PATH", real, 1);
	free(real);
}

static void the_background_works_too(void **state)
{
	struct outcome o;
	char dir[64];
	pid_t pid;

	(void)state;
	make_own_dir(dir, "background");
	run_as(&o, NOBODY, (const char *const[]){daemon_path(), dir, NULL});
	if (o.status != 0)
		fail_msg("status %d: %s", o.status, o.err);
	assert_true(is_word_of_keeper(o.err));
	pid = adopted_child();
	assert_true(pid > 0);
	assert_true(mount_is_usable(dir, NOBODY));
	run_as(&o, NOBODY, (const char *const[]){"fusermount3", "-u", dir, NULL});
	assert_int_equal(o.status, 0);
	assert_int_equal(wait_child(pid), 0);
	assert_false(is_mount_point(dir));
}

static void a_stale_mount_of_the_user_is_cleaned(void **state)
{
	struct daemon daemon;
	char dir[64];

	(void)state;
	make_own_dir(dir, "stale");
	daemon_start_as(&daemon, dir, NULL, NOBODY);
	daemon_kill(&daemon);
	assert_true(is_mount_point(dir));
	daemon_start_as(&daemon, dir, NULL, NOBODY);
	expect_end_by_fusermount(&daemon);
}

/* fuse.conf decides, and says no as long as it does not say yes. */
static void allow_other_is_refused(void **state)
{
	struct outcome o;
	char dir[64];

	(void)state;
	make_own_dir(dir, "allow-other");
	run_as(&o, NOBODY,
		(const char *const[]){daemon_path(), "-f", "-o", "allow_other", dir, NULL});
	assert_int_not_equal(o.status, 0);
	assert_non_null(strstr(o.err, "allow_other"));
	assert_false(is_mount_point(dir));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_own_objects),
		cmocka_unit_test(the_own_trees),
		cmocka_unit_test(modes_bind_the_owner),
		cmocka_unit_test(the_objects_of_others),
		cmocka_unit_test(other_users_are_kept_out),
		cmocka_unit_test(signals_end_it_too),
		cmocka_unit_test(a_fusermount_that_hangs_is_not_waited_for),
		cmocka_unit_test(the_background_works_too),
		cmocka_unit_test(a_stale_mount_of_the_user_is_cleaned),
		cmocka_unit_test(allow_other_is_refused),
	};

	return RUN_BARE(tests);
}

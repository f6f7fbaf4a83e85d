/* SPDX-License-Identifier: MIT */
/*
 * How long the kernel may believe attributes and names: with -o cache=MS for that time, by default
 * only until the next call. A cached mode gives no right: tmpfs is asked, too.
 */
#include "as.h"
#include "harness.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* Longer than any test takes: the cache stays. */
#define FOR_LONG "cache=3600000"

enum { FOR_EVER = 60 }; /* seconds */

static struct daemon daemon_of_test;

static const char *in_cached(const char *path)
{
	static char paths[8][128];
	static size_t next;
	char *whole = paths[next++ % ARRAY_SIZE(paths)];

	snprintf(whole, sizeof(paths[0]), "%s/%s", daemon_of_test.mount, path);
	return whole;
}

static void start_with(const char *option)
{
	static int count;
	char dir[64], name[16];

	sweep(SHM_DIR);
	snprintf(name, sizeof(name), "cached%d", count++);
	make_dir(dir, harness()->base, name);
	daemon_start(&daemon_of_test, dir, (const char *const[]){"-o", option, NULL});
}

static void stop_serving(void)
{
	daemon_stop(&daemon_of_test);
	sweep(SHM_DIR);
}

static off_t size_of(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 ? st.st_size : -1;
}

static void resize(const char *name, off_t size)
{
	assert_return_code(truncate(in_shm(name), size), errno);
}

/* Each call tells the state of now. */
static void nothing_is_old_by_default(void **state)
{
	struct stat st;

	(void)state;
	start_with("atime");
	put_object("object", ROOT, 0600, "");
	for (int i = 1; i < 500; i++) {
		resize("object", i);
		assert_int_equal(size_of(in_cached("object")), i);
		assert_return_code(chmod(in_shm("object"), (mode_t)(i % 512)), errno);
		assert_return_code(lstat(in_cached("object"), &st), errno);
		assert_int_equal(st.st_mode & 0777, i % 512);
		assert_return_code(rename(in_shm("object"), in_shm("other")), errno);
		EXPECT_ERROR(lstat(in_cached("object"), &st), ENOENT);
		assert_int_equal(size_of(in_cached("other")), i);
		assert_return_code(rename(in_shm("other"), in_shm("object")), errno);
	}
	stop_serving();
}

/* For how long an attribute seen once was believed, in seconds. */
static double seconds_believed(bool (*is_old)(void))
{
	const double start = seconds_now();

	while (is_old())
		if (seconds_now() - start > FOR_EVER)
			fail_msg("for ever");
	return seconds_now() - start;
}

static bool size_is_old(void)
{
	return size_of(in_cached("object")) == 1;
}

static bool name_is_old(void)
{
	return access(in_cached("object"), F_OK) == 0;
}

static bool absence_is_old(void)
{
	return access(in_cached("object"), F_OK) < 0;
}

/*
 * The change is seen after the bound, and the time that a call takes: on a busy machine more, so
 * the bound is long. That it is used at all is seen without a clock.
 */
static void expect_bound(bool (*is_old)(void), double bound)
{
	const double believed = seconds_believed(is_old);

	print_message("believed for %.3f s of %.3f\n", believed, bound);
	assert_true(believed < bound + 1);
}

static void a_change_is_seen_in_time(void **state)
{
	(void)state;
	start_with("cache=2000");
	put_object("object", ROOT, 0600, "1");
	assert_true(size_is_old());
	resize("object", 2);
	expect_bound(size_is_old, 2);
	assert_true(name_is_old());
	assert_return_code(unlink(in_shm("object")), errno);
	expect_bound(name_is_old, 2);
	/* Names that do not exist are looked for each time. */
	assert_true(absence_is_old());
	put_object("object", ROOT, 0600, "1");
	assert_false(absence_is_old());
	stop_serving();
}

static void what_was_seen_is_believed(void **state)
{
	struct stat st;
	int fd;

	(void)state;
	start_with(FOR_LONG);
	put_object("object", ROOT, 0600, "1");
	assert_int_equal(size_of(in_cached("object")), 1);
	resize("object", 2);
	assert_int_equal(size_of(in_cached("object")), 1);
	assert_return_code(rename(in_shm("object"), in_shm("renamed")), errno);
	assert_int_equal(access(in_cached("object"), F_OK), 0);
	/* An open asks, and so do the calls that come with it. */
	fd = open(in_cached("renamed"), O_RDONLY | O_CLOEXEC);
	assert_return_code(fd, errno);
	assert_return_code(fstat(fd, &st), errno);
	assert_int_equal(st.st_size, 2);
	close(fd);
	stop_serving();
}

static void the_usual_options(void **state)
{
	(void)state;
	start_with("attr_timeout=3600");
	put_object("object", ROOT, 0600, "1");
	assert_true(size_is_old());
	resize("object", 2);
	assert_return_code(rename(in_shm("object"), in_shm("renamed")), errno);
	assert_false(name_is_old());
	stop_serving();
	start_with("entry_timeout=3600");
	put_object("object", ROOT, 0600, "1");
	assert_true(size_is_old());
	resize("object", 2);
	assert_false(size_is_old());
	assert_return_code(rename(in_shm("object"), in_shm("renamed")), errno);
	assert_true(name_is_old());
	stop_serving();
	start_with("negative_timeout=3600");
	assert_true(absence_is_old());
	put_object("object", ROOT, 0600, "1");
	assert_true(absence_is_old());
	stop_serving();
	start_with("negative_timeout=1.5");
	assert_true(absence_is_old());
	put_object("object", ROOT, 0600, "1");
	expect_bound(absence_is_old, 1.5);
	stop_serving();
}

static void bad_values_are_refused(void **state)
{
	static const char *const bad[] = {"cache=", "cache=x", "cache=-1", "cache=1s", "cache=1e99",
		"cache=nan", "cache=inf", "cache=0x10", "cache= 1",
		"attr_timeout=", "attr_timeout=-1", "entry_timeout=1,5x", "entry_timeout=86401",
		"negative_timeout=always"};
	struct outcome o;
	char dir[64];

	(void)state;
	make_dir(dir, harness()->base, "bad");
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		run(&o, (const char *const[]){daemon_path(), "-f", "-o", bad[i], dir, NULL});
		if (o.status != 1 || strchr(o.err, '\n') != o.err + strlen(o.err) - 1)
			fail_msg("%s: status %d: %s", bad[i], o.status, o.err);
		assert_false(is_mount_point(dir));
	}
}

/*
 * ALICE's calls on objects that the kernel takes for hers, or for open to her: tmpfs knows better.
 */
static void what_is_believed_is_no_right(void **state)
{
	const char *object, *dir, *own, *new;
	struct stat st;

	(void)state;
	start_with(FOR_LONG);
	put_object("object", ALICE, 0666, "bytes");
	put_object("own", ALICE, 0666, "own");
	put_directory("d", ALICE, 0777);
	put_object("d/inner", ALICE, 0666, "inner");
	object = in_cached("object");
	own = in_cached("own");
	dir = in_cached("d");
	new = in_cached("d/new");
	assert_return_code(stat(object, &st), errno);
	assert_return_code(stat(own, &st), errno);
	assert_return_code(stat(dir, &st), errno);
	assert_return_code(stat(in_cached("d/inner"), &st), errno);
	/* They become BOB's, and private. */
	assert_return_code(lchown(in_shm("object"), BOB.uid, BOB.gid), errno);
	assert_return_code(chmod(in_shm("object"), 0600), errno);
	assert_return_code(lchown(in_shm("d"), BOB.uid, BOB.gid), errno);
	assert_return_code(chmod(in_shm("d"), 0700), errno);

	EXPECT_AS(ALICE, EACCES, try_open(object, O_RDONLY, 0));
	EXPECT_AS(ALICE, EACCES, try_open(object, O_WRONLY | O_TRUNC, 0));
	EXPECT_AS(ALICE, EACCES, truncate(object, 0));
	EXPECT_AS(ALICE, EPERM, chmod(object, 0666));
	EXPECT_AS(ALICE, EPERM, chown(object, ALICE.uid, ALICE.gid));
	EXPECT_AS(ALICE, EPERM, unlink(object));
	EXPECT_AS(ALICE, EPERM, rename(object, own));
	EXPECT_AS(ALICE, EPERM, rename(own, object));
	EXPECT_AS(ALICE, EPERM, renameat2(AT_FDCWD, dir, AT_FDCWD, own, RENAME_EXCHANGE));
	EXPECT_AS(ALICE, EPERM, renameat2(AT_FDCWD, own, AT_FDCWD, object, RENAME_EXCHANGE));
	EXPECT_AS(ALICE, EPERM, rmdir(dir));
	EXPECT_AS(ALICE, EPERM, rename(dir, in_cached("mine")));
	EXPECT_AS(ALICE, EACCES, mkdir(new, 0700));
	EXPECT_AS(ALICE, EACCES, symlink("object", new));
	EXPECT_AS(ALICE, EACCES, link(own, new));
	EXPECT_AS(ALICE, EACCES, rename(own, new));
	EXPECT_AS(ALICE, EACCES, mkfifo(new, 0600));
	EXPECT_AS(ALICE, EACCES, try_open(new, O_RDWR | O_CREAT, 0600));
	EXPECT_AS(ALICE, EACCES, try_open(dir, O_RDONLY | O_DIRECTORY, 0));
	EXPECT_AS(ALICE, EACCES, unlink(in_cached("d/inner")));
	assert_int_equal(try_content(in_shm("object"), "bytes"), 0);
	assert_int_equal(try_content(in_shm("own"), "own"), 0);
	assert_int_equal(try_content(in_shm("d/inner"), "inner"), 0);
	stop_serving();
}

/* A directory of ALICE's for an object that has just been replaced by BOB's. */
static void an_exchange_with_what_became_another_users(void **state)
{
	struct stat st;

	(void)state;
	start_with(FOR_LONG);
	put_directory("d", ALICE, 0777);
	put_object("object", ALICE, 0666, "alice");
	assert_return_code(stat(in_cached("d"), &st), errno);
	assert_return_code(stat(in_cached("object"), &st), errno);
	put_object("new", BOB, 0666, "bob");
	assert_return_code(rename(in_shm("new"), in_shm("object")), errno);
	EXPECT_AS(ALICE, EPERM,
		renameat2(
			AT_FDCWD, in_cached("d"), AT_FDCWD, in_cached("object"), RENAME_EXCHANGE));
	assert_int_equal(try_content(in_shm("object"), "bob"), 0);
	assert_return_code(stat(in_shm("d"), &st), errno);
	assert_true(S_ISDIR(st.st_mode));
	stop_serving();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_is_old_by_default),
		cmocka_unit_test(a_change_is_seen_in_time),
		cmocka_unit_test(what_was_seen_is_believed),
		cmocka_unit_test(the_usual_options),
		cmocka_unit_test(bad_values_are_refused),
		cmocka_unit_test(what_is_believed_is_no_right),
		cmocka_unit_test(an_exchange_with_what_became_another_users),
	};

	return RUN_BARE(tests);
}

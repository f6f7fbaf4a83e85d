/* SPDX-License-Identifier: MIT */
/*
 * ACLs: an ACL that refuses a user refuses through the mount, too, also when another user has the
 * object open; with -o acl they also grant.
 */
#include "acl.h"
#include "as.h"
#include "harness.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/xattr.h>

static struct daemon granting; /* -o acl */

static int start_granting(void **state)
{
	const char *data_path = getenv("SHMFS_TEST_DATA_PATH");
	char dir[64];

	(void)state;
	make_dir(dir, harness()->base, "acl");
	daemon_start(&granting, dir,
		(const char *const[]){
			"-o", "acl", "-o", data_path ? data_path : "passthrough=auto", NULL});
	return 0;
}

static int end_all(void **state)
{
	(void)state;
	daemon_stop(&granting);
	sweep(SHM_DIR);
	return 0;
}

static int empty_shm(void **state)
{
	(void)state;
	sweep(SHM_DIR);
	return 0;
}

static const char *in_granting(const char *name)
{
	static char path[128];

	snprintf(path, sizeof(path), "%s/%s", granting.mount, name);
	return path;
}

/* All ways to the bytes of an object that ask for reading. */
static void expect_unreadable(const char *path, int error)
{
	EXPECT_AS(BOB, error, try_open(path, O_RDONLY, 0));
	EXPECT_AS(BOB, error, try_open(path, O_RDONLY | O_CREAT, 0666));
	EXPECT_AS(BOB, error, try_content(path, "bytes"));
	EXPECT_AS(BOB, error, access(path, R_OK));
	EXPECT_AS(BOB, error, try_open(path, O_RDWR, 0));
}

static void expect_unwritable(const char *path, int error)
{
	EXPECT_AS(BOB, error, try_open(path, O_WRONLY, 0));
	EXPECT_AS(BOB, error, try_open(path, O_WRONLY | O_APPEND, 0));
	EXPECT_AS(BOB, error, try_open(path, O_WRONLY | O_TRUNC, 0));
	EXPECT_AS(BOB, error, try_open(path, O_RDWR | O_CREAT, 0666));
	EXPECT_AS(BOB, error, try_write(path, "else!"));
	EXPECT_AS(BOB, error, truncate(path, 0));
	EXPECT_AS(BOB, error, access(path, W_OK));
}

/* access(2) at the mount knows modes only, unless it is mounted with -o acl. */
static void expect_refused(const char *path, bool by_read)
{
	if (by_read)
		EXPECT_AS(BOB, EACCES, try_open(path, O_RDONLY, 0));
	if (by_read)
		EXPECT_AS(BOB, EACCES, try_content(path, "bytes"));
	else
		EXPECT_AS(BOB, 0, try_content(path, "bytes"));
	EXPECT_AS(BOB, EACCES, try_open(path, O_RDWR, 0));
	EXPECT_AS(BOB, EACCES, try_open(path, O_WRONLY, 0));
	EXPECT_AS(BOB, EACCES, try_open(path, O_WRONLY | O_APPEND, 0));
	EXPECT_AS(BOB, EACCES, try_open(path, O_WRONLY | O_TRUNC, 0));
	EXPECT_AS(BOB, EACCES, try_open(path, O_RDWR | O_CREAT, 0666));
	EXPECT_AS(BOB, EACCES, try_write(path, "else!"));
	EXPECT_AS(BOB, EACCES, truncate(path, 0));
	EXPECT_AS(ALICE, 0, try_content(path, "bytes"));
}

/* As long as another user has it open in each way, and mapped where it can be. */
static void refuse_in_all_states(const char *path, bool by_read)
{
	static const int flags[] = {O_RDONLY, O_WRONLY, O_RDWR, O_RDWR | O_APPEND};

	expect_refused(path, by_read);
	for (size_t i = 0; i < ARRAY_SIZE(flags); i++) {
		const int fd = open(path, flags[i] | O_CLOEXEC);

		assert_return_code(fd, errno);
		expect_refused(path, by_read);
		close(fd);
	}
	expect_refused(path, by_read);
}

static void an_acl_refuses_a_user(void **state)
{
	static const struct acl_of no_access = {
		.owner = 7, .user = 2002, .permit = 0, .group = 6, .mask = 6, .other = 6};
	static const struct acl_of no_write = {
		.owner = 7, .user = 2002, .permit = 4, .group = 6, .mask = 6, .other = 6};

	(void)state;
	put_object("object", ALICE, 0666, "bytes");
	EXPECT_AS(BOB, 0, try_open(in_mount("object"), O_RDWR, 0));
	assert_return_code(acl_set(in_shm("object"), ACL_ACCESS, no_access), errno);
	refuse_in_all_states(in_mount("object"), true);
	assert_return_code(acl_set(in_mount("object"), ACL_ACCESS, no_write), errno);
	refuse_in_all_states(in_mount("object"), false);
}

/* The same where the kernel judges by the ACL, too: access(2) is right there. */
static void an_acl_refuses_at_both_checks(void **state)
{
	static const struct acl_of no_access = {
		.owner = 7, .user = 2002, .permit = 0, .group = 6, .mask = 6, .other = 6};
	const char *path;
	int fd;

	(void)state;
	put_object("object", ALICE, 0666, "bytes");
	assert_return_code(acl_set(in_shm("object"), ACL_ACCESS, no_access), errno);
	path = in_granting("object");
	refuse_in_all_states(path, true);
	fd = open(path, O_RDWR | O_CLOEXEC);
	assert_return_code(fd, errno);
	expect_unreadable(path, EACCES);
	expect_unwritable(path, EACCES);
	close(fd);
}

static int set_user_xattr(const char *path)
{
	return setxattr(path, "user.x", "1", 1, 0);
}

static void copy_program(const char *name)
{
	struct outcome o;

	run(&o, (const char *const[]){"cp", "/bin/true", in_shm(name), NULL});
	assert_int_equal(o.status, 0);
	assert_return_code(chown(in_shm(name), ALICE.uid, ALICE.gid), errno);
	assert_return_code(chmod(in_shm(name), 0755), errno);
}

static void an_acl_refuses_to_run_a_program(void **state)
{
	static const struct acl_of no_exec = {
		.owner = 7, .user = 2002, .permit = 4, .group = 5, .mask = 5, .other = 5};
	int fd;

	(void)state;
	copy_program("program");
	EXPECT_AS(BOB, 0, try_execute(in_mount("program")));
	assert_return_code(acl_set(in_shm("program"), ACL_ACCESS, no_exec), errno);
	EXPECT_AS(BOB, EACCES, try_execute(in_mount("program")));
	EXPECT_AS(BOB, EACCES, try_execute(in_shm("program")));
	EXPECT_AS(ALICE, 0, try_execute(in_mount("program")));
	fd = open(in_mount("program"), O_RDONLY | O_CLOEXEC);
	assert_return_code(fd, errno);
	EXPECT_AS(BOB, EACCES, try_execute(in_mount("program")));
	EXPECT_AS(ALICE, 0, try_execute(in_mount("program")));
	EXPECT_AS(BOB, EACCES, try_execute(in_mount("program")));
	close(fd);
}

/* An ACL grants with -o acl; without, the mode at the mount says no. Never more than tmpfs. */
static void an_acl_grants(void **state)
{
	static const struct acl_of for_bob = {
		.owner = 6, .user = 2002, .permit = 6, .group = 0, .mask = 6, .other = 0};

	(void)state;
	put_object("object", ALICE, 0600, "bytes");
	assert_return_code(acl_set(in_shm("object"), ACL_ACCESS, for_bob), errno);
	EXPECT_AS(BOB, 0, try_content(in_shm("object"), "bytes"));
	EXPECT_AS(BOB, 0, try_content(in_granting("object"), "bytes"));
	EXPECT_AS(BOB, 0, try_open(in_granting("object"), O_RDWR, 0));
	EXPECT_AS(BOB, 0, access(in_granting("object"), R_OK | W_OK));
	EXPECT_AS(SUPPLEMENT, EACCES, try_content(in_granting("object"), "bytes"));
	EXPECT_AS(NOBODY, EACCES, try_content(in_granting("object"), "bytes"));
	EXPECT_AS(BOB, EACCES, try_content(in_mount("object"), "bytes"));
	assert_return_code(removexattr(in_shm("object"), ACL_ACCESS), errno);
	EXPECT_AS(BOB, EACCES, try_content(in_shm("object"), "bytes"));
	EXPECT_AS(BOB, EACCES, try_content(in_granting("object"), "bytes"));
}

/* The group class of the mode is the mask; the ACL may still say no to the group. */
static void the_mask_is_no_right(void **state)
{
	static const struct acl_of masked = {
		.owner = 6, .user = 2002, .permit = 6, .group = 0, .mask = 6, .other = 0};

	(void)state;
	put_object("object", ALICE, 0600, "bytes");
	assert_return_code(acl_set(in_shm("object"), ACL_ACCESS, masked), errno);
	EXPECT_AS(MEMBER, EACCES, try_content(in_shm("object"), "bytes"));
	EXPECT_AS(MEMBER, EACCES, try_content(in_mount("object"), "bytes"));
	EXPECT_AS(SUPPLEMENT, EACCES, try_content(in_mount("object"), "bytes"));
	EXPECT_AS(MEMBER, EACCES, try_content(in_granting("object"), "bytes"));
}

/* Groups refuse as well as they grant: a caller's supplementary ones count, too. */
static void an_acl_refuses_a_group(void **state)
{
	static const struct acl_of owning_group = {
		.owner = 6, .user = 2002, .permit = 6, .group = 0, .mask = 6, .other = 6};
	static const struct acl_of named_group = {.owner = 6,
		.user = 2002,
		.permit = 6,
		.group = 6,
		.mask = 6,
		.other = 6,
		.has_group = 1,
		.named_group = 2010};

	(void)state;
	put_object("object", ALICE, 0666, "bytes");
	put_object("other", NOBODY, 0666, "bytes");
	assert_return_code(acl_set(in_shm("object"), ACL_ACCESS, owning_group), errno);
	assert_return_code(acl_set(in_shm("other"), ACL_ACCESS, named_group), errno);
	for (enum door door = 0; door < DOORS; door++) {
		EXPECT_AS(MEMBER, EACCES, try_content(at_door(door, "object"), "bytes"));
		EXPECT_AS(SUPPLEMENT, EACCES, try_content(at_door(door, "object"), "bytes"));
		EXPECT_AS(SUPPLEMENT, EACCES, truncate(at_door(door, "object"), 0));
		EXPECT_AS(SUPPLEMENT, EACCES, utimes(at_door(door, "object"), NULL));
		EXPECT_AS(SUPPLEMENT, EACCES, set_user_xattr(at_door(door, "object")));
		EXPECT_AS(SUPPLEMENT, EACCES, try_content(at_door(door, "other"), "bytes"));
		EXPECT_AS(SUPPLEMENT, EACCES, try_open(at_door(door, "other"), O_WRONLY, 0));
		EXPECT_AS(BOB, 0, try_content(at_door(door, "object"), "bytes"));
		EXPECT_AS(BOB, 0, try_content(at_door(door, "other"), "bytes"));
	}
	EXPECT_AS(SUPPLEMENT, EACCES, try_content(in_granting("object"), "bytes"));
	EXPECT_AS(SUPPLEMENT, EACCES, try_content(in_granting("other"), "bytes"));
}

static void an_acl_closes_a_directory_to_a_group(void **state)
{
	static const struct acl_of no_group = {
		.owner = 7, .user = 2002, .permit = 7, .group = 0, .mask = 7, .other = 7};

	(void)state;
	put_directory("d", ALICE, 0777);
	put_object("d/object", SUPPLEMENT, 0666, "bytes");
	put_object("own", SUPPLEMENT, 0666, "own");
	assert_return_code(acl_set(in_shm("d"), ACL_ACCESS, no_group), errno);
	for (enum door door = 0; door < DOORS; door++) {
		const char *new = at_door(door, "d/new"), *own = at_door(door, "own");
		const char *object = at_door(door, "d/object");

		EXPECT_AS(SUPPLEMENT, EACCES, try_content(object, "bytes"));
		EXPECT_AS(SUPPLEMENT, EACCES, try_open(new, O_RDWR | O_CREAT, 0666));
		EXPECT_AS(SUPPLEMENT, EACCES, try_open(at_door(door, "d"), O_RDONLY, 0));
		EXPECT_AS(SUPPLEMENT, EACCES, mkdir(new, 0777));
		EXPECT_AS(SUPPLEMENT, EACCES, link(own, new));
		EXPECT_AS(SUPPLEMENT, EACCES, rename(own, new));
		EXPECT_AS(SUPPLEMENT, EACCES, rename(object, own));
		EXPECT_AS(SUPPLEMENT, EACCES, unlink(object));
		EXPECT_AS(BOB, 0, try_content(object, "bytes"));
	}
}

/* A directory that its ACL closes to one user. */
static void an_acl_closes_a_directory(void **state)
{
	static const struct acl_of no_entry = {
		.owner = 7, .user = 2002, .permit = 0, .group = 7, .mask = 7, .other = 7};

	(void)state;
	put_directory("d", ALICE, 0777);
	put_object("d/object", ALICE, 0666, "bytes");
	assert_return_code(acl_set(in_shm("d"), ACL_ACCESS, no_entry), errno);
	for (int i = 0; i < 2; i++) {
		const char *dir = i ? in_mount("d") : in_granting("d");
		char path[160];

		snprintf(path, sizeof(path), "%s/new", dir);
		EXPECT_AS(BOB, EACCES, mkdir(path, 0777));
		EXPECT_AS(BOB, EACCES, symlink("x", path));
		EXPECT_AS(BOB, EACCES, try_open(path, O_RDWR | O_CREAT, 0666));
		EXPECT_AS(BOB, EACCES, try_open(dir, O_RDONLY, 0));
		snprintf(path, sizeof(path), "%s/object", dir);
		EXPECT_AS(BOB, EACCES, unlink(path));
	}
	EXPECT_AS(BOB, EACCES, try_content(in_granting("d/object"), "bytes"));
	EXPECT_AS(BOB, EACCES, try_content(in_mount("d/object"), "bytes"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(an_acl_refuses_a_user, start_granting),
		cmocka_unit_test_setup(an_acl_refuses_at_both_checks, empty_shm),
		cmocka_unit_test_setup(an_acl_refuses_to_run_a_program, empty_shm),
		cmocka_unit_test_setup(an_acl_grants, empty_shm),
		cmocka_unit_test_setup(the_mask_is_no_right, empty_shm),
		cmocka_unit_test_setup(an_acl_refuses_a_group, empty_shm),
		cmocka_unit_test_setup(an_acl_closes_a_directory_to_a_group, empty_shm),
		cmocka_unit_test_setup_teardown(an_acl_closes_a_directory, empty_shm, end_all),
	};

	return RUN_MOUNTED(tests);
}

/* SPDX-License-Identifier: MIT */
/* lib/object: changes of objects that are pinned, whatever their name is by then. */
#include "unit.h"

#include "identity.h"
#include "object.h"
#include "object_world.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/xattr.h>
#include <unistd.h>

static void test_attributes_are_set_through_a_pin(void **state)
{
	const struct timespec times[2] = {{1000000000, 7}, {0, UTIME_OMIT}};
	const struct stat made = object_make("a", "text");
	const int fd = object_pin("a");
	struct statx stx;
	struct stat st;

	(void)state;
	assert_int_equal(shmfs_object_chown(fd, ALICE, (gid_t)-1), 0);
	assert_int_equal(shmfs_object_chmod(fd, 06711), 0);
	assert_int_equal(shmfs_object_utimens(fd, times), 0);
	st = object_stat("a");
	assert_int_equal(st.st_mode, S_IFREG | 06711);
	assert_int_equal(st.st_uid, ALICE);
	assert_int_equal(st.st_gid, made.st_gid);
	assert_int_equal(st.st_atim.tv_sec, 1000000000);
	assert_int_equal(st.st_atim.tv_nsec, 7);
	assert_memory_equal(&st.st_mtim, &made.st_mtim, sizeof(st.st_mtim));
	assert_int_equal(shmfs_object_truncate(fd, 2), 0);
	assert_int_equal(shmfs_object_truncate(fd, -1), -EINVAL);
	assert_int_equal(shmfs_object_statx(fd, &stx), 0);
	assert_int_equal(stx.stx_size, 2);
	assert_int_equal(stx.stx_mask & STATX_BTIME, STATX_BTIME);
	close(fd);
}

/* Whether an unchanged size is a change is for truncate(2) to say. */
static void test_truncate_is_truncate(void **state)
{
	const struct timespec times[2] = {{1, 0}, {1, 0}};
	int fd;

	(void)state;
	object_make("a", "text");
	object_make("b", "text");
	fd = object_pin("a");
	for (off_t size = 4; size < 6; size++) {
		assert_return_code(utimensat(object_dir, "b", times, 0), errno);
		assert_int_equal(shmfs_object_utimens(fd, times), 0);
		assert_return_code(truncate(SHMFS_OBJECT_DIR "/b", size), errno);
		assert_int_equal(shmfs_object_truncate(fd, size), 0);
		assert_int_equal(
			object_stat("a").st_mtim.tv_sec == 1, object_stat("b").st_mtim.tv_sec == 1);
	}
	close(fd);
}

/* Allocated pages count before anything is written to them. */
static void test_pages_that_have_memory(void **state)
{
	static const struct {
		off_t offset, length;
		bool allocated;
	} cases[] = {{0, 1, true}, {0, 8192, true}, {0, 8193, false}, {8192, 1, false},
		{8191, 2, false}, {16384, 4096, true}, {16383, 1, false}, {20479, 2, false},
		{5, 0, true}, {1 << 20, 65536, false}, {INT64_MAX - 1, 1, false},
		{INT64_MAX, 65536, false}};
	int fd;

	(void)state;
	object_make("o", "text");
	fd = openat(object_dir, "o", O_RDWR | O_CLOEXEC);
	assert_int_equal(fallocate(fd, FALLOC_FL_KEEP_SIZE, 4096, 4096), 0);
	assert_int_equal(pwrite(fd, "x", 1, 16384), 1);
	for (size_t i = 0; i < COUNT(cases); i++)
		assert_int_equal(shmfs_object_is_allocated(fd, cases[i].offset, cases[i].length),
			cases[i].allocated);
	close(fd);
}

static void test_owner_of_a_link_is_its_own(void **state)
{
	char target[16];
	int fd;

	(void)state;
	object_make("target", "");
	assert_return_code(symlinkat("target", object_dir, "link"), errno);
	fd = object_pin("link");
	assert_int_equal(shmfs_object_chown(fd, ALICE, ALICE), 0);
	assert_int_equal(shmfs_object_chmod(fd, 0777), -EOPNOTSUPP);
	assert_int_equal(object_stat("link").st_uid, ALICE);
	assert_int_equal(object_stat("target").st_uid, 0);
	assert_int_equal(object_stat("target").st_mode, S_IFREG | 0600);
	assert_int_equal(shmfs_object_readlink(fd, target, sizeof(target)), 6);
	assert_memory_equal(target, "target", 6);
	assert_int_equal(shmfs_object_readlink(fd, target, 3), 3);
	close(fd);
	fd = object_pin("target");
	assert_true(shmfs_object_readlink(fd, target, sizeof(target)) < 0);
	close(fd);
}

static void test_link_names_what_is_pinned(void **state)
{
	const struct stat made = object_make("a", "text");
	int fd, sub;

	(void)state;
	fd = object_pin("a");
	assert_return_code(mkdirat(object_dir, "sub", 0755), errno);
	sub = object_pin("sub");
	assert_return_code(renameat(object_dir, "a", object_dir, "b"), errno);
	object_make("a", "other");
	assert_int_equal(shmfs_object_link(fd, sub, "a"), 0);
	assert_int_equal(shmfs_object_link(fd, sub, "a"), -EEXIST);
	assert_int_equal(object_stat("sub/a").st_ino, made.st_ino);
	assert_int_equal(shmfs_object_link(sub, object_dir, "c"), -EPERM);
	close(sub);
	assert_return_code(symlinkat("a", object_dir, "link"), errno);
	close(fd);
	fd = object_pin("link");
	assert_int_equal(shmfs_object_link(fd, object_dir, "link2"), 0);
	assert_true(S_ISLNK(object_stat("link2").st_mode));
	close(fd);
}

static void test_extended_attributes_are_the_objects_own(void **state)
{
	char value[16] = "", list[64];
	int fd;

	(void)state;
	object_make("a", "");
	fd = object_pin("a");
	assert_int_equal(shmfs_object_getxattr(fd, "trusted.x", NULL, 0), -ENODATA);
	assert_int_equal(shmfs_object_setxattr(fd, "trusted.x", "one", 3, XATTR_REPLACE), -ENODATA);
	assert_int_equal(shmfs_object_setxattr(fd, "trusted.x", "one", 3, XATTR_CREATE), 0);
	assert_int_equal(shmfs_object_setxattr(fd, "trusted.x", "two", 3, XATTR_CREATE), -EEXIST);
	assert_return_code(renameat(object_dir, "a", object_dir, "b"), errno);
	assert_int_equal(getxattr(SHMFS_OBJECT_DIR "/b", "trusted.x", value, sizeof(value)), 3);
	assert_string_equal(value, "one");
	assert_int_equal(shmfs_object_getxattr(fd, "trusted.x", NULL, 0), 3);
	assert_int_equal(shmfs_object_getxattr(fd, "trusted.x", value, 2), -ERANGE);
	assert_int_equal(shmfs_object_getxattr(fd, "trusted.x", value, sizeof(value)), 3);
	assert_int_equal(shmfs_object_listxattr(fd, list, sizeof(list)), 10);
	assert_string_equal(list, "trusted.x");
	assert_int_equal(shmfs_object_listxattr(fd, list, 2), -ERANGE);
	assert_int_equal(shmfs_object_removexattr(fd, "trusted.x"), 0);
	assert_int_equal(shmfs_object_removexattr(fd, "trusted.x"), -ENODATA);
	close(fd);
}

static void child_may_not_change(void *arg)
{
	const struct timespec times[2] = {{1, 0}, {1, 0}};
	const int fd = *(const int *)arg;
	char value[4];

	CHECK(shmfs_object_may_execute(fd) == 0);
	CHECK(shmfs_identity_init() == 0);
	CHECK(shmfs_identity_assume(ALICE, ALICE, NULL, 0) == 0);
	CHECK(shmfs_object_may_execute(fd) == -EACCES);
	CHECK(shmfs_object_chmod(fd, 0777) == -EPERM);
	CHECK(shmfs_object_chown(fd, ALICE, ALICE) == -EPERM);
	CHECK(shmfs_object_utimens(fd, times) == -EPERM);
	CHECK(shmfs_object_truncate(fd, 0) == -EACCES);
	CHECK(shmfs_object_reopen(fd, O_RDONLY) == -EACCES);
	CHECK(shmfs_object_getxattr(fd, "user.x", value, sizeof(value)) == -EACCES);
	CHECK(shmfs_object_setxattr(fd, "user.x", "x", 1, 0) == -EACCES);
	CHECK(shmfs_object_create(object_dir, "new", 0600) >= 0);
	CHECK(shmfs_object_open(object_dir, "a", O_RDONLY, 0) == -EACCES);
}

static void test_kernel_refuses_what_the_caller_may_not(void **state)
{
	int fd;

	(void)state;
	object_make("a", "text");
	assert_return_code(fchmodat(object_dir, "a", 0700, 0), errno);
	fd = object_pin("a");
	assert_child_passes(child_may_not_change, &fd);
	close(fd);
	assert_int_equal(object_stat("new").st_uid, ALICE);
}

int main(void)
{
#define SHM_TEST(test) cmocka_unit_test_setup_teardown(test, object_setup, object_teardown)
	const struct CMUnitTest tests[] = {
		SHM_TEST(test_attributes_are_set_through_a_pin),
		SHM_TEST(test_truncate_is_truncate),
		SHM_TEST(test_pages_that_have_memory),
		SHM_TEST(test_owner_of_a_link_is_its_own),
		SHM_TEST(test_link_names_what_is_pinned),
		SHM_TEST(test_extended_attributes_are_the_objects_own),
		SHM_TEST(test_kernel_refuses_what_the_caller_may_not),
	};

	unit_need_private_shm();
	return cmocka_run_group_tests_name("object_change", tests, NULL, NULL);
}

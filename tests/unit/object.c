/* SPDX-License-Identifier: MIT */
/*
 * lib/object: opening, making and changing objects and what else lies beside them, relative to a
 * directory, and never behind a symbolic link or a mount.
 */
#include "unit.h"

#include "identity.h"
#include "object.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/xattr.h>
#include <unistd.h>

#define ALICE 64001

static const int access_modes[] = {O_RDONLY, O_WRONLY, O_RDWR};

static int dir = -1;

static int setup(void **state)
{
	(void)state;
	unit_mount_shm(0, "mode=1777,size=16m");
	dir = open(SHMFS_OBJECT_DIR, O_PATH | O_DIRECTORY | O_CLOEXEC);
	assert_return_code(dir, errno);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	close(dir);
	unit_unmount_shm();
	return 0;
}

/* By the file system's own calls, not by lib/object. */
static struct stat make(const char *name, const char *text)
{
	const int fd = openat(dir, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	const size_t len = strlen(text);
	struct stat st;

	assert_return_code(fd, errno);
	assert_int_equal(write(fd, text, len), len);
	assert_return_code(fstat(fd, &st), errno);
	close(fd);
	return st;
}

static struct stat stat_of(const char *name)
{
	struct stat st;

	assert_return_code(fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW), errno);
	return st;
}

static int pin(const char *name)
{
	const int fd = shmfs_object_pin(dir, name);

	assert_return_code(fd, -fd);
	assert_int_equal(fcntl(fd, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
	assert_int_equal(fcntl(fd, F_GETFL) & O_PATH, O_PATH);
	return fd;
}

static void expect_opened(int fd, int access_mode)
{
	assert_return_code(fd, -fd);
	assert_int_equal(fcntl(fd, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
	assert_int_equal(fcntl(fd, F_GETFL) & O_ACCMODE, access_mode);
}

static void expect_text(int fd, const char *text)
{
	char got[16] = "";

	assert_int_equal(pread(fd, got, sizeof(got) - 1, 0), strlen(text));
	assert_string_equal(got, text);
}

/* --- opening and making --- */

static void test_open_opens_what_has_the_name(void **state)
{
	const struct stat made = make("a", "text");

	(void)state;
	for (size_t i = 0; i < COUNT(access_modes); i++) {
		const int fd = shmfs_object_open(dir, "a", access_modes[i], 0);
		struct stat st;

		expect_opened(fd, access_modes[i]);
		assert_return_code(fstat(fd, &st), errno);
		assert_int_equal(st.st_ino, made.st_ino);
		close(fd);
	}
	assert_int_equal(shmfs_object_open(dir, "none", O_RDWR, 0), -ENOENT);
	assert_int_equal(shmfs_object_pin(dir, "none"), -ENOENT);
}

/* With a FIFO that nobody reads, blocking would last for ever. */
static void child_meets_other_kinds(void *arg)
{
	const int fds = unit_count_fds();

	(void)arg;
	CHECK(shmfs_object_open(dir, "fifo", O_WRONLY, 0) == -ENXIO);
	CHECK(shmfs_object_open(dir, "socket", O_RDWR, 0) == -ENXIO);
	CHECK(shmfs_object_open(dir, "dir", O_RDWR, 0) == -EISDIR);
	CHECK(shmfs_object_open(dir, "link", O_RDWR, 0) == -ELOOP);
	CHECK(shmfs_object_open(dir, "link", O_RDWR | O_CREAT | O_TRUNC, 0600) == -ELOOP);
	CHECK(shmfs_object_open(dir, "dangling", O_RDWR | O_CREAT, 0600) == -ELOOP);
	CHECK(shmfs_object_create(dir, "link", 0600) == -EEXIST);
	CHECK(shmfs_object_create(dir, "dangling", 0600) == -EEXIST);
	CHECK(shmfs_object_create(dir, "fifo", 0600) == -EEXIST);
	CHECK(unit_count_fds() == fds);
}

static void test_links_are_not_followed_and_fifos_do_not_block(void **state)
{
	static const char *const names[] = {"link", "dangling", "fifo", "socket", "dir"};
	const mode_t types[] = {S_IFLNK, S_IFLNK, S_IFIFO, S_IFSOCK, S_IFDIR};

	(void)state;
	make("target", "text");
	assert_return_code(symlinkat("target", dir, "link"), errno);
	assert_return_code(symlinkat("nowhere", dir, "dangling"), errno);
	assert_return_code(mkfifoat(dir, "fifo", 0666), errno);
	assert_return_code(mknodat(dir, "socket", S_IFSOCK | 0666, 0), errno);
	assert_return_code(mkdirat(dir, "dir", 0777), errno);
	assert_child_passes(child_meets_other_kinds, NULL);
	assert_int_equal(stat_of("target").st_size, 4);
	for (size_t i = 0; i < COUNT(names); i++) {
		const int fd = pin(names[i]);
		struct stat st, named;

		assert_return_code(fstat(fd, &st), errno);
		assert_int_equal(st.st_mode & S_IFMT, types[i]);
		assert_int_equal(shmfs_object_stat(dir, names[i], &named), 0);
		assert_memory_equal(&named, &st, sizeof(st));
		close(fd);
	}
}

static void test_create_makes_what_was_not_there(void **state)
{
	char longest[NAME_MAX + 2];
	int fd;

	(void)state;
	umask(022);
	fd = shmfs_object_create(dir, "a", 07777);
	umask(0);
	expect_opened(fd, O_RDWR);
	assert_int_equal(write(fd, "text", 4), 4);
	close(fd);
	assert_int_equal(stat_of("a").st_mode, S_IFREG | 07755);
	assert_int_equal(shmfs_object_create(dir, "a", 0600), -EEXIST);
	assert_int_equal(stat_of("a").st_size, 4);

	memset(longest, 'x', NAME_MAX);
	longest[NAME_MAX] = '\0';
	fd = shmfs_object_create(dir, longest, 0);
	expect_opened(fd, O_RDWR);
	close(fd);
	strcat(longest, "x");
	assert_int_equal(shmfs_object_create(dir, longest, 0), -ENAMETOOLONG);
}

static void test_unnamed_object_gets_a_name_later(void **state)
{
	const int fd = shmfs_object_create_unnamed(dir, 0640);
	struct stat st;

	(void)state;
	expect_opened(fd, O_RDWR);
	assert_int_equal(write(fd, "text", 4), 4);
	assert_return_code(fstat(fd, &st), errno);
	assert_int_equal(st.st_nlink, 0);
	assert_int_equal(st.st_mode, S_IFREG | 0640);
	assert_int_equal(shmfs_object_link(fd, dir, "a"), 0);
	assert_int_equal(stat_of("a").st_ino, st.st_ino);
	close(fd);
}

static void test_pin_is_reopened_wherever_the_object_is(void **state)
{
	int fd;

	(void)state;
	make("a", "text");
	fd = pin("a");
	make("c", "other");
	assert_return_code(renameat(dir, "a", dir, "b"), errno);
	assert_return_code(renameat(dir, "c", dir, "a"), errno);
	assert_return_code(unlinkat(dir, "b", 0), errno);
	for (size_t i = 0; i < COUNT(access_modes); i++) {
		const int again = shmfs_object_reopen(fd, access_modes[i]);

		expect_opened(again, access_modes[i]);
		if (access_modes[i] != O_WRONLY)
			expect_text(again, "text");
		close(again);
	}
	close(shmfs_object_reopen(fd, O_RDWR | O_TRUNC));
	assert_int_equal(stat_of("a").st_size, 5);
	close(fd);
}

/* Whoever has a lease may keep all others waiting, but not us. */
static void child_meets_a_lease(void *arg)
{
	const int pinned = *(const int *)arg;
	struct stat st;

	CHECK(shmfs_object_open(dir, "a", O_RDWR, 0) == -EAGAIN);
	CHECK(shmfs_object_reopen(pinned, O_WRONLY) == -EAGAIN);
	CHECK(shmfs_object_truncate(pinned, 0) == -EAGAIN);
	CHECK(shmfs_object_stat(dir, "a", &st) == 0);
	CHECK(st.st_size == 4);
}

static void test_nothing_waits_for_a_lease(void **state)
{
	int pinned, holder;

	(void)state;
	make("a", "text");
	pinned = pin("a");
	holder = open(SHMFS_OBJECT_DIR "/a", O_RDONLY | O_CLOEXEC);
	assert_return_code(holder, errno);
	signal(SIGIO, SIG_IGN);
	assert_return_code(fcntl(holder, F_SETLEASE, F_RDLCK), errno);
	assert_child_passes(child_meets_a_lease, &pinned);
	close(holder);
	close(pinned);
}

/* --- the directory of all objects --- */

/* What is mounted below and over it is another file system's. */
static void test_root_leads_to_the_tmpfs_alone(void **state)
{
	int root, below;

	(void)state;
	assert_return_code(mkdirat(dir, "below", 0755), errno);
	assert_return_code(mknodat(dir, "below/ours", S_IFREG | 0600, 0), errno);
	assert_return_code(mount("none", "/dev/shm/below", "tmpfs", 0, NULL), errno);
	root = shmfs_object_root();
	assert_return_code(root, -root);
	assert_int_equal(fcntl(root, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
	below = shmfs_object_pin(root, "below");
	assert_return_code(below, -below);
	assert_return_code(faccessat(below, "ours", F_OK, 0), errno);
	close(below);

	assert_return_code(mount("none", "/dev/shm", "tmpfs", 0, NULL), errno);
	assert_return_code(faccessat(root, "below", F_OK, 0), errno);
	assert_return_code(umount2("/dev/shm", 0), errno);
	close(root);
	assert_return_code(umount2("/dev/shm/below", 0), errno);
}

static void child_may_not_list(void *arg)
{
	int root;

	(void)arg;
	CHECK(setresuid(ALICE, ALICE, ALICE) == 0);
	root = shmfs_object_root();
	CHECK(root >= 0);
	CHECK(faccessat(root, "a", F_OK, 0) == 0);
}

static void test_root_need_not_be_listed(void **state)
{
	(void)state;
	make("a", "");
	assert_return_code(chmod(SHMFS_OBJECT_DIR, 0711), errno);
	assert_child_passes(child_may_not_list, NULL);
}

/* --- changes --- */

static void test_attributes_are_set_through_a_pin(void **state)
{
	const struct timespec times[2] = {{1000000000, 7}, {0, UTIME_OMIT}};
	const struct stat made = make("a", "text");
	const int fd = pin("a");
	struct statx stx;
	struct stat st;

	(void)state;
	assert_int_equal(shmfs_object_chown(fd, ALICE, (gid_t)-1), 0);
	assert_int_equal(shmfs_object_chmod(fd, 06711), 0);
	assert_int_equal(shmfs_object_utimens(fd, times), 0);
	st = stat_of("a");
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
	make("a", "text");
	make("b", "text");
	fd = pin("a");
	for (off_t size = 4; size < 6; size++) {
		assert_return_code(utimensat(dir, "b", times, 0), errno);
		assert_int_equal(shmfs_object_utimens(fd, times), 0);
		assert_return_code(truncate(SHMFS_OBJECT_DIR "/b", size), errno);
		assert_int_equal(shmfs_object_truncate(fd, size), 0);
		assert_int_equal(
			stat_of("a").st_mtim.tv_sec == 1, stat_of("b").st_mtim.tv_sec == 1);
	}
	close(fd);
}

static void test_owner_of_a_link_is_its_own(void **state)
{
	char target[16];
	int fd;

	(void)state;
	make("target", "");
	assert_return_code(symlinkat("target", dir, "link"), errno);
	fd = pin("link");
	assert_int_equal(shmfs_object_chown(fd, ALICE, ALICE), 0);
	assert_int_equal(shmfs_object_chmod(fd, 0777), -EOPNOTSUPP);
	assert_int_equal(stat_of("link").st_uid, ALICE);
	assert_int_equal(stat_of("target").st_uid, 0);
	assert_int_equal(stat_of("target").st_mode, S_IFREG | 0600);
	assert_int_equal(shmfs_object_readlink(fd, target, sizeof(target)), 6);
	assert_memory_equal(target, "target", 6);
	assert_int_equal(shmfs_object_readlink(fd, target, 3), 3);
	close(fd);
	fd = pin("target");
	assert_true(shmfs_object_readlink(fd, target, sizeof(target)) < 0);
	close(fd);
}

static void test_link_names_what_is_pinned(void **state)
{
	const struct stat made = make("a", "text");
	int fd, sub;

	(void)state;
	fd = pin("a");
	assert_return_code(mkdirat(dir, "sub", 0755), errno);
	sub = pin("sub");
	assert_return_code(renameat(dir, "a", dir, "b"), errno);
	make("a", "other");
	assert_int_equal(shmfs_object_link(fd, sub, "a"), 0);
	assert_int_equal(shmfs_object_link(fd, sub, "a"), -EEXIST);
	assert_int_equal(stat_of("sub/a").st_ino, made.st_ino);
	assert_int_equal(shmfs_object_link(sub, dir, "c"), -EPERM);
	close(sub);
	assert_return_code(symlinkat("a", dir, "link"), errno);
	close(fd);
	fd = pin("link");
	assert_int_equal(shmfs_object_link(fd, dir, "link2"), 0);
	assert_true(S_ISLNK(stat_of("link2").st_mode));
	close(fd);
}

static void test_extended_attributes_are_the_objects_own(void **state)
{
	char value[16] = "", list[64];
	int fd;

	(void)state;
	make("a", "");
	fd = pin("a");
	assert_int_equal(shmfs_object_getxattr(fd, "trusted.x", NULL, 0), -ENODATA);
	assert_int_equal(shmfs_object_setxattr(fd, "trusted.x", "one", 3, XATTR_REPLACE), -ENODATA);
	assert_int_equal(shmfs_object_setxattr(fd, "trusted.x", "one", 3, XATTR_CREATE), 0);
	assert_int_equal(shmfs_object_setxattr(fd, "trusted.x", "two", 3, XATTR_CREATE), -EEXIST);
	assert_return_code(renameat(dir, "a", dir, "b"), errno);
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
	CHECK(shmfs_object_create(dir, "new", 0600) >= 0);
	CHECK(shmfs_object_open(dir, "a", O_RDONLY, 0) == -EACCES);
}

static void test_kernel_refuses_what_the_caller_may_not(void **state)
{
	int fd;

	(void)state;
	make("a", "text");
	assert_return_code(fchmodat(dir, "a", 0700, 0), errno);
	fd = pin("a");
	assert_child_passes(child_may_not_change, &fd);
	close(fd);
	assert_int_equal(stat_of("new").st_uid, ALICE);
}

int main(void)
{
#define SHM_TEST(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
	const struct CMUnitTest tests[] = {
		SHM_TEST(test_open_opens_what_has_the_name),
		SHM_TEST(test_links_are_not_followed_and_fifos_do_not_block),
		SHM_TEST(test_create_makes_what_was_not_there),
		SHM_TEST(test_unnamed_object_gets_a_name_later),
		SHM_TEST(test_pin_is_reopened_wherever_the_object_is),
		SHM_TEST(test_nothing_waits_for_a_lease),
		SHM_TEST(test_root_leads_to_the_tmpfs_alone),
		SHM_TEST(test_root_need_not_be_listed),
		SHM_TEST(test_attributes_are_set_through_a_pin),
		SHM_TEST(test_truncate_is_truncate),
		SHM_TEST(test_owner_of_a_link_is_its_own),
		SHM_TEST(test_link_names_what_is_pinned),
		SHM_TEST(test_extended_attributes_are_the_objects_own),
		SHM_TEST(test_kernel_refuses_what_the_caller_may_not),
	};

	unit_need_private_shm();
	return cmocka_run_group_tests_name("object", tests, NULL, NULL);
}

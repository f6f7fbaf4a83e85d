/* SPDX-License-Identifier: MIT */
/*
 * lib/object: opening and making objects and what else lies beside them, relative to a directory,
 * and never behind a symbolic link or a mount.
 */
#include "unit.h"

#include "identity.h"
#include "object.h"
#include "object_world.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

static const int access_modes[] = {O_RDONLY, O_WRONLY, O_RDWR};

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
	const struct stat made = object_make("a", "text");

	(void)state;
	for (size_t i = 0; i < COUNT(access_modes); i++) {
		const int fd = shmfs_object_open(object_dir, "a", access_modes[i], 0);
		struct stat st;

		expect_opened(fd, access_modes[i]);
		assert_return_code(fstat(fd, &st), errno);
		assert_int_equal(st.st_ino, made.st_ino);
		close(fd);
	}
	assert_int_equal(shmfs_object_open(object_dir, "none", O_RDWR, 0), -ENOENT);
	assert_int_equal(shmfs_object_pin(object_dir, "none"), -ENOENT);
}

/* With a FIFO that nobody reads, blocking would last for ever. */
static void child_meets_other_kinds(void *arg)
{
	const int fds = unit_count_fds();

	(void)arg;
	CHECK(shmfs_object_open(object_dir, "fifo", O_WRONLY, 0) == -ENXIO);
	CHECK(shmfs_object_open(object_dir, "socket", O_RDWR, 0) == -ENXIO);
	CHECK(shmfs_object_open(object_dir, "object_dir", O_RDWR, 0) == -EISDIR);
	CHECK(shmfs_object_open(object_dir, "link", O_RDWR, 0) == -ELOOP);
	CHECK(shmfs_object_open(object_dir, "link", O_RDWR | O_CREAT | O_TRUNC, 0600) == -ELOOP);
	CHECK(shmfs_object_open(object_dir, "dangling", O_RDWR | O_CREAT, 0600) == -ELOOP);
	CHECK(shmfs_object_create(object_dir, "link", 0600) == -EEXIST);
	CHECK(shmfs_object_create(object_dir, "dangling", 0600) == -EEXIST);
	CHECK(shmfs_object_create(object_dir, "fifo", 0600) == -EEXIST);
	CHECK(unit_count_fds() == fds);
}

static void test_links_are_not_followed_and_fifos_do_not_block(void **state)
{
	static const char *const names[] = {"link", "dangling", "fifo", "socket", "object_dir"};
	const mode_t types[] = {S_IFLNK, S_IFLNK, S_IFIFO, S_IFSOCK, S_IFDIR};

	(void)state;
	object_make("target", "text");
	assert_return_code(symlinkat("target", object_dir, "link"), errno);
	assert_return_code(symlinkat("nowhere", object_dir, "dangling"), errno);
	assert_return_code(mkfifoat(object_dir, "fifo", 0666), errno);
	assert_return_code(mknodat(object_dir, "socket", S_IFSOCK | 0666, 0), errno);
	assert_return_code(mkdirat(object_dir, "object_dir", 0777), errno);
	assert_child_passes(child_meets_other_kinds, NULL);
	assert_int_equal(object_stat("target").st_size, 4);
	for (size_t i = 0; i < COUNT(names); i++) {
		const int fd = object_pin(names[i]);
		struct stat st, named;

		assert_return_code(fstat(fd, &st), errno);
		assert_int_equal(st.st_mode & S_IFMT, types[i]);
		assert_int_equal(shmfs_object_stat(object_dir, names[i], &named), 0);
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
	fd = shmfs_object_create(object_dir, "a", 07777);
	umask(0);
	expect_opened(fd, O_RDWR);
	assert_int_equal(write(fd, "text", 4), 4);
	close(fd);
	assert_int_equal(object_stat("a").st_mode, S_IFREG | 07755);
	assert_int_equal(shmfs_object_create(object_dir, "a", 0600), -EEXIST);
	assert_int_equal(object_stat("a").st_size, 4);

	memset(longest, 'x', NAME_MAX);
	longest[NAME_MAX] = '\0';
	fd = shmfs_object_create(object_dir, longest, 0);
	expect_opened(fd, O_RDWR);
	close(fd);
	strcat(longest, "x");
	assert_int_equal(shmfs_object_create(object_dir, longest, 0), -ENAMETOOLONG);
}

static void test_unnamed_object_gets_a_name_later(void **state)
{
	const int fd = shmfs_object_create_unnamed(object_dir, 0640);
	struct stat st;

	(void)state;
	expect_opened(fd, O_RDWR);
	assert_int_equal(write(fd, "text", 4), 4);
	assert_return_code(fstat(fd, &st), errno);
	assert_int_equal(st.st_nlink, 0);
	assert_int_equal(st.st_mode, S_IFREG | 0640);
	assert_int_equal(shmfs_object_link(fd, object_dir, "a"), 0);
	assert_int_equal(object_stat("a").st_ino, st.st_ino);
	close(fd);
}

static void test_pin_is_reopened_wherever_the_object_is(void **state)
{
	int fd;

	(void)state;
	object_make("a", "text");
	fd = object_pin("a");
	object_make("c", "other");
	assert_return_code(renameat(object_dir, "a", object_dir, "b"), errno);
	assert_return_code(renameat(object_dir, "c", object_dir, "a"), errno);
	assert_return_code(unlinkat(object_dir, "b", 0), errno);
	for (size_t i = 0; i < COUNT(access_modes); i++) {
		const int again = shmfs_object_reopen(fd, access_modes[i]);

		expect_opened(again, access_modes[i]);
		if (access_modes[i] != O_WRONLY)
			expect_text(again, "text");
		close(again);
	}
	close(shmfs_object_reopen(fd, O_RDWR | O_TRUNC));
	assert_int_equal(object_stat("a").st_size, 5);
	close(fd);
}

/* Whoever has a lease may keep all others waiting, but not us. */
static void child_meets_a_lease(void *arg)
{
	const int pinned = *(const int *)arg;
	struct stat st;

	CHECK(shmfs_object_open(object_dir, "a", O_RDWR, 0) == -EAGAIN);
	CHECK(shmfs_object_reopen(pinned, O_WRONLY) == -EAGAIN);
	CHECK(shmfs_object_truncate(pinned, 0) == -EAGAIN);
	CHECK(shmfs_object_stat(object_dir, "a", &st) == 0);
	CHECK(st.st_size == 4);
}

static void test_nothing_waits_for_a_lease(void **state)
{
	int pinned, holder;

	(void)state;
	object_make("a", "text");
	pinned = object_pin("a");
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
	assert_return_code(mkdirat(object_dir, "below", 0755), errno);
	assert_return_code(mknodat(object_dir, "below/ours", S_IFREG | 0600, 0), errno);
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
	object_make("a", "");
	assert_return_code(chmod(SHMFS_OBJECT_DIR, 0711), errno);
	assert_child_passes(child_may_not_list, NULL);
}

int main(void)
{
#define SHM_TEST(test) cmocka_unit_test_setup_teardown(test, object_setup, object_teardown)
	const struct CMUnitTest tests[] = {
		SHM_TEST(test_open_opens_what_has_the_name),
		SHM_TEST(test_links_are_not_followed_and_fifos_do_not_block),
		SHM_TEST(test_create_makes_what_was_not_there),
		SHM_TEST(test_unnamed_object_gets_a_name_later),
		SHM_TEST(test_pin_is_reopened_wherever_the_object_is),
		SHM_TEST(test_nothing_waits_for_a_lease),
		SHM_TEST(test_root_leads_to_the_tmpfs_alone),
		SHM_TEST(test_root_need_not_be_listed),
	};

	unit_need_private_shm();
	return cmocka_run_group_tests_name("object", tests, NULL, NULL);
}

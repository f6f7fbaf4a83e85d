/* SPDX-License-Identifier: MIT */
/* lib/object: giving names to objects and taking them away. */
#include "object_world.h"

#include "identity.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define ALICE 64001

static void test_unnamed_object_can_get_a_name(void **state)
{
	const struct shmfs_name a = name_of("a");
	const struct shmfs_name b = name_of("b");
	const int fd = shmfs_object_create_unnamed(0640);
	struct stat st;

	(void)state;
	assert_return_code(fd, -fd);
	assert_int_equal(write(fd, "text", 4), 4);
	make_object("b", "");
	assert_int_equal(shmfs_object_link(fd, &b), -EEXIST);
	assert_int_equal(shmfs_object_link(fd, &a), 0);
	assert_int_equal(fcntl(fd, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
	close(fd);
	assert_int_equal(shmfs_object_stat(&a, &st), 0);
	assert_int_equal(st.st_mode, S_IFREG | 0640);
	assert_int_equal(st.st_size, 4);
	assert_int_equal(st.st_nlink, 1);
}

static void test_link_gives_another_name(void **state)
{
	const struct shmfs_name b = name_of("b");
	const struct stat made = make_object("a", "text");
	struct stat st;
	const int fd = pin("a");

	(void)state;
	assert_int_equal(shmfs_object_link(fd, &b), 0);
	assert_int_equal(shmfs_object_stat(&b, &st), 0);
	assert_int_equal(st.st_ino, made.st_ino);
	assert_int_equal(st.st_nlink, 2);
	assert_int_equal(shmfs_object_link(fd, &b), -EEXIST);
	unlink_object("a");
	unlink_object("b");
	assert_int_equal(shmfs_object_link(fd, &b), -ENOENT);
	close(fd);
}

static void test_rename_replaces_keeps_or_exchanges(void **state)
{
	const struct shmfs_name a = name_of("a");
	const struct shmfs_name b = name_of("b");
	const struct shmfs_name none = name_of("none");
	const uint64_t first = make_object("a", "first").st_ino;
	const uint64_t second = make_object("b", "second").st_ino;

	(void)state;
	assert_int_equal(shmfs_object_rename(&a, &b, RENAME_NOREPLACE), -EEXIST);
	assert_int_equal(shmfs_object_rename(&none, &b, 0), -ENOENT);
	assert_int_equal(shmfs_object_rename(&a, &none, RENAME_EXCHANGE), -ENOENT);
	assert_int_equal(shmfs_object_rename(&a, &b, RENAME_NOREPLACE | RENAME_EXCHANGE), -EINVAL);
	assert_int_equal(shmfs_object_rename(&a, &b, RENAME_EXCHANGE), 0);
	assert_int_equal(ino_of("a"), second);
	assert_int_equal(ino_of("b"), first);
	assert_int_equal(shmfs_object_rename(&a, &none, RENAME_NOREPLACE), 0);
	assert_int_equal(ino_of("none"), second);
	assert_int_equal(shmfs_object_rename(&none, &b, 0), 0);
	assert_int_equal(ino_of("b"), second);
	assert_int_equal(ino_of("a"), 0);
	assert_int_equal(ino_of("none"), 0);
}

static void test_unlink_takes_the_name_only(void **state)
{
	const struct shmfs_name a = name_of("a");
	struct stat st;
	int fd;

	(void)state;
	make_object("a", "text");
	fd = pin("a");
	assert_int_equal(shmfs_object_unlink(&a), 0);
	assert_int_equal(shmfs_object_unlink(&a), -ENOENT);
	assert_return_code(fstat(fd, &st), errno);
	assert_int_equal(st.st_nlink, 0);
	assert_int_equal(st.st_size, 4);
	close(fd);
}

static void test_unlink_of_a_directory_is_eisdir(void **state)
{
	const struct shmfs_name dir = name_of("dir");

	(void)state;
	make_foreign();
	assert_int_equal(shmfs_object_unlink(&dir), -EISDIR);
}

static int unlink_as_alice(void)
{
	const struct shmfs_name a = name_of("a");
	int r;

	CHECK(shmfs_identity_assume(ALICE, ALICE, NULL, 0) == 0);
	r = shmfs_object_unlink(&a);
	shmfs_identity_restore();
	return r;
}

/* glibc makes one error of the two. */
static void child_may_not_unlink(void *arg)
{
	(void)arg;
	CHECK(shmfs_identity_init() == 0);
	CHECK(unlink_as_alice() == -EPERM); /* sticky */
	CHECK(chmod(SHMFS_OBJECT_DIR, 0755) == 0);
	CHECK(unlink_as_alice() == -EACCES);
	CHECK(chmod(SHMFS_OBJECT_DIR, 01776) == 0);
	CHECK(unlink_as_alice() == -EACCES);
	CHECK(chmod(SHMFS_OBJECT_DIR, 0777) == 0);
	CHECK(unlink_as_alice() == 0);
	CHECK(unlink_as_alice() == -ENOENT);
}

static void test_unlink_tells_eperm_from_eacces(void **state)
{
	(void)state;
	make_object("a", "text");
	assert_child_passes(child_may_not_unlink, NULL);
}

/* tmpfs has the flag since Linux 6.0. */
static void test_unlink_of_an_immutable_object_is_eperm(void **state)
{
	const struct shmfs_name a = name_of("a");
	unsigned flags = FS_IMMUTABLE_FL;
	int fd;

	(void)state;
	make_object("a", "text");
	fd = open(SHMFS_OBJECT_DIR "/a", O_RDONLY | O_CLOEXEC);
	assert_return_code(fd, errno);
	if (ioctl(fd, FS_IOC_SETFLAGS, &flags) == 0)
		assert_int_equal(shmfs_object_unlink(&a), -EPERM);
	else
		print_message("# no immutable objects: %s\n", strerror(errno));
	flags = 0;
	ioctl(fd, FS_IOC_SETFLAGS, &flags);
	close(fd);
}

static void test_a_symbolic_link_is_not_followed_for_its_directory(void **state)
{
	const struct shmfs_name d = name_of("d%2F");

	(void)state;
	make_object("d%2F", "");
	assert_int_equal(shmfs_object_update_atime(&d), 0);
	assert_int_equal(shmfs_object_unlink(&d), 0);
	make_object("target", "text");
	assert_int_equal(shmfs_object_symlink("target", &d), 0);
	assert_int_equal(shmfs_object_update_atime(&d), -ELOOP);
}

int main(void)
{
#define SHM_TEST(test) cmocka_unit_test_setup_teardown(test, object_setup, object_teardown)
	const struct CMUnitTest tests[] = {
		SHM_TEST(test_unnamed_object_can_get_a_name),
		SHM_TEST(test_link_gives_another_name),
		SHM_TEST(test_rename_replaces_keeps_or_exchanges),
		SHM_TEST(test_unlink_takes_the_name_only),
		SHM_TEST(test_unlink_of_a_directory_is_eisdir),
		SHM_TEST(test_unlink_tells_eperm_from_eacces),
		SHM_TEST(test_unlink_of_an_immutable_object_is_eperm),
		SHM_TEST(test_a_symbolic_link_is_not_followed_for_its_directory),
	};

	unit_need_private_shm();
	return cmocka_run_group_tests_name("object_names", tests, NULL, NULL);
}

/* SPDX-License-Identifier: MIT */
/* lib/handle: finding objects by number and generation, whatever their names are. */
#include "unit.h"

#include "handle.h"
#include "object.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { ALICE = 64001, BLOCKS = 1000 };

static int root = -1;

static int setup(void **state)
{
	unit_setup_shm(state);
	root = shmfs_object_root();
	assert_return_code(root, -root);
	return 0;
}

static int teardown(void **state)
{
	close(root);
	return unit_teardown_shm(state);
}

static struct shmfs_handle handle_of(int dir, const char *name)
{
	struct shmfs_handle handle;

	assert_int_equal(shmfs_handle_of(dir, name, &handle), 0);
	return handle;
}

static void expect_found(struct shmfs_handle handle, mode_t type)
{
	const int fd = shmfs_handle_open(root, handle, O_PATH);
	struct stat st;

	assert_return_code(fd, -fd);
	assert_int_equal(fcntl(fd, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
	assert_return_code(fstat(fd, &st), errno);
	assert_int_equal(st.st_ino, handle.ino);
	assert_int_equal(st.st_mode & S_IFMT, type);
	close(fd);
}

static void make_all_kinds(void)
{
	assert_return_code(mknodat(root, "object", S_IFREG | 0600, 0), errno);
	assert_return_code(mkdirat(root, "dir", 0700), errno);
	assert_return_code(symlinkat("object", root, "link"), errno);
	assert_return_code(mkfifoat(root, "fifo", 0600), errno);
	assert_return_code(mknodat(root, "socket", S_IFSOCK | 0600, 0), errno);
}

static void test_handle_is_the_number_of_any_kind(void **state)
{
	static const char *const names[] = {"object", "dir", "link", "fifo", "socket"};
	const mode_t types[] = {S_IFREG, S_IFDIR, S_IFLNK, S_IFIFO, S_IFSOCK};
	struct shmfs_handle none = {42, 42};

	(void)state;
	make_all_kinds();
	for (size_t i = 0; i < COUNT(names); i++) {
		const struct shmfs_handle handle = handle_of(root, names[i]);
		struct stat st;
		int fd;

		assert_return_code(fstatat(root, names[i], &st, AT_SYMLINK_NOFOLLOW), errno);
		assert_int_equal(handle.ino, st.st_ino);
		expect_found(handle, types[i]);
		fd = shmfs_object_pin(root, names[i]);
		assert_int_equal(handle_of(fd, "").ino, handle.ino);
		assert_int_equal(handle_of(fd, "").generation, handle.generation);
		close(fd);
	}
	expect_found(handle_of(root, ""), S_IFDIR);
	assert_int_equal(shmfs_handle_of(root, "none", &none), -ENOENT);
	assert_int_equal(none.ino, 42);
}

static void test_object_is_found_wherever_it_is(void **state)
{
	struct shmfs_handle object, dir;
	int fd;

	(void)state;
	make_all_kinds();
	object = handle_of(root, "object");
	dir = handle_of(root, "dir");
	assert_return_code(renameat(root, "object", root, "dir/a"), errno);
	assert_return_code(renameat(root, "dir", root, "dir2"), errno);
	assert_return_code(mknodat(root, "object", S_IFREG | 0600, 0), errno);
	expect_found(object, S_IFREG);
	expect_found(dir, S_IFDIR);
	fd = openat(root, "dir2/a", O_RDONLY | O_CLOEXEC);
	assert_return_code(fd, errno);
	assert_return_code(unlinkat(root, "dir2/a", 0), errno);
	expect_found(object, S_IFREG);
	close(fd);
	assert_int_equal(shmfs_handle_open(root, object, O_PATH), -ESTALE);
}

static void test_what_is_open_is_opened_for_access(void **state)
{
	struct shmfs_handle handle;
	int fd, again;

	(void)state;
	fd = openat(root, "a", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	assert_return_code(fd, errno);
	assert_int_equal(write(fd, "text", 4), 4);
	handle = handle_of(root, "a");
	assert_return_code(unlinkat(root, "a", 0), errno);
	again = shmfs_handle_open(root, handle, O_RDWR);
	assert_return_code(again, -again);
	assert_int_equal(fcntl(again, F_GETFL) & O_ACCMODE, O_RDWR);
	assert_int_equal(lseek(again, 0, SEEK_END), 4);
	close(again);
	close(fd);
}

static void test_another_generation_is_stale(void **state)
{
	struct shmfs_handle handle;

	(void)state;
	make_all_kinds();
	handle = handle_of(root, "object");
	handle.generation++;
	assert_int_equal(shmfs_handle_open(root, handle, O_PATH), -ESTALE);
	handle.generation--;
	handle.ino += 1000;
	assert_int_equal(shmfs_handle_open(root, handle, O_PATH), -ESTALE);
	handle.ino = UINT64_MAX;
	assert_int_equal(shmfs_handle_open(root, handle, O_PATH), -ESTALE);
}

static fsblkcnt_t free_blocks(void)
{
	struct statvfs st;

	assert_return_code(fstatvfs(root, &st), errno);
	return st.f_bfree;
}

static void test_handle_pins_no_memory(void **state)
{
	const fsblkcnt_t before = free_blocks();
	struct shmfs_handle handle;
	struct statvfs st;
	int fd;

	(void)state;
	assert_return_code(fstatvfs(root, &st), errno);
	fd = openat(root, "a", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	assert_return_code(fd, errno);
	assert_return_code(posix_fallocate(fd, 0, (off_t)(BLOCKS * st.f_bsize)), errno);
	close(fd);
	handle = handle_of(root, "a");
	expect_found(handle, S_IFREG);
	assert_int_equal(free_blocks(), before - BLOCKS);
	assert_return_code(unlinkat(root, "a", 0), errno);
	assert_int_equal(free_blocks(), before);
	assert_int_equal(shmfs_handle_open(root, handle, O_PATH), -ESTALE);
}

static void child_lacks_the_capability(void *arg)
{
	const struct shmfs_handle *handle = arg;
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3];

	CHECK(shmfs_handle_is_usable(root));
	CHECK(syscall(SYS_capget, &header, data) == 0);
	data[0].effective &= ~(UINT32_C(1) << CAP_DAC_READ_SEARCH);
	CHECK(syscall(SYS_capset, &header, data) == 0);
	CHECK(!shmfs_handle_is_usable(root));
	CHECK(shmfs_handle_open(root, *handle, O_PATH) == -EPERM);
}

static void child_is_an_ordinary_user(void *arg)
{
	(void)arg;
	CHECK(setresuid(ALICE, ALICE, ALICE) == 0);
	CHECK(!shmfs_handle_is_usable(root));
}

static void test_handles_need_cap_dac_read_search(void **state)
{
	struct shmfs_handle handle;
	const int fds = unit_count_fds();

	(void)state;
	make_all_kinds();
	handle = handle_of(root, "object");
	assert_child_passes(child_lacks_the_capability, &handle);
	assert_child_passes(child_is_an_ordinary_user, NULL);
	assert_true(shmfs_handle_is_usable(root));
	assert_int_equal(unit_count_fds(), fds);
}

/* A file system that has no handles, or has others. */
static void test_other_file_systems_are_refused(void **state)
{
	struct shmfs_handle handle;
	const int proc = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	(void)state;
	assert_return_code(proc, errno);
	assert_int_equal(shmfs_handle_of(proc, "self", &handle), -EOPNOTSUPP);
	assert_false(shmfs_handle_is_usable(proc));
	close(proc);
}

int main(void)
{
#define SHM_TEST(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
	const struct CMUnitTest tests[] = {
		SHM_TEST(test_handle_is_the_number_of_any_kind),
		SHM_TEST(test_object_is_found_wherever_it_is),
		SHM_TEST(test_what_is_open_is_opened_for_access),
		SHM_TEST(test_another_generation_is_stale),
		SHM_TEST(test_handle_pins_no_memory),
		SHM_TEST(test_handles_need_cap_dac_read_search),
		SHM_TEST(test_other_file_systems_are_refused),
	};

	unit_need_private_shm();
	return cmocka_run_group_tests_name("handle", tests, NULL, NULL);
}

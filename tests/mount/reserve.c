/* SPDX-License-Identifier: MIT */
/* -o reserve, and the same for one directory: growing by truncate allocates, or is ENOSPC. */
#include "harness.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#define ROOM (8 * MIB)

static struct daemon served;

static void start(const char *option)
{
	const char *const args[] = {"-o", option, NULL};
	char mount_dir[64];

	make_dir(mount_dir, harness()->base, "mount");
	assert_return_code(
		mount(NULL, SHM_DIR, NULL, MS_REMOUNT, "mode=1777,size=8m,nr_inodes=1000"), errno);
	daemon_start(&served, mount_dir, option ? args : NULL);
}

static void stop(void)
{
	daemon_stop(&served);
	assert_return_code(rmdir(served.mount), errno);
	sweep(SHM_DIR);
}

static const char *path_of(const char *name)
{
	static char path[128];

	snprintf(path, sizeof(path), "%s/%s", served.mount, name);
	return path;
}

static struct stat stat_of(const char *name)
{
	struct stat st;

	assert_return_code(stat(path_of(name), &st), errno);
	return st;
}

static void make(const char *name, mode_t mode)
{
	assert_return_code(mknod(path_of(name), S_IFREG | mode, 0), errno);
}

/* Grows it to `size`, by path or by descriptor; returns 0 or -errno. */
static int grow(const char *name, off_t size, bool by_path)
{
	int fd, r;

	if (by_path)
		return truncate(path_of(name), size) < 0 ? -errno : 0;
	fd = open(path_of(name), O_RDWR | O_CLOEXEC);
	assert_return_code(fd, errno);
	r = ftruncate(fd, size) < 0 ? -errno : 0;
	close(fd);
	return r;
}

static bool is_all_free(const void *arg)
{
	struct statvfs fs;

	(void)arg;
	return statvfs(SHM_DIR, &fs) == 0 && fs.f_bfree == fs.f_blocks;
}

/* The kernel tells the daemon of the last close without waiting for it, and then the memory goes.
 */
static void expect_reserved(const char *name)
{
	for (int by_path = 0; by_path < 2; by_path++) {
		assert_true(wait_until(is_all_free, NULL));
		make(name, 0600);
		assert_int_equal(grow(name, MIB + 1, by_path), 0);
		assert_int_equal(stat_of(name).st_size, MIB + 1);
		assert_int_equal(stat_of(name).st_blocks, (MIB + 4096) / 512);
		assert_int_equal(grow(name, 2 * ROOM, by_path), -ENOSPC);
		assert_int_equal(stat_of(name).st_size, MIB + 1);
		assert_int_equal(stat_of(name).st_blocks, (MIB + 4096) / 512);
		assert_int_equal(grow(name, 4096, by_path), 0);
		assert_int_equal(stat_of(name).st_blocks, 8);
		assert_int_equal(grow(name, ROOM - MIB, by_path), 0);
		assert_return_code(unlink(path_of(name)), errno);
	}
}

static void expect_sparse(const char *name)
{
	for (int by_path = 0; by_path < 2; by_path++) {
		make(name, 0600);
		assert_int_equal(grow(name, 2 * ROOM, by_path), 0);
		assert_int_equal(stat_of(name).st_blocks, 0);
		assert_return_code(unlink(path_of(name)), errno);
	}
}

static void option_reserves_for_the_whole_mount(void **state)
{
	(void)state;
	start("reserve");
	assert_return_code(mkdir(path_of("dir"), 0700), errno);
	expect_reserved("object");
	expect_reserved("dir/object");
	stop();
}

static void nothing_is_reserved_unasked(void **state)
{
	(void)state;
	start(NULL);
	assert_return_code(mkdir(path_of("dir"), 0700), errno);
	expect_sparse("object");
	expect_sparse("dir/object");
	stop();
}

/* As without: the user that changes the size is not root, so the bits go. */
static void growing_clears_suid(void **state)
{
	pid_t child;

	(void)state;
	start("reserve");
	make("object", 0666);
	assert_return_code(chmod(path_of("object"), 04777), errno);
	child = fork();
	if (child == 0) {
		assert_int_equal(who_become(ALICE), 0);
		_exit(grow("object", MIB, false) == 0 ? 0 : 1);
	}
	assert_int_equal(wait_child(child), 0);
	assert_int_equal(stat_of("object").st_mode & 07777, 0777);
	assert_int_equal(stat_of("object").st_blocks, MIB / 512);
	stop();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(option_reserves_for_the_whole_mount),
		cmocka_unit_test(nothing_is_reserved_unasked),
		cmocka_unit_test(growing_clears_suid),
	};

	return RUN_BARE(tests);
}

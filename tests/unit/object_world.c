/* SPDX-License-Identifier: MIT */
#include "object_world.h"

#include "object.h"
#include "unit.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

int object_dir = -1;

int object_setup(void **state)
{
	(void)state;
	unit_mount_shm(0, "mode=1777,size=16m");
	object_dir = open(SHMFS_OBJECT_DIR, O_PATH | O_DIRECTORY | O_CLOEXEC);
	assert_return_code(object_dir, errno);
	return 0;
}

int object_teardown(void **state)
{
	(void)state;
	close(object_dir);
	unit_unmount_shm();
	return 0;
}

struct stat object_make(const char *name, const char *text)
{
	const int fd = openat(object_dir, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	const size_t len = strlen(text);
	struct stat st;

	assert_return_code(fd, errno);
	assert_int_equal(write(fd, text, len), len);
	assert_return_code(fstat(fd, &st), errno);
	close(fd);
	return st;
}

struct stat object_stat(const char *name)
{
	struct stat st;

	assert_return_code(fstatat(object_dir, name, &st, AT_SYMLINK_NOFOLLOW), errno);
	return st;
}

int object_pin(const char *name)
{
	const int fd = shmfs_object_pin(object_dir, name);

	assert_return_code(fd, -fd);
	assert_int_equal(fcntl(fd, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
	assert_int_equal(fcntl(fd, F_GETFL) & O_PATH, O_PATH);
	return fd;
}

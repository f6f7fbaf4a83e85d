/* SPDX-License-Identifier: MIT */
#include "object_world.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

const char *const foreign[FOREIGN] = {"symlink", "dangling", "dir", "fifo", "socket"};

static int dir_fd = -1;

int object_setup(void **state)
{
	(void)state;
	unit_mount_shm(0, "mode=1777,size=16m");
	dir_fd = open(SHMFS_OBJECT_DIR, O_PATH | O_DIRECTORY | O_CLOEXEC);
	assert_return_code(dir_fd, errno);
	return 0;
}

int object_teardown(void **state)
{
	(void)state;
	close(dir_fd);
	unit_unmount_shm();
	return 0;
}

struct shmfs_name name_of(const char *component)
{
	struct shmfs_name name;

	CHECK(shmfs_name_encode(&name, SHMFS_NAME_ROOT, component) == 0);
	return name;
}

struct stat make_object(const char *component, const char *text)
{
	const int fd = openat(dir_fd, component, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	const size_t len = strlen(text);
	struct stat st;

	assert_return_code(fd, errno);
	assert_int_equal(write(fd, text, len), len);
	assert_return_code(fstat(fd, &st), errno);
	close(fd);
	return st;
}

void unlink_object(const char *component)
{
	assert_return_code(unlinkat(dir_fd, component, 0), errno);
}

void rename_object(const char *from, const char *to, unsigned flags)
{
	assert_return_code(renameat2(dir_fd, from, dir_fd, to, flags), errno);
}

uint64_t ino_of(const char *component)
{
	struct stat st;

	return fstatat(dir_fd, component, &st, AT_SYMLINK_NOFOLLOW) < 0 ? 0 : st.st_ino;
}

int pin(const char *component)
{
	const struct shmfs_name name = name_of(component);
	struct stat st;
	const int fd = shmfs_object_pin(&name, ino_of(component), &st);

	assert_return_code(fd, -fd);
	assert_int_equal(st.st_ino, ino_of(component));
	assert_int_equal(fcntl(fd, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
	return fd;
}

void make_foreign(void)
{
	assert_return_code(symlinkat("target", dir_fd, "symlink"), errno);
	assert_return_code(symlinkat("nowhere", dir_fd, "dangling"), errno);
	assert_return_code(mkdirat(dir_fd, "dir", 0777), errno);
	assert_return_code(mkfifoat(dir_fd, "fifo", 0666), errno);
	assert_return_code(mknodat(dir_fd, "socket", S_IFSOCK | 0666, 0), errno);
}

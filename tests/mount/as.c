/* SPDX-License-Identifier: MIT */
#include "as.h"

#include "harness.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>

void expect_child(pid_t pid, int error, const char *call, const char *file, int line)
{
	const int status = pid < 0 ? -1 : wait_child(pid);
	const int got = WEXITSTATUS(status);

	if (WIFEXITED(status) && got == error)
		return;
	if (!WIFEXITED(status) || got == AS_NOT_BECOME)
		print_error("%s: wait status %#x\n", call, (unsigned int)status);
	else
		print_error("%s: %s, not %s\n", call, got ? strerrorname_np(got) : "allowed",
			error ? strerrorname_np(error) : "allowed");
	_fail(file, line);
}

const char *at_door(enum door door, const char *path)
{
	return door == DOOR_MOUNT ? in_mount(path) : in_shm(path);
}

void put_object(const char *path, struct who owner, mode_t mode, const char *bytes)
{
	write_file(in_shm(path), bytes, strlen(bytes));
	assert_return_code(lchown(in_shm(path), owner.uid, owner.gid), errno);
	assert_return_code(chmod(in_shm(path), mode), errno);
}

void put_directory(const char *path, struct who owner, mode_t mode)
{
	assert_return_code(mkdir(in_shm(path), 0700), errno);
	assert_return_code(lchown(in_shm(path), owner.uid, owner.gid), errno);
	assert_return_code(chmod(in_shm(path), mode), errno);
}

int try_open(const char *path, int flags, mode_t mode)
{
	const int fd = open(path, flags | O_CLOEXEC, mode);

	return fd < 0 ? -1 : close(fd);
}

int try_content(const char *path, const char *text)
{
	const int fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	char found[256];
	const ssize_t len = fd < 0 ? -1 : read(fd, found, sizeof(found));

	if (fd >= 0)
		close(fd);
	if (len >= 0 && (len != (ssize_t)strlen(text) || memcmp(found, text, (size_t)len) != 0)) {
		errno = EBADMSG;
		return -1;
	}
	return len < 0 ? -1 : 0;
}

int try_write(const char *path, const char *text)
{
	const int fd = open(path, O_WRONLY | O_NOFOLLOW | O_CLOEXEC);
	const ssize_t len = fd < 0 ? -1 : write(fd, text, strlen(text));

	if (fd >= 0)
		close(fd);
	return len == (ssize_t)strlen(text) ? 0 : -1;
}

int try_execute(const char *path)
{
	const pid_t pid = fork();
	int status;

	if (pid == 0) {
		execl(path, path, NULL);
		_exit(errno);
	}
	status = wait_child(pid);
	errno = WEXITSTATUS(status);
	return status == 0 ? 0 : -1;
}

/* SPDX-License-Identifier: MIT */
#include "status_ask.h"

#include "detached.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <unistd.h>

#define WAIT_MS 5000

struct answer {
	int result;
	struct status status;
};

static bool is_complete(const struct status *status)
{
	return memchr(status->text, '\0', sizeof(status->text)) &&
	       strncmp(status->text, STATUS_MAGIC, strlen(STATUS_MAGIC)) == 0;
}

static int ask_directory(int fd, struct status *ret_status)
{
	struct statfs fs;

	if (fstatfs(fd, &fs) < 0)
		return -errno;
	if (fs.f_type != FUSE_SUPER_MAGIC)
		return -ENOTTY;
	if (ioctl(fd, STATUS_ASK, ret_status) < 0)
		return -errno;
	return is_complete(ret_status) ? 0 : -ENOTTY;
}

static void ask_and_tell(const char *path, int to)
{
	struct answer answer = {.result = 0};
	int fd;

	detached_leave_output();
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	answer.result = fd < 0 ? -errno : ask_directory(fd, &answer.status);
	if (write(to, &answer, sizeof(answer)) != (ssize_t)sizeof(answer))
		_exit(1);
	_exit(0);
}

static int receive(int from, struct status *ret_status)
{
	struct pollfd wait = {.fd = from, .events = POLLIN};
	struct answer answer;

	if (poll(&wait, 1, WAIT_MS) <= 0)
		return -ETIMEDOUT;
	if (read(from, &answer, sizeof(answer)) != (ssize_t)sizeof(answer))
		return -EIO;
	if (answer.result == 0)
		*ret_status = answer.status;
	return answer.result;
}

int status_ask(const char *path, struct status *ret_status)
{
	int ends[2], r;
	pid_t child;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return -errno;
	child = fork();
	if (child == 0)
		ask_and_tell(path, ends[1]);
	close(ends[1]);
	r = child < 0 ? -EAGAIN : receive(ends[0], ret_status);
	close(ends[0]);
	if (child > 0) {
		kill(child, SIGKILL);
		/* A child that cannot die is left to the system. */
		waitpid(child, NULL, r == -ETIMEDOUT ? WNOHANG : 0);
	}
	return r;
}

const char *status_error(int error)
{
	if (error == -ENOTTY)
		return "not a mount of shmfs";
	return error == -ETIMEDOUT ? "does not answer" : strerror(-error);
}

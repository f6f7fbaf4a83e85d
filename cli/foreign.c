/* SPDX-License-Identifier: MIT */
#include "foreign.h"

#include "detached.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/wait.h>
#include <unistd.h>

#define WAIT_MS 2000

union control {
	struct cmsghdr header;
	char bytes[CMSG_SPACE(sizeof(int))];
};

static int open_shm(pid_t pid, dev_t dev)
{
	struct statfs fs;
	struct stat st;
	char path[48];
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/root/dev/shm", (int)pid);
	fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (fstatfs(fd, &fs) == 0 && fs.f_type == TMPFS_MAGIC && fstat(fd, &st) == 0 &&
		st.st_dev == dev)
		return fd;
	close(fd);
	return -ESTALE;
}

/* Sends the result, with the descriptor if it is one. */
static void send_result(int socket, int result)
{
	struct iovec data = {.iov_base = &result, .iov_len = sizeof(result)};
	union control control = {.bytes = {0}};
	struct msghdr message = {.msg_iov = &data, .msg_iovlen = 1};

	if (result >= 0) {
		message.msg_control = &control;
		message.msg_controllen = sizeof(control);
		control.header.cmsg_level = SOL_SOCKET;
		control.header.cmsg_type = SCM_RIGHTS;
		control.header.cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(&control.header), &result, sizeof(int));
	}
	sendmsg(socket, &message, MSG_NOSIGNAL);
}

static int receive_result(int socket)
{
	struct pollfd wait = {.fd = socket, .events = POLLIN};
	int result, fd;
	struct iovec data = {.iov_base = &result, .iov_len = sizeof(result)};
	union control control;
	struct msghdr message = {.msg_iov = &data,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control)};

	if (poll(&wait, 1, WAIT_MS) <= 0)
		return -ETIMEDOUT;
	if (recvmsg(socket, &message, MSG_CMSG_CLOEXEC) != sizeof(result))
		return -EIO;
	if (result < 0)
		return result;
	if (message.msg_controllen < CMSG_LEN(sizeof(int)))
		return -EIO;
	memcpy(&fd, CMSG_DATA(&control.header), sizeof(fd));
	return fd;
}

int foreign_open_shm(pid_t pid, dev_t dev)
{
	int sockets[2], result;
	pid_t child;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sockets) < 0)
		return -errno;
	child = fork();
	if (child == 0) {
		detached_leave_output();
		send_result(sockets[1], open_shm(pid, dev));
		_exit(0);
	}
	close(sockets[1]);
	result = child < 0 ? -EAGAIN : receive_result(sockets[0]);
	close(sockets[0]);
	if (child > 0) {
		kill(child, SIGKILL);
		/* A child that cannot die is left to the system. */
		waitpid(child, NULL, result == -ETIMEDOUT ? WNOHANG : 0);
	}
	return result;
}

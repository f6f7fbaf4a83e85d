/* SPDX-License-Identifier: MIT */
#include "in_flight.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

int put_in_flight(int fd, int ret_sockets[2])
{
	union {
		struct cmsghdr header;
		char bytes[CMSG_SPACE(sizeof(int))];
	} control = {.header = {CMSG_LEN(sizeof(int)), SOL_SOCKET, SCM_RIGHTS}};
	struct iovec data = {.iov_base = (char[]){'x'}, .iov_len = 1};
	const struct msghdr message = {.msg_iov = &data,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control)};

	if (socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, ret_sockets) < 0)
		return -errno;
	memcpy(CMSG_DATA(&control.header), &fd, sizeof(fd));
	return sendmsg(ret_sockets[0], &message, 0) == 1 ? 0 : -errno;
}

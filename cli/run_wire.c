/* SPDX-License-Identifier: MIT */
#include "run_wire.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

union control {
	struct cmsghdr header; /* for its alignment */
	char bytes[CMSG_SPACE(RUN_WIRE_FDS * sizeof(int))];
};

int run_wire_pair(int ret_ends[2])
{
	return socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ret_ends) < 0 ? -errno : 0;
}

static unsigned attach_fds(struct msghdr *header, const int fds[RUN_WIRE_FDS])
{
	struct cmsghdr *control = CMSG_FIRSTHDR(header);
	int passed[RUN_WIRE_FDS];
	unsigned count = 0;

	for (unsigned i = 0; i < RUN_WIRE_FDS; i++)
		if (fds[i] >= 0)
			passed[count++] = fds[i];
	if (count == 0) {
		header->msg_control = NULL;
		header->msg_controllen = 0;
		return 0;
	}
	control->cmsg_level = SOL_SOCKET;
	control->cmsg_type = SCM_RIGHTS;
	control->cmsg_len = CMSG_LEN(count * sizeof(int));
	memcpy(CMSG_DATA(control), passed, count * sizeof(int));
	header->msg_controllen = CMSG_SPACE(count * sizeof(int));
	return count;
}

/* The fds of the message tell which of them are there. */
int run_wire_send(int end, const struct run_wire_message *message)
{
	struct run_wire_message copy = *message;
	struct iovec text = {&copy, sizeof(copy)};
	union control control = {0};
	struct msghdr header = {.msg_iov = &text,
		.msg_iovlen = 1,
		.msg_control = control.bytes,
		.msg_controllen = sizeof(control.bytes)};
	ssize_t r;

	attach_fds(&header, message->fds);
	do
		r = sendmsg(end, &header, MSG_NOSIGNAL);
	while (r < 0 && errno == EINTR);
	return r < 0 ? -errno : 0;
}

static void detach_fds(struct msghdr *header, int fds[RUN_WIRE_FDS])
{
	const struct cmsghdr *control = CMSG_FIRSTHDR(header);
	const unsigned char *data = control ? CMSG_DATA(control) : NULL;

	for (unsigned i = 0; i < RUN_WIRE_FDS; i++) {
		if (fds[i] < 0)
			continue;
		fds[i] = -1;
		if (data && control->cmsg_type == SCM_RIGHTS) {
			memcpy(&fds[i], data, sizeof(int));
			data += sizeof(int);
		}
	}
}

int run_wire_receive(int end, struct run_wire_message *ret_message)
{
	struct iovec text = {ret_message, sizeof(*ret_message)};
	union control control = {0};
	struct msghdr header = {.msg_iov = &text,
		.msg_iovlen = 1,
		.msg_control = control.bytes,
		.msg_controllen = sizeof(control.bytes)};
	ssize_t r;

	do
		r = recvmsg(end, &header, MSG_CMSG_CLOEXEC);
	while (r < 0 && errno == EINTR);
	if (r < 0)
		return -errno;
	if (r != (ssize_t)sizeof(*ret_message))
		return 0;
	detach_fds(&header, ret_message->fds);
	return 1;
}

/* SPDX-License-Identifier: MIT */
/*
 * Before 3.17 libfuse cannot tell the kernel that the file system clears S_ISUID and S_ISGID
 * itself (FUSE_HANDLE_KILLPRIV_V2). Then the kernel asks for a change of mode before each write,
 * truncate and chown, in the name of a caller who may not do that. So what passes between libfuse
 * and the kernel is watched until the greeting is over, and the answer to it is completed.
 */
#include "fuse3.h"

#if FUSE_VERSION < FUSE_MAKE_VERSION(3, 17)

#include <linux/fuse.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

/* There is one thread until the greeting is answered. */
static bool offered, answered;

static ssize_t receive(int fd, void *buf, size_t size, void *userdata)
{
	const ssize_t n = read(fd, buf, size);
	struct fuse_in_header header;
	struct fuse_init_in init;

	(void)userdata;
	if (answered || n < (ssize_t)(sizeof(header) + sizeof(init)))
		return n;
	memcpy(&header, buf, sizeof(header));
	memcpy(&init, (const char *)buf + sizeof(header), sizeof(init));
	offered = header.opcode == FUSE_INIT && (init.flags & FUSE_HANDLE_KILLPRIV_V2);
	return n;
}

static ssize_t reply(int fd, struct iovec *iov, int count, void *userdata)
{
	(void)userdata;
	if (!answered && offered && count == 2 &&
		iov[1].iov_len >= offsetof(struct fuse_init_out, max_background)) {
		struct fuse_init_out *init = iov[1].iov_base;

		init->flags |= FUSE_HANDLE_KILLPRIV_V2;
	}
	if (!answered)
		answered = true;
	return writev(fd, iov, count);
}

int fuse3_complete(struct fuse_session *session)
{
	static const struct fuse_custom_io io = {.read = receive, .writev = reply};

	return fuse_session_custom_io(session, &io, fuse_session_fd(session));
}

#else

int fuse3_complete(struct fuse_session *session)
{
	(void)session;
	return 0;
}

#endif

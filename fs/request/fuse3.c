/* SPDX-License-Identifier: MIT */
#include "fuse3.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fuse.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

/* The values of linux/fuse.h since 6.9; older headers do not define them. */
#define HAS_RESEND (1ULL << 39)
#define UNIQUE_RESEND (1ULL << 63)
#define NOTIFY_RESEND 7
#define OPCODE_TMPFILE 51 /* since 6.2 */
#define OPCODE_STATX 52   /* since 6.6 */

/* The kernel may require a receiver to have room for so many bytes. */
#define RECEIVE_MIN ((size_t)132 * 1024)

/* The number of the request that this one interrupts, or 0. */
static uint64_t interrupted_by(const struct fuse_in_header *in)
{
	struct fuse_interrupt_in interrupt;

	if (in->opcode != FUSE_INTERRUPT || in->len < sizeof(*in) + sizeof(interrupt))
		return 0;
	memcpy(&interrupt, in + 1, sizeof(interrupt));
	return interrupt.unique & ~UNIQUE_RESEND;
}

/* GETATTR and GETXATTR: before the kernel makes an entry, it sends them for the directory. */
static bool has_directory(uint32_t opcode)
{
	switch (opcode) {
	case FUSE_LOOKUP:
	case FUSE_GETATTR:
	case FUSE_READLINK:
	case FUSE_SYMLINK:
	case FUSE_MKNOD:
	case FUSE_MKDIR:
	case FUSE_UNLINK:
	case FUSE_RMDIR:
	case FUSE_RENAME:
	case FUSE_RENAME2:
	case FUSE_LINK:
	case FUSE_STATFS:
	case FUSE_GETXATTR:
	case FUSE_OPENDIR:
	case FUSE_READDIR:
	case FUSE_READDIRPLUS:
	case FUSE_ACCESS:
	case FUSE_CREATE:
	case OPCODE_TMPFILE:
	case OPCODE_STATX:
		return true;
	default:
		return false;
	}
}

struct fuse3_request fuse3_request(const void *header)
{
	const struct fuse_in_header *in = header;

	return (struct fuse3_request){
		.unique = in->unique & ~UNIQUE_RESEND,
		.again = in->unique & UNIQUE_RESEND,
		.user = in->opcode == FUSE_RELEASE || in->opcode == FUSE_RELEASEDIR ? FUSE3_KERNEL
										    : in->uid,
		.pid = (pid_t)in->pid,
		.interrupts = interrupted_by(in),
		.has_directory = has_directory(in->opcode),
		.has_root = has_directory(in->opcode) && in->nodeid == FUSE_ROOT_ID,
		.wants_no_reply = in->opcode == FUSE_FORGET || in->opcode == FUSE_BATCH_FORGET ||
				  in->opcode == FUSE_INTERRUPT,
		.can_wait = in->opcode == FUSE_RELEASE,
		.lets_wait = in->opcode == FUSE_LOOKUP || in->opcode == FUSE_GETATTR ||
			     in->opcode == FUSE_OPEN,
	};
}

void fuse3_make_interrupt(char *ret_bytes, const void *header)
{
	const struct fuse_in_header *in = header;
	const struct fuse_interrupt_in interrupt = {.unique = in->unique};
	const struct fuse_in_header out = {.len = FUSE3_INTERRUPT_SIZE,
		.opcode = FUSE_INTERRUPT,
		.unique = in->unique | 1, /* as the kernel numbers them */
		.pid = in->pid};

	_Static_assert(
		sizeof(out) + sizeof(interrupt) == FUSE3_INTERRUPT_SIZE, "as in linux/fuse.h");
	memcpy(ret_bytes, &out, sizeof(out));
	memcpy(ret_bytes + sizeof(out), &interrupt, sizeof(interrupt));
}

void fuse3_refuse(struct fuse_session *session, const void *header, int error)
{
	const struct fuse_in_header *in = header;
	struct fuse_out_header out = {.len = sizeof(out), .error = error, .unique = in->unique};

	if (write(fuse_session_fd(session), &out, sizeof(out)) < 0)
		return; /* the kernel has given the request up */
}

ssize_t fuse3_receive_init(int device, void *buf, size_t size)
{
	char *room = malloc(RECEIVE_MIN);
	ssize_t n;

	if (!room)
		return -ENOMEM;
	do
		n = read(device, room, RECEIVE_MIN);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		n = -errno;
	else if ((size_t)n > size)
		n = -EPROTO;
	else
		memcpy(buf, room, (size_t)n);
	free(room);
	return n;
}

/* The feature flags that the kernel offers in its FUSE_INIT request. */
static uint64_t offered_by(const void *request, size_t len)
{
	const char *bytes = request;
	struct fuse_in_header header;
	uint32_t init[5] = {0}; /* major, minor, max_readahead, flags, flags2 */

	if (len < sizeof(header))
		return 0;
	memcpy(&header, bytes, sizeof(header));
	len -= sizeof(header);
	memcpy(init, bytes + sizeof(header), len < sizeof(init) ? len : sizeof(init));
	return header.opcode == FUSE_INIT ? init[3] | (uint64_t)init[4] << 32 : 0;
}

bool fuse3_can_resend(const void *request, size_t len)
{
	return offered_by(request, len) & HAS_RESEND;
}

int fuse3_resend(int device)
{
	const struct fuse_out_header notice = {.len = sizeof(notice), .error = NOTIFY_RESEND};

	return write(device, &notice, sizeof(notice)) < 0 ? -errno : 0;
}

int fuse3_receive(struct fuse_session *session, struct fuse_buf *buf)
{
	ssize_t n;

	do /* ENOENT: the caller has given the request up */
		n = read(fuse_session_fd(session), buf->mem, FUSE3_RECEIVE_SIZE);
	while (n < 0 && errno == ENOENT);
	if (n < 0)
		return errno == ENODEV || errno == ECONNABORTED ? 0 : -errno;
	buf->size = (size_t)n;
	buf->flags = 0;
	return (int)n;
}

/*
 * Because it follows dup(2), the thread sanitizer sees that work before a reply happens before the
 * next request. It does not follow F_DUPFD_CLOEXEC. A second step may set the flag: the process has
 * one thread, so no other thread starts a program in between.
 */
int fuse3_duplicate(int device)
{
	const int fd = dup(device);

	return fd < 0 || fcntl(fd, F_SETFD, FD_CLOEXEC) < 0 ? -errno : fd;
}

#if FUSE_VERSION < FUSE_MAKE_VERSION(3, 17)

/*
 * Before 3.17 libfuse cannot tell the kernel that the file system clears S_ISUID and S_ISGID itself
 * (FUSE_HANDLE_KILLPRIV_V2). Without that flag the kernel sends a change of mode before each write,
 * truncate and chown, in the name of a caller who may not change the mode. So write_reply() adds
 * the flag to the answer to FUSE_INIT.
 */

/* Written while there is one thread: FUSE_INIT is not answered yet. */
static bool offered, answered;

static ssize_t read_request(int fd, void *buf, size_t size, void *userdata)
{
	(void)userdata;
	return read(fd, buf, size);
}

static ssize_t write_reply(int fd, struct iovec *iov, int count, void *userdata)
{
	(void)userdata;
	if (!answered && offered && count == 2 &&
		iov[1].iov_len >= offsetof(struct fuse_init_out, max_background)) {
		struct fuse_init_out *init = iov[1].iov_base;

		init->flags |= FUSE_HANDLE_KILLPRIV_V2;
	}
	if (!answered) /* later threads only read it */
		answered = true;
	return writev(fd, iov, count);
}

int fuse3_complete(struct fuse_session *session, const void *request, size_t len)
{
	static const struct fuse_custom_io io = {.read = read_request, .writev = write_reply};

	offered = offered_by(request, len) & FUSE_HANDLE_KILLPRIV_V2;
	return fuse_session_custom_io(session, &io, fuse_session_fd(session));
}

#else

int fuse3_complete(struct fuse_session *session, const void *request, size_t len)
{
	(void)session;
	(void)request;
	(void)len;
	return 0;
}

#endif

/* SPDX-License-Identifier: MIT */
/*
 * This file includes libfuse (log.c includes its fuse_log.h as well), and hides the differences
 * between its versions: 3.14 is the oldest that shmfs supports, 3.17 and later have wider feature
 * flags.
 */
#ifndef SHMFS_FUSE3_H
#define SHMFS_FUSE3_H

#define FUSE_USE_VERSION 314
#include <fuse_lowlevel.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

/* 3.14 does not define it, and fuse3_want() ignores 0. */
#ifndef FUSE_CAP_HANDLE_KILLPRIV_V2
#define FUSE_CAP_HANDLE_KILLPRIV_V2 0
#endif

/* Passthrough: see passthrough.h. */
#if FUSE_VERSION >= FUSE_MAKE_VERSION(3, 17)
#define FUSE3_HAS_PASSTHROUGH 1
#else
#define FUSE3_HAS_PASSTHROUGH 0
#endif

/* The fields of a request's header that libfuse does not pass on. */
struct fuse3_request {
	uint64_t unique;     /* its number, never 0 */
	bool again;          /* it was received before */
	uint64_t user;       /* the caller's number, or FUSE3_KERNEL */
	pid_t pid;           /* the caller's thread; 0: of another namespace, or the kernel */
	uint64_t interrupts; /* the number of the request that this one interrupts, or 0 */
	bool has_directory;  /* the kernel may hold the lock of a directory until the answer */
	bool has_root;       /* that directory is the root, which all users share */
	bool wants_no_reply; /* a forget or an interrupt */
	bool can_wait;       /* a close: no caller waits for its effect */
	bool lets_wait; /* a lookup, getattr or open: a pending close does not change its answer */
};
struct fuse3_request fuse3_request(const void *header);

/* Stands for the user of requests that the kernel makes by itself: the end of an open file. */
#define FUSE3_KERNEL UINT64_MAX

/* Makes the interrupt that the kernel would send for the request with this header. */
#define FUSE3_INTERRUPT_SIZE 48
void fuse3_make_interrupt(char *ret_bytes, const void *header);

/* Answers the request with this header; error is -errno. A caller that is gone is no error. */
void fuse3_refuse(struct fuse_session *session, const void *header, int error);

/*
 * Receives the kernel's first request, FUSE_INIT, from the device. Returns its length in bytes, or
 * -errno; -EPROTO: it is longer than `size`.
 */
ssize_t fuse3_receive_init(int device, void *buf, size_t size);

/* Can the kernel send unanswered requests again? It can since Linux 6.9. */
bool fuse3_can_resend(const void *init, size_t len);

/* Makes the kernel do so, for all requests of this device. Returns 0 or -errno. */
int fuse3_resend(int device);

/* The longest write(2) that the kernel sends as one request, in bytes. FUSE_INIT asks for it. */
#define FUSE3_MAX_WRITE (1024 * 1024)

/* The kernel insists on room for the longest request; its headers are a page at most. */
#define FUSE3_RECEIVE_SIZE (FUSE3_MAX_WRITE + 4096)

/*
 * Works like fuse_session_receive_buf(), which however reports an error to the user when the mount
 * ends while a request is in flight. buf->mem has FUSE3_RECEIVE_SIZE bytes. Returns the length in
 * bytes, 0 when the mount is gone, or -errno.
 */
int fuse3_receive(struct fuse_session *session, struct fuse_buf *buf);

/* Returns another descriptor of the device, closed on exec, which the caller owns; or -errno. */
int fuse3_duplicate(int device);

/*
 * Gives the kernel the flags of FUSE_INIT that an older libfuse leaves out. The caller has mounted
 * the session, and has not answered FUSE_INIT yet. Returns 0 or -errno.
 */
int fuse3_complete(struct fuse_session *session, const void *init, size_t len);

/* O_TMPFILE, for the table of operations. Without it open(2) returns EOPNOTSUPP. */
#if FUSE_VERSION >= FUSE_MAKE_VERSION(3, 17)
#define FUSE3_TMPFILE(op) .tmpfile = (op),
#else
#define FUSE3_TMPFILE(op)
#endif

/* statx(2) for more fields than stat(2) has, for the table of operations. */
#if FUSE_VERSION >= FUSE_MAKE_VERSION(3, 18)
#define FUSE3_STATX(op) .statx = (op),
#else
#define FUSE3_STATX(op)
#endif

/* Answers a statx(2). timeout: see fuse_reply_attr(). */
static inline void fuse3_reply_statx(fuse_req_t req, struct statx *stx, double timeout)
{
#if FUSE_VERSION >= FUSE_MAKE_VERSION(3, 18)
	fuse_reply_statx(req, 0, stx, timeout);
#else
	/* An older libfuse never passes the request on. */
	(void)req;
	(void)stx;
	(void)timeout;
#endif
}

/* Makes the kernel send GETATTR for the node before it uses the attributes again: best effort. */
static inline void fuse3_forget_attributes(struct fuse_session *session, uint64_t ino)
{
	fuse_lowlevel_notify_inval_inode(session, ino, -1, 0);
}

/* Asks the kernel for a feature (FUSE_CAP_…) if it has it. */
static inline void fuse3_want(struct fuse_conn_info *conn, unsigned long feature)
{
#if FUSE_VERSION >= FUSE_MAKE_VERSION(3, 17)
	if (feature != 0)
		fuse_set_feature_flag(conn, feature);
#else
	conn->want |= conn->capable & (unsigned)feature;
#endif
}

/* Turns a feature off that libfuse asks for by itself. */
static inline void fuse3_unwant(struct fuse_conn_info *conn, unsigned long feature)
{
#if FUSE_VERSION >= FUSE_MAKE_VERSION(3, 17)
	fuse_unset_feature_flag(conn, feature);
#else
	conn->want &= ~(unsigned)feature;
#endif
}

/*
 * Asks for passthrough. Objects lie on a file system that is not itself stacked, so one stacked
 * file system (overlayfs) may lie on the mount. False: the kernel does not offer passthrough.
 */
static inline bool fuse3_want_passthrough(struct fuse_conn_info *conn)
{
#if FUSE3_HAS_PASSTHROUGH
	conn->max_backing_stack_depth = 0;
	return fuse_set_feature_flag(conn, FUSE_CAP_PASSTHROUGH);
#else
	(void)conn;
	return false;
#endif
}

/* id: a backing id; or 0: the kernel sends every read and write to the daemon. */
static inline void fuse3_set_data_path(struct fuse_file_info *fi, int id)
{
	fi->direct_io = id == 0;
#if FUSE3_HAS_PASSTHROUGH
	fi->backing_id = id;
#endif
}

#endif

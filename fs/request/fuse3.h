/* SPDX-License-Identifier: MIT */
/*
 * The one place that includes libfuse, and that knows how its versions differ: 3.14 is the oldest
 * that will do, 3.17 and later have wider feature flags.
 */
#ifndef SHMFS_FUSE3_H
#define SHMFS_FUSE3_H

#define FUSE_USE_VERSION 314
#include <fuse_lowlevel.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

/* Newer than 3.14. A feature that the kernel does not offer is never wanted: see fuse3_want(). */
#ifndef FUSE_CAP_HANDLE_KILLPRIV_V2
#define FUSE_CAP_HANDLE_KILLPRIV_V2 0
#endif

/* Passthrough: see passthrough.h. */
#if FUSE_VERSION >= FUSE_MAKE_VERSION(3, 17)
#define FUSE3_HAS_PASSTHROUGH 1
#else
#define FUSE3_HAS_PASSTHROUGH 0
#endif

/* What the header of a request tells, which libfuse keeps for itself. */
struct fuse3_request {
	uint64_t unique;     /* its number, never 0 */
	bool again;          /* it was received before */
	uint64_t user;       /* the caller's number, or FUSE3_KERNEL */
	pid_t pid;           /* of the caller; 0: of another namespace, or the kernel itself */
	uint64_t interrupts; /* the number of the request that this one interrupts; 0: none */
	bool has_directory;  /* the kernel may hold the lock of a directory until the answer */
	bool has_root;       /* that of the root, where all users are */
	bool wants_no_reply; /* a forget or an interrupt */
	bool can_wait;       /* a close: nobody waits for what it does */
	bool lets_wait;      /* a lookup, getattr or open: does not depend on what can wait */
};
struct fuse3_request fuse3_request(const void *header);

/* The user of requests that the kernel makes by itself: the end of an open file. */
#define FUSE3_KERNEL UINT64_MAX

/* Makes the interrupt that the kernel would send for the request with this header. */
#define FUSE3_INTERRUPT_SIZE 48
void fuse3_make_interrupt(char *ret_bytes, const void *header);

/* Answers the request with this header: error is -errno. The caller may be gone. */
void fuse3_refuse(struct fuse_session *session, const void *header, int error);

/*
 * The kernel's first request, FUSE_INIT: receives it from the device. Returns its length in bytes,
 * or -errno; -EPROTO if it is longer than `size`.
 */
ssize_t fuse3_receive_init(int device, void *buf, size_t size);

/* Can the kernel send requests again that were not answered? It can since Linux 6.9. */
bool fuse3_can_resend(const void *init, size_t len);

/* Has it do so: to all that come to this device. 0 or -errno. */
int fuse3_resend(int device);

/* The longest write(2) that comes as one request, in bytes: to be asked for in FUSE_INIT. */
#define FUSE3_MAX_WRITE (1024 * 1024)

/* The kernel insists on room for the longest request, and its headers are a page at most. */
#define FUSE3_RECEIVE_SIZE (FUSE3_MAX_WRITE + 4096)

/*
 * As fuse_session_receive_buf(), which takes it for an error, and tells the user, when the mount
 * ends just while there is a request. buf->mem has FUSE3_RECEIVE_SIZE bytes. Returns the length in
 * bytes, 0 when the mount is gone, or -errno.
 */
int fuse3_receive(struct fuse_session *session, struct fuse_buf *buf);

/* Another descriptor of the device, closed on exec: it is the caller's. Or -errno. */
int fuse3_duplicate(int device);

/*
 * Makes up for what an older libfuse does not tell the kernel; to be called when the session is
 * mounted and before FUSE_INIT is answered. Returns 0 or -errno.
 */
int fuse3_complete(struct fuse_session *session, const void *init, size_t len);

/* O_TMPFILE: for the table of operations. Without it open(2) says EOPNOTSUPP. */
#if FUSE_VERSION >= FUSE_MAKE_VERSION(3, 17)
#define FUSE3_TMPFILE(op) .tmpfile = (op),
#else
#define FUSE3_TMPFILE(op)
#endif

/* statx(2) that asks for more than stat(2) tells: for the table of operations. */
#if FUSE_VERSION >= FUSE_MAKE_VERSION(3, 18)
#define FUSE3_STATX(op) .statx = (op),
#else
#define FUSE3_STATX(op)
#endif

/* The answer. timeout: as fuse_reply_attr() has it. */
static inline void fuse3_reply_statx(fuse_req_t req, struct statx *stx, double timeout)
{
#if FUSE_VERSION >= FUSE_MAKE_VERSION(3, 18)
	fuse_reply_statx(req, 0, stx, timeout);
#else
	/* Nobody asks. */
	(void)req;
	(void)stx;
	(void)timeout;
#endif
}

/* The kernel asks for the attributes of the node again, if it knows it: best effort. */
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

/* Does not want a feature that libfuse asks for by itself. */
static inline void fuse3_unwant(struct fuse_conn_info *conn, unsigned long feature)
{
#if FUSE_VERSION >= FUSE_MAKE_VERSION(3, 17)
	fuse_unset_feature_flag(conn, feature);
#else
	conn->want &= ~(unsigned)feature;
#endif
}

/*
 * Objects lie on a file system that is not itself stacked on another, which leaves room for one
 * (overlayfs) on the mount. False when the kernel does not offer it.
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

/* id: a backing id, or 0: the daemon is asked for every read and write. */
static inline void fuse3_set_data_path(struct fuse_file_info *fi, int id)
{
	fi->direct_io = id == 0;
#if FUSE3_HAS_PASSTHROUGH
	fi->backing_id = id;
#endif
}

#endif

/* SPDX-License-Identifier: MIT */
/*
 * Answers to requests. Every operation ends in exactly one of these, or in one of libfuse's that
 * has nothing to decide. This is the only place where -errno changes its sign, and where the
 * timeouts (all zero: the next call asks again) are set.
 *
 * What a reply hands to the kernel, a lookup or an open, is taken back if the reply does not get
 * there because the caller was interrupted.
 */
#ifndef SHMFS_REPLY_H
#define SHMFS_REPLY_H

#include "fs.h"
#include "name.h"

#include <stddef.h>
#include <sys/stat.h>
#include <sys/types.h>

/* r: 0 or -errno. */
void reply_result(fuse_req_t req, int r);

/* r: a count of bytes written or copied, or -errno. */
void reply_count(fuse_req_t req, ssize_t r);

void reply_attr(fuse_req_t req, const struct stat *st);

/* The same for statx(2). birth: when it was made; NULL: nobody knows. */
void reply_statx(fuse_req_t req, const struct stat *st, const struct timespec *birth);

/*
 * What the attributes describe is known to the kernel from now on, under this name. Those of a
 * directory are completed. Returns 0, or -ENOMEM: then nothing has been answered.
 */
int reply_entry(fuse_req_t req, const struct shmfs_name *name, struct stat *st);

/* The same for what the caller has just made: bind(2) goes on with that very node. */
int reply_new_entry(fuse_req_t req, const struct shmfs_name *name, struct stat *st);

/* The node has been opened by node_count_open() or node_add_fd(). */
void reply_open(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi);

/* Both at once; the kernel's lookup was counted by node_get() before. */
void reply_create(fuse_req_t req, const struct stat *st, struct fuse_file_info *fi);

/* A directory is open, which takes nothing here. */
void reply_opendir(fuse_req_t req, struct fuse_file_info *fi);

/* Where a symbolic link leads. */
void reply_target(fuse_req_t req, const char *target);

/* r: a count of bytes in buf, or -errno. */
void reply_data(fuse_req_t req, const void *buf, ssize_t r);

/* r: an offset, or -errno. */
void reply_offset(fuse_req_t req, off_t r);

/* An entry as lookups and listings tell it. */
struct fuse_entry_param reply_entry_param(const struct stat *st);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * Answers to requests. Every operation ends in exactly one of these functions. Only this module
 * changes the sign of -errno. Timeouts are in seconds.
 *
 * Functions that return a bool return false when the kernel did not take the answer, because the
 * caller was interrupted. The operation then takes back all references that it handed out with the
 * answer.
 */
#ifndef SHMFS_REPLY_H
#define SHMFS_REPLY_H

#include "fuse3.h"

#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/types.h>

/* r: 0 or -errno. */
void reply_result(fuse_req_t req, int r);

/* r: a count of bytes written or copied, or -errno. */
void reply_count(fuse_req_t req, ssize_t r);

void reply_attr(fuse_req_t req, const struct stat *st, double timeout);
void reply_statx(fuse_req_t req, struct statx *stx, double timeout);

bool reply_entry(fuse_req_t req, const struct fuse_entry_param *entry);
bool reply_open(fuse_req_t req, const struct fuse_file_info *fi);
bool reply_create(
	fuse_req_t req, const struct fuse_entry_param *entry, const struct fuse_file_info *fi);

/* The target of a symbolic link. */
void reply_target(fuse_req_t req, const char *target);

/* r: a count of bytes in buf, or -errno. */
void reply_data(fuse_req_t req, const void *buf, ssize_t r);

/* r: an offset, or -errno. */
void reply_offset(fuse_req_t req, off_t r);

/* r: the length of an extended attribute or of a list of them, or -errno. */
void reply_xattr_length(fuse_req_t req, ssize_t r);

void reply_statfs(fuse_req_t req, const struct statvfs *st);

/* The result of an ioctl(2), `size` bytes. */
void reply_ioctl(fuse_req_t req, const void *buf, size_t size);

/* Ends a request that has no answer. */
void reply_none(fuse_req_t req);

#endif

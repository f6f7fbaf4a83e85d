/* SPDX-License-Identifier: MIT */
#include "reply.h"

#include "descriptors.h"
#include "trace.h"

#include <errno.h>

void reply_result(fuse_req_t req, int r)
{
	trace_result(r);
	if (r == -EMFILE)
		descriptors_tell_limit();
	fuse_reply_err(req, -r);
}

void reply_count(fuse_req_t req, ssize_t r)
{
	trace_result(r);
	if (r < 0)
		reply_result(req, (int)r);
	else
		fuse_reply_write(req, (size_t)r);
}

void reply_attr(fuse_req_t req, const struct stat *st, double timeout)
{
	trace_result(0);
	fuse_reply_attr(req, st, timeout);
}

void reply_statx(fuse_req_t req, struct statx *stx, double timeout)
{
	trace_result(0);
	fuse3_reply_statx(req, stx, timeout);
}

bool reply_entry(fuse_req_t req, const struct fuse_entry_param *entry)
{
	trace_result(0);
	return fuse_reply_entry(req, entry) == 0;
}

bool reply_open(fuse_req_t req, const struct fuse_file_info *fi)
{
	trace_result(0);
	return fuse_reply_open(req, fi) == 0;
}

bool reply_create(
	fuse_req_t req, const struct fuse_entry_param *entry, const struct fuse_file_info *fi)
{
	trace_result(0);
	return fuse_reply_create(req, entry, fi) == 0;
}

void reply_target(fuse_req_t req, const char *target)
{
	trace_result(0);
	fuse_reply_readlink(req, target);
}

void reply_data(fuse_req_t req, const void *buf, ssize_t r)
{
	trace_result(r);
	if (r < 0)
		reply_result(req, (int)r);
	else
		fuse_reply_buf(req, buf, (size_t)r);
}

void reply_offset(fuse_req_t req, off_t r)
{
	trace_result(r);
	if (r < 0)
		reply_result(req, (int)r);
	else
		fuse_reply_lseek(req, r);
}

void reply_xattr_length(fuse_req_t req, ssize_t r)
{
	trace_result(r);
	if (r < 0)
		reply_result(req, (int)r);
	else
		fuse_reply_xattr(req, (size_t)r);
}

void reply_statfs(fuse_req_t req, const struct statvfs *st)
{
	trace_result(0);
	fuse_reply_statfs(req, st);
}

void reply_ioctl(fuse_req_t req, const void *buf, size_t size)
{
	trace_result(0);
	fuse_reply_ioctl(req, 0, buf, size);
}

void reply_none(fuse_req_t req)
{
	trace_result(0);
	fuse_reply_none(req);
}

/* SPDX-License-Identifier: MIT */
#include "ops.h"
#include "request/reply.h"
#include "status.h"

#include <errno.h>

/* Any directory, because any of them may be a mount point of its own (mount --bind). */
void op_ioctl(fuse_req_t req, fuse_ino_t ino, unsigned cmd, void *arg, struct fuse_file_info *fi,
	unsigned flags, const void *in, size_t in_size, size_t out_size)
{
	struct status status;

	(void)ino;
	(void)arg;
	(void)fi;
	(void)in;
	(void)in_size;
	if (cmd != STATUS_ASK || !(flags & FUSE_IOCTL_DIR) || out_size < sizeof(status)) {
		reply_result(req, -ENOTTY);
		return;
	}
	status_describe(fs_of(req), &status);
	reply_ioctl(req, &status, sizeof(status));
}

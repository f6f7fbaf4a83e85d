/* SPDX-License-Identifier: MIT */
/* One mount: what every operation can reach. */
#ifndef SHMFS_FS_H
#define SHMFS_FS_H

#include "passthrough.h"

struct loop;
struct nodes;

struct fs {
	struct passthrough passthrough;
	struct nodes *nodes;
	struct loop *loop;
};

static inline struct fs *fs_of(fuse_req_t req)
{
	return fuse_req_userdata(req);
}

#endif

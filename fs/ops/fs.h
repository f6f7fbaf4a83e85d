/* SPDX-License-Identifier: MIT */
/* One mount: the state that all operations share. */
#ifndef SHMFS_FS_H
#define SHMFS_FS_H

#include "cgroup.h"
#include "node/freeing.h"
#include "node/hold.h"
#include "node/passthrough.h"

#include <sys/types.h>

struct journal;
struct loop;
struct nodes;
struct opened;

struct fs {
	struct passthrough passthrough;
	pid_t daemon;            /* the process that the mount belongs to */
	unsigned restarts;       /* how many workers served the mount before this one */
	int root;                /* the directory of all objects */
	bool noatime;            /* reading leaves atime alone */
	bool reserve;            /* growing allocates, see reserve.h */
	bool noxattr;            /* no extended attributes */
	bool acl;                /* the kernel judges by ACLs at the mount, too */
	bool keeps_directories;  /* an open directory has a descriptor here, see dir.c */
	double entry_timeout;    /* seconds; 0: each call asks again */
	double attr_timeout;     /* seconds; 0: as entry.h has it */
	double negative_timeout; /* seconds; names that do not exist */
	unsigned max_read;       /* bytes of one request; 0: no limit */
	struct nodes *nodes;
	struct opened *opened;
	struct fuse_session *session;
	struct journal *journal;
	struct loop *loop;
	struct shmfs_cgroups cgroups; /* of the callers, see charge.h */
	bool has_memory_limit;        /* of a cgroup of its own */
	struct freeing freeing;
	struct hold hold;
};

static inline struct fs *fs_of(fuse_req_t req)
{
	return fuse_req_userdata(req);
}

#endif

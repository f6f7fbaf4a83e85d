/* SPDX-License-Identifier: MIT */
#include "directory.h"
#include "node.h"
#include "ops.h"
#include "reply.h"

static int lookup(struct fs *fs, struct caller *caller, fuse_ino_t parent, const char *component,
	struct shmfs_name *ret_name, struct stat *ret_st)
{
	struct directory dir;
	int r;

	r = directory_get(fs, parent, &dir);
	if (r == 0)
		r = directory_may(&dir, caller, SHMFS_MAY_EXEC);
	if (r == 0)
		r = directory_find(&dir, component, ret_name, ret_st);
	return r;
}

void op_lookup(fuse_req_t req, fuse_ino_t parent, const char *component)
{
	struct fs *fs = fs_of(req);
	SHARES_NAMES(fs);
	CALLER(caller, req);
	struct shmfs_name name;
	struct stat st;
	int r;

	r = lookup(fs, &caller, parent, component, &name, &st);
	if (r == 0)
		r = reply_entry(req, &name, &st);
	if (r < 0)
		reply_result(req, r);
}

void op_forget(fuse_req_t req, fuse_ino_t ino, uint64_t count)
{
	node_put(fs_of(req)->nodes, ino, count);
	fuse_reply_none(req);
}

void op_forget_multi(fuse_req_t req, size_t count, struct fuse_forget_data *forgets)
{
	for (size_t i = 0; i < count; i++)
		node_put(fs_of(req)->nodes, forgets[i].ino, forgets[i].nlookup);
	fuse_reply_none(req);
}

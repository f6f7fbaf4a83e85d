/* SPDX-License-Identifier: MIT */
#include "entry.h"
#include "ops.h"
#include "reply.h"

#include <errno.h>

void op_lookup(fuse_req_t req, fuse_ino_t parent, const char *name)
{
	struct fs *fs = fs_of(req);
	NODE_FD(dir);
	struct stat st;
	int r;

	r = entry_pin_directory(fs, parent, &dir);
	if (r == 0)
		r = entry_look_up(fs, parent, dir.fd, name, &st);
	if (r == 0)
		entry_reply(req, &st);
	else if (r == -ENOENT)
		entry_reply_none(req);
	else
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

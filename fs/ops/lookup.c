/* SPDX-License-Identifier: MIT */
#include "entry.h"
#include "ops.h"
#include "request/reply.h"
#include "run_as_caller.h"

#include <errno.h>

struct lookup {
	struct fs *fs;
	uint64_t parent;
	int dir;
	const char *name;
	struct stat st;
};

static int look_up(void *arg)
{
	struct lookup *lookup = arg;

	return entry_look_up(lookup->fs, lookup->parent, lookup->dir, lookup->name, &lookup->st);
}

/* The kernel has asked the mode of the directory whether the caller may search it. */
static int look_up_for(fuse_req_t req, struct lookup *lookup)
{
	CALLER(caller, req);

	if (!caller_heed_acl(lookup->fs, &caller, lookup->dir))
		return look_up(lookup);
	return run_as_caller(lookup->fs, &caller, look_up, lookup);
}

void op_lookup(fuse_req_t req, fuse_ino_t parent, const char *name)
{
	struct fs *fs = fs_of(req);
	struct lookup lookup = {.fs = fs, .parent = parent, .name = name};
	NODE_FD(dir);
	int r;

	r = entry_pin_directory(fs, parent, &dir);
	lookup.dir = dir.fd;
	if (r == 0)
		r = look_up_for(req, &lookup);
	if (r == 0)
		entry_reply(req, &lookup.st);
	else if (r == -ENOENT)
		entry_reply_none(req);
	else
		reply_result(req, r);
}

void op_forget(fuse_req_t req, fuse_ino_t ino, uint64_t count)
{
	node_put(fs_of(req)->nodes, ino, count);
	reply_none(req);
}

void op_forget_multi(fuse_req_t req, size_t count, struct fuse_forget_data *forgets)
{
	for (size_t i = 0; i < count; i++)
		node_put(fs_of(req)->nodes, forgets[i].ino, forgets[i].nlookup);
	reply_none(req);
}

/* SPDX-License-Identifier: MIT */
#include "directory.h"
#include "loop.h"
#include "node.h"
#include "object.h"
#include "ops.h"
#include "reply.h"

#include <errno.h>

/* How often a name is looked at again that others replace all the time. */
#define TRIES 10

/* Somebody replaces names outside, see recent.h: what the kernel is told of is held. 0 or -errno.
 */
static int hold(struct fs *fs, const struct directory *dir, const char *component,
	struct shmfs_name *name, struct stat *st)
{
	int r = 0;

	for (int i = 0; r == 0 && i < TRIES && (S_ISREG(st->st_mode) || S_ISDIR(st->st_mode));
		i++) {
		const int fd = shmfs_object_pin(name, st->st_ino, st);

		if (fd >= 0) {
			if (node_hold_lookup(fs->nodes, st->st_ino, fd, st->st_mode & S_IFMT))
				loop_tick(fs->loop);
			return 0;
		}
		if (fd != -ESTALE && fd != -ENOENT)
			return 0; /* no descriptor: it is not held */
		r = directory_find(dir, component, name, st);
	}
	return r;
}

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
	if (r == 0 && nodes_hold_lookups(fs->nodes))
		r = hold(fs, &dir, component, ret_name, ret_st);
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

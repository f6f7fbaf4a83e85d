/* SPDX-License-Identifier: MIT */
#include "entry.h"
#include "object.h"
#include "ops.h"
#include "request/journal.h"
#include "request/reply.h"
#include "run_as_caller.h"

#include <errno.h>
#include <stdio.h>

struct renaming {
	int from_dir, to_dir;
	const char *from, *to;
	unsigned flags; /* of renameat2(2) */
};

static int rename_entry(void *arg)
{
	const struct renaming *r = arg;

	return renameat2(r->from_dir, r->from, r->to_dir, r->to, r->flags) < 0 ? -errno : 0;
}

/* *ret_from, *ret_to: the inodes that had the names before; 0: the name was free. */
static int rename_as_caller(struct fs *fs, struct caller *caller, struct renaming *renaming,
	uint64_t *ret_from, uint64_t *ret_to)
{
	struct stat from, to = {0};
	int held = -1, r;

	r = shmfs_object_stat(renaming->from_dir, renaming->from, &from);
	if (r < 0)
		return r;
	if (shmfs_object_stat(renaming->to_dir, renaming->to, &to) < 0)
		to.st_ino = 0;
	else if (!(renaming->flags & RENAME_EXCHANGE))
		held = freeing_hold(renaming->to_dir, renaming->to, &to);
	journal_note_renaming(from.st_ino, to.st_ino, renaming->flags);
	*ret_from = from.st_ino;
	*ret_to = to.st_ino;
	r = run_as_caller(fs, caller, rename_entry, renaming);
	freeing_let_go(&fs->freeing, held, caller->uid);
	return r;
}

void op_rename(fuse_req_t req, fuse_ino_t parent, const char *name, fuse_ino_t new_parent,
	const char *new_name, unsigned flags)
{
	struct fs *fs = fs_of(req);
	struct renaming renaming = {.from = name, .to = new_name, .flags = flags};
	uint64_t from = 0, to = 0;
	CALLER(caller, req);
	NODE_FD(from_dir);
	NODE_FD(to_dir);
	int r;

	r = caller_pin_directory(fs, &caller, parent, &from_dir);
	if (r == 0 && new_parent != parent)
		r = caller_pin_directory(fs, &caller, new_parent, &to_dir);
	renaming.from_dir = from_dir.fd;
	renaming.to_dir = new_parent == parent ? from_dir.fd : to_dir.fd;
	if (r == 0 && !journal_was_renamed(renaming.from_dir, name, renaming.to_dir, new_name))
		r = rename_as_caller(fs, &caller, &renaming, &from, &to);
	if (r == 0 && from != 0)
		node_rename(fs->nodes, from, new_parent, new_name);
	if (r == 0 && to != 0 && (flags & RENAME_EXCHANGE))
		node_rename(fs->nodes, to, parent, name);
	reply_result(req, r);
}

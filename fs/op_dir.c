/* SPDX-License-Identifier: MIT */
/*
 * An open directory is nothing here: a listing goes on from the position that the kernel tells, in
 * this daemon or in another.
 */
#include "directory.h"
#include "index.h"
#include "node.h"
#include "ops.h"
#include "reply.h"
#include "scratch.h"

#include <errno.h>

/* Positions behind the dots; those of the index are higher. */
#define BEHIND_DOT 1
#define BEHIND_DOTS 2

/* So many entries are asked of the index at a time. */
#define BATCH 64

void op_opendir(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
	struct fs *fs = fs_of(req);
	SHARES_NAMES(fs);
	CALLER(caller, req);
	struct directory dir;
	int r;

	r = directory_get_even_removed(fs, ino, &dir);
	if (r == 0)
		r = directory_may(&dir, &caller, SHMFS_MAY_READ);
	if (r < 0)
		reply_result(req, r);
	else
		reply_opendir(req, fi);
}

void op_releasedir(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
	(void)ino;
	(void)fi;
	reply_result(req, 0);
}

/* A reply that is being filled with entries. */
struct listing {
	fuse_req_t req;
	fuse_ino_t ino;
	struct directory dir;
	bool plus; /* with attributes */
	char *buf;
	size_t size, used;
};

/*
 * False: there is no room for it. Without a nodeid it is a name and nothing else for the kernel,
 * with one it is a lookup, which is taken back where there is no room.
 */
static bool put(
	struct listing *listing, const char *name, const struct fuse_entry_param *entry, off_t next)
{
	const size_t room = listing->size - listing->used;
	char *at = listing->buf + listing->used;
	const size_t len =
		listing->plus ? fuse_add_direntry_plus(listing->req, at, room, name, entry, next)
			      : fuse_add_direntry(listing->req, at, room, name, &entry->attr, next);

	if (len <= room)
		listing->used += len;
	else if (entry->ino != 0)
		node_put(fs_of(listing->req)->nodes, entry->ino, 1);
	return len <= room;
}

static bool put_dots(struct listing *listing, off_t from)
{
	struct fuse_entry_param entry = {.attr = {.st_ino = listing->ino, .st_mode = S_IFDIR}};

	if (from < BEHIND_DOT && !put(listing, ".", &entry, BEHIND_DOT))
		return false;
	if (from >= BEHIND_DOTS)
		return true;
	entry.attr.st_ino = directory_parent(&listing->dir.marker);
	return put(listing, "..", &entry, BEHIND_DOTS);
}

static bool look_up(struct listing *listing, const char *component, struct stat *ret_st)
{
	struct fs *fs = fs_of(listing->req);
	struct shmfs_name name;

	if (directory_find(&listing->dir, component, &name, ret_st) < 0 ||
		S_ISFIFO(ret_st->st_mode) || S_ISSOCK(ret_st->st_mode))
		return false; /* these depend on who asks: see reply_entry() */
	if (S_ISDIR(ret_st->st_mode))
		directory_complete(fs, &name, ret_st);
	return node_get(fs->nodes, ret_st->st_ino, &name) == 0;
}

static bool put_item(struct listing *listing, const struct shmfs_tree_item *item)
{
	struct fuse_entry_param entry = {.attr = {.st_ino = item->ino, .st_mode = item->type}};
	struct stat st;

	/* It may just have been removed. */
	if (listing->plus && look_up(listing, item->component, &st))
		entry = reply_entry_param(&st);
	return put(listing, item->component, &entry, (off_t)item->next);
}

static int put_items(struct listing *listing, off_t from)
{
	struct shmfs_index *index = fs_of(listing->req)->index;
	const char *prefix = directory_prefix(&listing->dir);
	uint64_t at = from <= BEHIND_DOTS ? 0 : (uint64_t)from;
	struct shmfs_tree_item items[BATCH];
	ssize_t n;

	do {
		n = shmfs_index_list(index, prefix, at, items, BATCH);
		for (ssize_t i = 0; i < n; i++) {
			if (!put_item(listing, &items[i]))
				return 0;
			at = items[i].next;
		}
	} while (n > 0);
	/* What has been put stays: the kernel has it looked up. The next question fails then. */
	return listing->used == 0 ? (int)n : 0;
}

static void list(fuse_req_t req, fuse_ino_t ino, size_t size, off_t from, bool plus)
{
	struct fs *fs = fs_of(req);
	struct listing listing = {
		.req = req, .ino = ino, .plus = plus, .buf = scratch_get(size), .size = size};
	SHARES_NAMES(fs);
	int r;

	r = listing.buf ? directory_get(fs, ino, &listing.dir) : -ENOMEM;
	if (r == 0 && from == 0 && !fs->noatime)
		directory_accessed(&listing.dir);
	if (r == 0 && put_dots(&listing, from))
		r = put_items(&listing, from);
	reply_data(req, listing.buf, r < 0 ? r : (ssize_t)listing.used);
}

void op_readdir(fuse_req_t req, fuse_ino_t ino, size_t size, off_t from, struct fuse_file_info *fi)
{
	(void)fi;
	list(req, ino, size, from, false);
}

void op_readdirplus(
	fuse_req_t req, fuse_ino_t ino, size_t size, off_t from, struct fuse_file_info *fi)
{
	(void)fi;
	list(req, ino, size, from, true);
}

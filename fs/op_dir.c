/* SPDX-License-Identifier: MIT */
#include "directory.h"
#include "loop.h"
#include "object.h"
#include "ops.h"
#include "pin.h"
#include "reply.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

void op_opendir(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
	CALLER(caller, req);
	int r;

	r = directory_may(ino, &caller, SHMFS_MAY_READ);
	if (r == 0)
		r = shmfs_object_open_dir();
	if (r < 0)
		reply_result(req, r);
	else
		reply_opendir(req, r, fi);
}

void op_releasedir(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
	(void)ino;
	close((int)fi->fh);
	reply_result(req, 0);
}

/* A reply that is being filled with entries. */
struct listing {
	fuse_req_t req;
	char *buf;
	size_t size, used;
};

static bool is_dot(const char *name)
{
	return strcmp(name, ".") == 0 || strcmp(name, "..") == 0;
}

static bool put_entry(void *arg, const char *name, uint64_t ino, off_t next)
{
	struct listing *listing = arg;
	const size_t room = listing->size - listing->used;
	const struct stat st = {
		.st_ino = is_dot(name) ? FUSE_ROOT_ID : ino,
		.st_mode = is_dot(name) ? S_IFDIR : S_IFREG,
	};
	const size_t len = fuse_add_direntry(
		listing->req, listing->buf + listing->used, room, name, &st, next);

	if (len > room)
		return false;
	listing->used += len;
	return true;
}

/* What the kernel takes from a listing with attributes is a lookup of each object. */
static bool look_up(struct nodes *nodes, const char *component, struct stat *ret_st)
{
	struct shmfs_name name;

	return shmfs_name_encode(&name, SHMFS_NAME_ROOT, component) == 0 &&
	       shmfs_object_stat(&name, ret_st) == 0 && node_get(nodes, ret_st->st_ino, &name) == 0;
}

static bool put_entry_plus(void *arg, const char *name, uint64_t ino, off_t next)
{
	struct listing *listing = arg;
	struct nodes *nodes = fs_of(listing->req)->nodes;
	const size_t room = listing->size - listing->used;
	struct fuse_entry_param entry = {.attr = {.st_ino = ino, .st_mode = S_IFREG}};
	struct stat st;
	size_t len;

	/* Without a nodeid it is a name and nothing else: the dots, and what was just removed. */
	if (is_dot(name))
		entry.attr = (struct stat){.st_ino = FUSE_ROOT_ID, .st_mode = S_IFDIR};
	else if (look_up(nodes, name, &st))
		entry = reply_entry_param(&st);
	len = fuse_add_direntry_plus(
		listing->req, listing->buf + listing->used, room, name, &entry, next);
	if (len > room) {
		if (entry.ino != 0)
			node_put(nodes, entry.ino, 1);
		return false;
	}
	listing->used += len;
	return true;
}

/*
 * Sizes of an entry in a reply, in bytes: fuse_dirent adds up to 8 to what getdents64(2) gives,
 * and attributes 128 more. A batch that is sure to fit into the reply is never given back.
 */
#define ENTRY_GROWTH 8
#define ATTR_GROWTH 128

static void list(fuse_req_t req, size_t size, off_t from, const struct fuse_file_info *fi,
	shmfs_object_visit_fn *put, size_t growth)
{
	struct listing listing = {.req = req, .buf = loop_scratch(size), .size = size};
	size_t batch = size * SHMFS_OBJECT_BATCH_MIN / (SHMFS_OBJECT_BATCH_MIN + growth);
	int r;

	if (!listing.buf) {
		reply_result(req, -ENOMEM);
		return;
	}
	loop_expect_copy(fs_of(req)->loop);
	if (batch < SHMFS_OBJECT_BATCH_MAX)
		batch = SHMFS_OBJECT_BATCH_MAX;
	r = shmfs_object_list((int)fi->fh, from, batch, put, &listing);
	reply_data(req, listing.buf, r < 0 ? r : (ssize_t)listing.used);
}

void op_readdir(fuse_req_t req, fuse_ino_t ino, size_t size, off_t from, struct fuse_file_info *fi)
{
	(void)ino;
	list(req, size, from, fi, put_entry, ENTRY_GROWTH);
}

void op_readdirplus(
	fuse_req_t req, fuse_ino_t ino, size_t size, off_t from, struct fuse_file_info *fi)
{
	(void)ino;
	list(req, size, from, fi, put_entry_plus, ENTRY_GROWTH + ATTR_GROWTH);
}

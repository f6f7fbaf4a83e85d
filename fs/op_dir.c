/* SPDX-License-Identifier: MIT */
#include "directory.h"
#include "loop.h"
#include "object.h"
#include "ops.h"
#include "pin.h"
#include "reply.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
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

/* What is left of an object when its last name goes: a file descriptor, or -1 if more names stay.
 */
static int hold_last_name(const struct shmfs_name *name, const struct stat *st)
{
	struct stat held;

	return st->st_nlink == 1 ? shmfs_object_pin(name, st->st_ino, &held) : -1;
}

/* Its name is gone: descriptors that clients have go on working. */
static void let_go(struct nodes *nodes, uint64_t ino, int held, int result)
{
	if (held < 0)
		return;
	if (result == 0)
		node_keep(nodes, ino, held);
	else
		close(held);
}

static int unlink_object(struct nodes *nodes, struct caller *caller, fuse_ino_t parent,
	const struct shmfs_name *name)
{
	struct stat st;
	int r, held;

	r = shmfs_object_stat(name, &st);
	if (r == 0)
		r = directory_may_remove(parent, caller, &st);
	if (r < 0)
		return r;
	held = hold_last_name(name, &st);
	r = caller_enter(caller);
	if (r == 0)
		r = shmfs_object_unlink(name);
	caller_leave();
	let_go(nodes, st.st_ino, held, r);
	return r;
}

void op_unlink(fuse_req_t req, fuse_ino_t parent, const char *component)
{
	CALLER(caller, req);
	struct shmfs_name name;
	int r;

	r = directory_entry(parent, component, &name);
	if (r == 0)
		r = unlink_object(fs_of(req)->nodes, &caller, parent, &name);
	reply_result(req, r);
}

/* Two entries that change places, or one that takes the place of the other. */
struct move {
	fuse_ino_t from_dir, to_dir;
	struct shmfs_name from, to;
	struct stat object;   /* at `from` */
	struct stat replaced; /* at `to`; st_nlink is 0 if nothing is there */
	unsigned flags;
};

/* Only objects take part: what else lies under a name is not to be seen, and not to be touched. */
static int examine(struct move *move)
{
	struct stat st;
	int r;

	r = shmfs_object_stat(&move->from, &move->object);
	if (r < 0)
		return r;
	r = shmfs_object_stat(&move->to, &st);
	if (r == 0) {
		if (move->flags & RENAME_NOREPLACE)
			return -EEXIST;
		move->replaced = st;
		return 0;
	}
	if (r != -ENOENT || (move->flags & RENAME_EXCHANGE))
		return r;
	/* Not an object, or nothing: the kernel tells these apart. */
	move->flags |= RENAME_NOREPLACE;
	return 0;
}

static int may_move(const struct move *move, struct caller *caller)
{
	int r;

	if (move->replaced.st_ino == move->object.st_ino && move->replaced.st_nlink > 0)
		return 0; /* two names of one object: nothing is done, and nobody is asked */
	r = directory_may_remove(move->from_dir, caller, &move->object);
	if (r < 0)
		return r;
	return move->replaced.st_nlink > 0
		       ? directory_may_remove(move->to_dir, caller, &move->replaced)
		       : directory_may_add(move->to_dir, caller);
}

static int carry_out(struct nodes *nodes, const struct move *move, const struct caller *caller)
{
	const bool replaces = move->replaced.st_nlink > 0 && !(move->flags & RENAME_EXCHANGE);
	const int held = replaces ? hold_last_name(&move->to, &move->replaced) : -1;
	int r;

	r = caller_enter(caller);
	if (r == 0)
		r = shmfs_object_rename(&move->from, &move->to, move->flags);
	caller_leave();
	let_go(nodes, move->replaced.st_ino, held, r);
	if (r < 0)
		return r;
	node_rename(nodes, move->object.st_ino, &move->to);
	if (move->flags & RENAME_EXCHANGE)
		node_rename(nodes, move->replaced.st_ino, &move->from);
	return 0;
}

static int rename_object(
	struct nodes *nodes, struct caller *caller, struct move *move, const char *new_component)
{
	int r;

	r = examine(move);
	/* An exchange makes no new name. */
	if (r == 0 && !(move->flags & RENAME_EXCHANGE) && !shmfs_name_is_creatable(new_component))
		r = -EINVAL;
	if (r == 0)
		r = may_move(move, caller);
	return r < 0 ? r : carry_out(nodes, move, caller);
}

/* RENAME_WHITEOUT would leave a device node behind. */
void op_rename(fuse_req_t req, fuse_ino_t parent, const char *component, fuse_ino_t new_parent,
	const char *new_component, unsigned flags)
{
	CALLER(caller, req);
	struct move move = {.from_dir = parent, .to_dir = new_parent, .flags = flags};
	int r;

	r = flags & ~(unsigned)(RENAME_NOREPLACE | RENAME_EXCHANGE) ? -EINVAL : 0;
	if (r == 0)
		r = directory_entry(parent, component, &move.from);
	if (r == 0)
		r = directory_entry(new_parent, new_component, &move.to);
	if (r == 0)
		r = rename_object(fs_of(req)->nodes, &caller, &move, new_component);
	reply_result(req, r);
}

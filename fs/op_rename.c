/* SPDX-License-Identifier: MIT */
#include "directory.h"
#include "loop.h"
#include "object.h"
#include "ops.h"
#include "pin.h"
#include "reply.h"

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

/* The object of a name that may be its last, to see what became of it; -1 if more names stay. */
static int hold_last_name(const struct shmfs_name *name, const struct stat *st)
{
	struct stat held;

	return st->st_nlink == 1 ? shmfs_object_pin(name, st->st_ino, &held) : -1;
}

/*
 * The name is gone, or not. Takes what hold_last_name() gave, and holds it for who may just be
 * opening it, see gone.h, but only up to these sizes, in blocks: whoever removes much memory wants
 * to have it. An open that comes too late for what was unlinked finds no name when it tries again;
 * of what is replaced again and again it may find one that is gone once more (ESTALE).
 */
#define UNLINKED_HOLD_MAX ((blkcnt_t)1024 * 1024 / 512)
#define REPLACED_HOLD_MAX ((blkcnt_t)16 * 1024 * 1024 / 512)

static void let_go(struct fs *fs, int held, blkcnt_t max)
{
	struct stat st;

	if (held < 0)
		return;
	if (fstat(held, &st) < 0 || st.st_nlink > 0) {
		close(held);
		return;
	}
	if (st.st_blocks > max) {
		loop_expect_long(fs->loop);
		close(held);
		held = -1;
	}
	if (node_set_gone(fs->nodes, st.st_ino, held, &st))
		loop_tick(fs->loop);
}

static int unlink_object(
	struct fs *fs, struct caller *caller, fuse_ino_t parent, const struct shmfs_name *name)
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
	let_go(fs, held, UNLINKED_HOLD_MAX);
	return r;
}

void op_unlink(fuse_req_t req, fuse_ino_t parent, const char *component)
{
	CALLER(caller, req);
	struct shmfs_name name;
	int r;

	r = directory_entry(parent, component, &name);
	if (r == 0)
		r = unlink_object(fs_of(req), &caller, parent, &name);
	reply_result(req, r);
}

/* Two entries that change places, or one that takes the place of the other. */
struct move {
	fuse_ino_t from_dir, to_dir;
	struct shmfs_name from, to;
	struct stat object;    /* at `from` */
	struct stat replaced;  /* at `to`; st_nlink is 0 if nothing is there */
	unsigned flags;        /* that the caller gave */
	unsigned kernel_flags; /* for the kernel */
};

/*
 * Only objects take part: what else lies under a name is not to be seen, and not to be touched.
 * A name that is free must stay free until the move, or turn out to be an object: so the kernel is
 * told not to replace anything.
 */
static int examine(struct move *move)
{
	struct stat st;
	int r;

	move->replaced = (struct stat){0};
	move->kernel_flags = move->flags;
	r = shmfs_object_stat(&move->from, &move->object);
	if (r < 0)
		return r;
	r = shmfs_object_stat(&move->to, &st);
	if (r == 0 && (move->flags & RENAME_NOREPLACE))
		return -EEXIST;
	if (r == 0) {
		move->replaced = st;
		return 0;
	}
	if (r != -ENOENT || (move->flags & RENAME_EXCHANGE))
		return r;
	move->kernel_flags |= RENAME_NOREPLACE;
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

static int carry_out(struct fs *fs, const struct move *move, const struct caller *caller)
{
	const bool replaces = move->replaced.st_nlink > 0 && !(move->flags & RENAME_EXCHANGE);
	const int held = replaces ? hold_last_name(&move->to, &move->replaced) : -1;
	int r;

	r = caller_enter(caller);
	if (r == 0)
		r = shmfs_object_rename(&move->from, &move->to, move->kernel_flags);
	caller_leave();
	let_go(fs, held, REPLACED_HOLD_MAX);
	if (r < 0)
		return r;
	node_rename(fs->nodes, move->object.st_ino, &move->to);
	if (move->flags & RENAME_EXCHANGE)
		node_rename(fs->nodes, move->replaced.st_ino, &move->from);
	return 0;
}

static int try_move(struct fs *fs, struct caller *caller, struct move *move)
{
	int r;

	r = examine(move);
	if (r == 0)
		r = may_move(move, caller);
	return r < 0 ? r : carry_out(fs, move, caller);
}

/* How often a name is tried again that others give to an object and take away all the time. */
#define TRIES 100

static int rename_object(
	struct fs *fs, struct caller *caller, struct move *move, const char *new_component)
{
	int r = -EEXIST;

	/* An exchange makes no new name. */
	if (!(move->flags & RENAME_EXCHANGE) && !shmfs_name_is_creatable(new_component))
		return -EINVAL;
	for (int i = 0; r == -EEXIST && i < TRIES; i++) {
		r = try_move(fs, caller, move);
		if (move->flags & RENAME_NOREPLACE)
			break;
	}
	return r;
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
		r = rename_object(fs_of(req), &caller, &move, new_component);
	reply_result(req, r);
}

/* SPDX-License-Identifier: MIT */
#include "directory.h"
#include "journal.h"
#include "last_name.h"
#include "move.h"
#include "node.h"
#include "object.h"
#include "ops.h"
#include "reply.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* Two entries that change places, or one that takes the place of the other. */
struct rename {
	struct directory from_dir, to_dir;
	const char *component, *new_component;
	struct move move;
	struct stat object;   /* at `from` */
	struct stat replaced; /* at `to`; st_nlink is 0 if nothing is there */
	unsigned flags;       /* that the caller gave */
	bool alone;           /* nobody else goes by names */
	int held;             /* of what was replaced: for last_name_release() */
};

static bool has_directory(const struct rename *rename)
{
	return S_ISDIR(rename->object.st_mode) || S_ISDIR(rename->replaced.st_mode);
}

static bool is_below(const struct shmfs_name *name, const struct shmfs_name *marker)
{
	return strncmp(name->text, marker->text, strlen(marker->text)) == 0;
}

/* May the one take the place of the other? */
static int check_kinds(const struct rename *rename)
{
	const bool dir = S_ISDIR(rename->object.st_mode);

	if (dir && is_below(&rename->move.new_to, &rename->move.from))
		return rename->object.st_ino == rename->replaced.st_ino ? 0 : -EINVAL;
	if (rename->replaced.st_nlink == 0 || (rename->flags & RENAME_EXCHANGE))
		return 0;
	if (dir == S_ISDIR(rename->replaced.st_mode))
		return 0;
	return dir ? -ENOTDIR : -EISDIR;
}

/* What is to have which name then. */
static int name_moved(struct rename *rename)
{
	struct move *move = &rename->move;
	int r;

	r = directory_new_entry(
		&rename->to_dir, rename->new_component, rename->object.st_mode, &move->new_to);
	if (r < 0 || rename->replaced.st_nlink == 0 || !(rename->flags & RENAME_EXCHANGE))
		return r;
	return directory_new_entry(
		&rename->from_dir, rename->component, rename->replaced.st_mode, &move->new_from);
}

/*
 * A name that is free must stay free until the move, or turn out to be something that is seen: so
 * the kernel is told not to replace anything.
 */
static int examine(struct rename *rename)
{
	struct move *move = &rename->move;
	int r;

	rename->replaced = (struct stat){0};
	move->kernel_flags = rename->flags;
	r = directory_find(&rename->from_dir, rename->component, &move->from, &rename->object);
	if (r < 0)
		return r;
	r = directory_find(&rename->to_dir, rename->new_component, &move->to, &rename->replaced);
	if (r == 0 && (rename->flags & RENAME_NOREPLACE))
		return -EEXIST;
	if (r < 0 && (r != -ENOENT || (rename->flags & RENAME_EXCHANGE)))
		return r;
	if (r < 0) {
		rename->replaced = (struct stat){0};
		move->kernel_flags |= RENAME_NOREPLACE;
	}
	move->ino = rename->object.st_ino;
	move->other_ino = rename->replaced.st_ino;
	r = name_moved(rename);
	return r < 0 ? r : check_kinds(rename);
}

/* Whoever moves a directory to another one changes its "..". */
static int may_change_parent(const struct rename *rename, struct caller *caller)
{
	int r = 0;

	if (rename->from_dir.st.st_ino == rename->to_dir.st.st_ino)
		return 0;
	if (S_ISDIR(rename->object.st_mode))
		r = shmfs_access_check(&rename->object, &caller->ids, SHMFS_MAY_WRITE);
	if (r == 0 && (rename->flags & RENAME_EXCHANGE) && S_ISDIR(rename->replaced.st_mode))
		r = shmfs_access_check(&rename->replaced, &caller->ids, SHMFS_MAY_WRITE);
	return r;
}

static int may_move(const struct rename *rename, struct caller *caller)
{
	int r;

	r = directory_may_remove(&rename->from_dir, caller, &rename->object);
	if (r < 0)
		return r;
	r = rename->replaced.st_nlink > 0
		    ? directory_may_remove(&rename->to_dir, caller, &rename->replaced)
		    : directory_may_add(&rename->to_dir, caller);
	return r < 0 ? r : may_change_parent(rename, caller);
}

static bool is_for_daemon(const struct rename *rename, const struct caller *caller)
{
	return has_directory(rename) ||
	       directory_is_for_daemon(&rename->from_dir, caller, &rename->object) ||
	       (rename->replaced.st_nlink > 0 &&
		       directory_is_for_daemon(&rename->to_dir, caller, &rename->replaced));
}

static int move_object(struct fs *fs, const struct rename *rename)
{
	const struct move *move = &rename->move;
	int r;

	journal_renaming(
		&move->from, move->ino, &move->new_to, move->other_ino, move->kernel_flags);
	r = shmfs_object_rename(&move->from, &move->new_to, move->kernel_flags);
	if (r < 0)
		return r;
	node_rename(fs->nodes, rename->object.st_ino, &move->new_to);
	if (rename->flags & RENAME_EXCHANGE)
		node_rename(fs->nodes, rename->replaced.st_ino, &move->new_from);
	return 0;
}

static int carry_out(struct fs *fs, struct rename *rename, struct caller *caller)
{
	const bool replaces = rename->replaced.st_nlink > 0 && !(rename->flags & RENAME_EXCHANGE);
	const bool dir = S_ISDIR(rename->replaced.st_mode);
	int r;

	if (replaces && dir) {
		r = directory_check_empty(fs, &rename->move.to);
		if (r < 0)
			return r;
	}
	if (replaces && !dir)
		rename->held = last_name_hold(&rename->move.to, &rename->replaced);
	do {
		r = is_for_daemon(rename, caller) ? 0 : caller_enter(caller);
		if (r == 0)
			r = has_directory(rename) ? move_directory(fs, &rename->move)
						  : move_object(fs, rename);
		caller_leave();
	} while (r == -EACCES && caller_ask_groups(caller));
	if (r < 0) {
		last_name_drop(&rename->held);
		return r;
	}
	if (replaces && dir)
		last_name_release_directory(fs, &rename->replaced);
	directory_changed(&rename->from_dir);
	directory_changed(&rename->to_dir);
	return 0;
}

#define TRY_ALONE 1

static int try_rename(struct fs *fs, struct caller *caller, struct rename *rename)
{
	int r;

	r = examine(rename);
	if (r < 0)
		return r;
	if (rename->replaced.st_ino == rename->object.st_ino && rename->replaced.st_nlink > 0)
		return 0; /* two names of one object: nothing is done, and nobody is asked */
	if (has_directory(rename) && !rename->alone)
		return TRY_ALONE;
	r = may_move(rename, caller);
	return r < 0 ? r : carry_out(fs, rename, caller);
}

/* How often a name is tried again that others give to an object and take away all the time. */
#define TRIES 100

static int rename_entry(struct fs *fs, struct caller *caller, fuse_ino_t parent,
	fuse_ino_t new_parent, struct rename *rename)
{
	int r;

	r = directory_get(fs, parent, &rename->from_dir);
	if (r == 0 && new_parent != parent)
		r = directory_get(fs, new_parent, &rename->to_dir);
	if (r < 0)
		return r;
	if (new_parent == parent)
		rename->to_dir = rename->from_dir;
	r = -EEXIST;
	for (int i = 0; r == -EEXIST && i < TRIES; i++) {
		r = try_rename(fs, caller, rename);
		if ((rename->flags & RENAME_NOREPLACE) || has_directory(rename))
			break;
	}
	return r;
}

/* A dead worker has done what is asked for. */
static bool was_renamed(struct fs *fs, fuse_ino_t parent, fuse_ino_t new_parent, int *ret_result)
{
	*ret_result = 0;
	if (!journal_was_moved(ret_result) && !journal_was_done())
		return false;
	directory_touch(fs, parent);
	directory_touch(fs, new_parent);
	return true;
}

/* RENAME_WHITEOUT would leave a device node behind. */
void op_rename(fuse_req_t req, fuse_ino_t parent, const char *component, fuse_ino_t new_parent,
	const char *new_component, unsigned flags)
{
	struct fs *fs = fs_of(req);
	struct rename rename = {
		.component = component, .new_component = new_component, .flags = flags, .held = -1};
	CALLER(caller, req);
	int r;

	if (was_renamed(fs, parent, new_parent, &r)) {
		reply_result(req, r);
		return;
	}
	r = -EINVAL;
	if (!(flags & ~(unsigned)(RENAME_NOREPLACE | RENAME_EXCHANGE))) {
		SHARES_NAMES(fs);
		r = rename_entry(fs, &caller, parent, new_parent, &rename);
	}
	if (r == TRY_ALONE) {
		OWNS_NAMES(fs);
		rename.alone = true;
		r = rename_entry(fs, &caller, parent, new_parent, &rename);
	}
	last_name_release(fs, rename.held, LAST_NAME_REPLACED);
	reply_result(req, r);
}

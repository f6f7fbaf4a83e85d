/* SPDX-License-Identifier: MIT */
#include "entry.h"

#include "object.h"
#include "request/journal.h"
#include "request/loop.h"
#include "request/reply.h"

#include <errno.h>
#include <unistd.h>

/* The shortest time there is: the kernel makes a tick of it. A bit more, against rounding. */
#define ONE_TICK 1.5e-9

/* Larger objects are not held: their memory is to be free when they are removed. 512-byte blocks.
 */
#define HELD_MAX ((blkcnt_t)16 * 1024 * 1024 / 512)

int entry_pin(struct fs *fs, uint64_t ino, struct node_fd *ret_fd)
{
	int r = node_pin(fs->nodes, ino, ret_fd);

	/* A handle finds a held object by itself. */
	if (r == -ESTALE && !nodes_have_handles(fs->nodes)) {
		r = hold_dup(&fs->hold, ino);
		if (r >= 0)
			*ret_fd = (struct node_fd){.fd = r, .is_own = true};
	}
	if (r == -ESTALE)
		hold_want(&fs->hold);
	return r < 0 ? r : 0;
}

int entry_pin_directory(struct fs *fs, uint64_t ino, struct node_fd *ret_fd)
{
	const int r = entry_pin(fs, ino, ret_fd);

	/* A handle is stale when the directory was removed; a name also when it was renamed. */
	return r == -ESTALE && nodes_have_handles(fs->nodes) ? -ENOENT : r;
}

static void hold_or_close(struct fs *fs, int fd, const struct stat *st)
{
	if (st->st_blocks > HELD_MAX)
		close(fd);
	else if (hold_add(&fs->hold, fd))
		loop_tick(fs->loop);
}

int entry_look_up(struct fs *fs, uint64_t parent, int dir, const char *name, struct stat *ret_st)
{
	int fd, r;

	if (!hold_is_wanted(&fs->hold))
		return node_look_up(fs->nodes, parent, dir, name, ret_st);
	fd = shmfs_object_pin(dir, name);
	if (fd < 0)
		return fd;
	r = node_introduce(fs->nodes, fd, parent, name, ret_st);
	if (r < 0)
		close(fd);
	else
		hold_or_close(fs, fd, ret_st);
	return r;
}

double entry_attr_timeout(const struct fs *fs, mode_t mode)
{
	if (fs->attr_timeout > 0)
		return fs->attr_timeout;
	return S_ISDIR(mode) ? ONE_TICK : 0;
}

static struct fuse_entry_param param_with(
	const struct fs *fs, const struct stat *st, double attr_timeout)
{
	return (struct fuse_entry_param){
		.ino = st->st_ino,
		.attr = *st,
		.attr_timeout = attr_timeout,
		.entry_timeout = fs->entry_timeout,
	};
}

static double lookup_attr_timeout(struct fs *fs, const struct stat *st)
{
	const double timeout = entry_attr_timeout(fs, st->st_mode);

	/* With an entry timeout the next call skips the lookup: it would use these attributes. */
	if (timeout > 0 || fs->entry_timeout > 0)
		return timeout;
	return opened_has(fs->opened, st->st_ino) ? 0 : ONE_TICK;
}

struct fuse_entry_param entry_param(struct fs *fs, const struct stat *st)
{
	return param_with(fs, st, lookup_attr_timeout(fs, st));
}

void entry_reply(fuse_req_t req, const struct stat *st)
{
	struct fs *fs = fs_of(req);
	const struct fuse_entry_param entry = entry_param(fs, st);

	if (!reply_entry(req, &entry))
		node_put(fs->nodes, entry.ino, 1);
}

void entry_reply_none(fuse_req_t req)
{
	const struct fuse_entry_param none = {.entry_timeout = fs_of(req)->negative_timeout};

	if (none.entry_timeout > 0)
		reply_entry(req, &none);
	else
		reply_result(req, -ENOENT);
}

/*
 * Without a backing id the file is opened for direct I/O: each read(2) sees the latest bytes, and
 * the kernel refuses MAP_SHARED, which could not be kept true.
 */
static void set_data_path(struct fuse_file_info *fi, int backing)
{
	fuse3_set_data_path(fi, backing);
	fi->fh = 0;
}

void entry_reply_created(
	fuse_req_t req, const struct stat *st, int backing, struct fuse_file_info *fi)
{
	struct fs *fs = fs_of(req);
	const struct fuse_entry_param entry =
		param_with(fs, st, entry_attr_timeout(fs, st->st_mode));

	set_data_path(fi, backing);
	fuse3_forget_attributes(fs->session, st->st_ino);
	journal_note_answering();
	if (!reply_create(req, &entry, fi)) {
		opened_close(fs->opened, st->st_ino);
		node_put(fs->nodes, st->st_ino, 1);
	}
}

void entry_reply_opened(fuse_req_t req, uint64_t ino, int backing, struct fuse_file_info *fi)
{
	struct fs *fs = fs_of(req);

	set_data_path(fi, backing);
	fuse3_forget_attributes(fs->session, ino);
	journal_note_answering();
	if (!reply_open(req, fi))
		opened_close(fs->opened, ino);
}

void entry_reply_attr(fuse_req_t req, const struct stat *st)
{
	reply_attr(req, st, entry_attr_timeout(fs_of(req), st->st_mode));
}

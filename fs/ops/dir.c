/* SPDX-License-Identifier: MIT */
/*
 * Where the kernel can have another process take over (Linux 6.9), the daemon keeps no state for an
 * open directory: its cookies are good for any descriptor (tmpfs, since 6.6), so each part of a
 * listing opens the directory by its node and goes on at the cookie that the kernel hands over.
 * Elsewhere an open directory keeps its descriptor, which must not go back: before Linux 6.6 a
 * cookie of tmpfs is a count of names, so after a seek names that come and go are told twice or not
 * at all.
 */
#include "entry.h"
#include "object.h"
#include "ops.h"
#include "request/reply.h"
#include "run_as_caller.h"
#include "scratch.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdalign.h>
#include <string.h>
#include <unistd.h>

static int open_directory(void *arg)
{
	const struct node_fd *node = arg;

	return shmfs_object_reopen(node->fd, O_RDONLY | O_DIRECTORY);
}

/* fh is 0, or a descriptor, which is never 0. */
void op_opendir(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
	struct fs *fs = fs_of(req);
	CALLER(caller, req);
	NODE_FD(node);
	int fd;

	fd = entry_pin(fs, ino, &node);
	if (fd == 0)
		caller_heed_acl(fs, &caller, node.fd);
	if (fd == 0)
		fd = run_as_caller(fs, &caller, open_directory, &node);
	if (fd < 0) {
		reply_result(req, fd);
		return;
	}
	fi->fh = fs->keeps_directories ? (uint64_t)fd : 0;
	fi->cache_readdir = 0;
	if (!reply_open(req, fi) || !fs->keeps_directories)
		close(fd);
}

void op_releasedir(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
	(void)ino;
	if (fi->fh != 0)
		close((int)fi->fh);
	reply_result(req, 0);
}

/* A reply that is being filled with entries. */
struct listing {
	fuse_req_t req;
	fuse_ino_t ino;
	int fd;    /* the directory, at the cookie */
	bool plus; /* with attributes */
	bool kept; /* fd is that of the open directory: all that is read from it must fit */
	char *buf;
	size_t size, used;
};

/*
 * False: there is no room for it. Without a nodeid the kernel takes it as a mere name, with
 * one as a lookup, which is taken back where there is no room.
 */
static bool put_entry(
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

static bool is_dot(const char *name)
{
	return strcmp(name, ".") == 0 || strcmp(name, "..") == 0;
}

static bool put_found(struct listing *listing, const struct dirent64 *found)
{
	struct fs *fs = fs_of(listing->req);
	struct fuse_entry_param entry = {
		.attr = {.st_ino = found->d_ino, .st_mode = (mode_t)found->d_type << 12}};
	struct stat st;

	/* It may just have been removed: then the name alone is told. */
	if (listing->plus && !is_dot(found->d_name) &&
		node_look_up(fs->nodes, listing->ino, listing->fd, found->d_name, &st) == 0)
		entry = entry_param(fs, &st);
	return put_entry(listing, found->d_name, &entry, found->d_off);
}

/*
 * How much of getdents64(2) fits for certain. A name of one character takes 24 bytes there, 32 in a
 * reply, and 160 with attributes; longer names are nearer to each other.
 */
static size_t size_that_fits(const struct listing *listing)
{
	return (listing->size - listing->used) / (listing->plus ? 160 : 32) * 24;
}

/*
 * Fills the reply. Entries that do not fit are read again for the next one. getdents64(2) fails if
 * the next name is longer than the size. 0 or -errno.
 */
static int fill_listing(struct listing *listing, char *batch, size_t batch_size)
{
	for (;;) {
		const size_t size = listing->kept ? size_that_fits(listing) : batch_size;
		const ssize_t len = getdents64(listing->fd, batch, size);

		if (len < 0)
			return listing->used > 0 ? 0 : -errno;
		if (len == 0)
			return 0;
		for (ssize_t at = 0; at < len;) {
			const struct dirent64 *found = (const void *)(batch + at);

			if (!put_found(listing, found))
				return 0;
			at += found->d_reclen;
		}
	}
}

/* O_NOATIME is for the owner and root alone. */
static int open_listed(struct fs *fs, fuse_ino_t ino)
{
	const int flags = O_RDONLY | O_DIRECTORY;
	NODE_FD(node);
	int fd;

	fd = entry_pin_directory(fs, ino, &node);
	if (fd < 0)
		return fd;
	fd = fs->noatime ? shmfs_object_reopen(node.fd, flags | O_NOATIME) : -EPERM;
	return fd == -EPERM ? shmfs_object_reopen(node.fd, flags) : fd;
}

static void list(fuse_req_t req, fuse_ino_t ino, size_t size, off_t from,
	const struct fuse_file_info *fi, bool plus)
{
	struct fs *fs = fs_of(req);
	/* The reply and, behind it and aligned, the buffer of getdents64(2). */
	const size_t batch = (size + alignof(struct dirent64) - 1) / alignof(struct dirent64) *
			     alignof(struct dirent64);
	char *buf = scratch_get(batch + size);
	struct listing listing = {.req = req,
		.ino = ino,
		.plus = plus,
		.kept = fi->fh != 0,
		.buf = buf,
		.size = size};
	int r = 0;

	listing.fd = listing.kept ? (int)fi->fh : open_listed(fs, ino);
	if (listing.fd < 0)
		r = listing.fd;
	else if (!buf)
		r = -ENOMEM;
	else if (lseek(listing.fd, from, SEEK_SET) < 0)
		r = -errno;
	if (r == 0)
		r = fill_listing(&listing, buf + batch, size);
	if (listing.fd >= 0 && !listing.kept)
		close(listing.fd);
	reply_data(req, buf, r < 0 ? r : (ssize_t)listing.used);
}

void op_readdir(fuse_req_t req, fuse_ino_t ino, size_t size, off_t from, struct fuse_file_info *fi)
{
	list(req, ino, size, from, fi, false);
}

void op_readdirplus(
	fuse_req_t req, fuse_ino_t ino, size_t size, off_t from, struct fuse_file_info *fi)
{
	list(req, ino, size, from, fi, true);
}

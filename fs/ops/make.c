/* SPDX-License-Identifier: MIT */
/* Entries that are made without being opened: directories, symbolic links, FIFOs, sockets, hard
 * links. */
#include "entry.h"
#include "object.h"
#include "ops.h"
#include "request/journal.h"
#include "request/reply.h"
#include "run_as_caller.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <unistd.h>

struct making {
	const struct caller *caller;
	int dir;
	const char *name;
	mode_t mode;        /* with the type */
	dev_t device;       /* of a device node */
	const char *target; /* of a symbolic link */
	int object;         /* of a hard link, O_PATH */
};

static int make_entry(void *arg)
{
	const struct making *making = arg;
	int r;

	caller_set_umask(making->caller);
	journal_note_making_entry(making->dir, making->name);
	if (S_ISDIR(making->mode))
		r = mkdirat(making->dir, making->name, making->mode & 07777);
	else if (S_ISLNK(making->mode))
		r = symlinkat(making->target, making->dir, making->name);
	else
		r = mknodat(making->dir, making->name, making->mode, making->device);
	if (r == 0)
		return 0;
	r = -errno;
	journal_note_not_made();
	return r;
}

static int unmake_entry(void *arg)
{
	const struct making *making = arg;
	const int flags = S_ISDIR(making->mode) ? AT_REMOVEDIR : 0;

	return unlinkat(making->dir, making->name, flags) < 0 ? -errno : 0;
}

static int make_as_caller(struct fs *fs, struct caller *caller, struct making *making)
{
	if (journal_was_made(making->dir, making->name, making->mode & S_IFMT, caller->uid))
		return 0;
	return (making->mode & S_ISGID ? run_as_member : run_as_caller)(
		fs, caller, make_entry, making);
}

static void make(fuse_req_t req, fuse_ino_t parent, struct making *making)
{
	struct fs *fs = fs_of(req);
	CALLER(caller, req);
	NODE_FD(dir);
	struct stat st;
	bool made;
	int r;

	r = caller_pin_directory(fs, &caller, parent, &dir);
	making->caller = &caller;
	making->dir = dir.fd;
	if (r == 0)
		r = make_as_caller(fs, &caller, making);
	made = r == 0;
	if (r == 0)
		r = node_look_up(fs->nodes, parent, dir.fd, making->name, &st);
	/* There is no node for it: then it is as if it had not been made. */
	if (made && r == -ENOMEM)
		run_as_caller(fs, &caller, unmake_entry, making);
	if (r < 0)
		reply_result(req, r);
	else
		entry_reply(req, &st);
}

void op_mknod(fuse_req_t req, fuse_ino_t parent, const char *name, mode_t mode, dev_t rdev)
{
	struct making making = {.name = name, .mode = mode, .device = rdev};

	make(req, parent, &making);
}

void op_mkdir(fuse_req_t req, fuse_ino_t parent, const char *name, mode_t mode)
{
	struct making making = {.name = name, .mode = S_IFDIR | (mode & 07777)};

	make(req, parent, &making);
}

void op_symlink(fuse_req_t req, const char *target, fuse_ino_t parent, const char *name)
{
	struct making making = {.name = name, .mode = S_IFLNK | 0777, .target = target};

	make(req, parent, &making);
}

static int make_link(void *arg)
{
	const struct making *making = arg;

	return shmfs_object_link(making->object, making->dir, making->name);
}

static int link_as_caller(struct fs *fs, struct caller *caller, struct making *making)
{
	struct stat st;

	if (journal_was_linked(making->dir, making->name))
		return 0;
	if (fstat(making->object, &st) < 0)
		return -errno;
	journal_note_linking(making->dir, making->name, st.st_ino);
	return run_as_caller(fs, caller, make_link, making);
}

void op_link(fuse_req_t req, fuse_ino_t ino, fuse_ino_t parent, const char *name)
{
	struct fs *fs = fs_of(req);
	struct making making = {.name = name};
	CALLER(caller, req);
	NODE_FD(object);
	NODE_FD(dir);
	struct stat st;
	bool made;
	int r;

	r = entry_pin(fs, ino, &object);
	if (r == 0)
		r = caller_pin_directory(fs, &caller, parent, &dir);
	making.object = object.fd;
	making.dir = dir.fd;
	if (r == 0)
		r = link_as_caller(fs, &caller, &making);
	made = r == 0;
	if (r == 0)
		r = node_introduce(fs->nodes, object.fd, parent, name, &st);
	if (made && r == -ENOMEM)
		run_as_caller(fs, &caller, unmake_entry, &making);
	if (r < 0)
		reply_result(req, r);
	else
		entry_reply(req, &st);
}

void op_readlink(fuse_req_t req, fuse_ino_t ino)
{
	char target[PATH_MAX + 1];
	NODE_FD(node);
	ssize_t n;

	n = entry_pin(fs_of(req), ino, &node);
	if (n == 0)
		n = shmfs_object_readlink(node.fd, target, sizeof(target) - 1);
	if (n < 0) {
		reply_result(req, (int)n);
		return;
	}
	target[n] = '\0';
	reply_target(req, target);
}

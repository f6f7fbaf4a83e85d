/* SPDX-License-Identifier: MIT */
#include "directory.h"
#include "object.h"
#include "open.h"
#include "ops.h"
#include "pin.h"
#include "reply.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

/*
 * How often a name that is taken when it is made and free when it is opened is tried again: only
 * somebody who makes and removes it all the time gets there.
 */
#define TRIES 100

static int make_once(const struct shmfs_name *name, mode_t mode)
{
	return name ? shmfs_object_create(name, mode) : shmfs_object_create_unnamed(mode);
}

/* A new object of the caller's. name may be NULL. Returns a file descriptor. */
static int make(fuse_req_t req, struct caller *caller, fuse_ino_t parent,
	const struct shmfs_name *name, mode_t mode)
{
	int fd;

	fd = directory_enter_to_add(parent, caller, mode);
	if (fd == 0)
		fd = make_once(name, mode);
	if (fd == -ENOSPC && nodes_make_room(fs_of(req)->nodes))
		fd = make_once(name, mode);
	caller_leave();
	return fd;
}

/* The kernel learns of a new object that is open as fd, which is owned in any case. */
static int introduce(
	struct nodes *nodes, int fd, const struct shmfs_name *name, struct stat *ret_st)
{
	int r;

	r = fstat(fd, ret_st) < 0 ? -errno : node_get(nodes, ret_st->st_ino, name);
	if (r < 0) {
		close(fd);
		return r;
	}
	r = node_open_fd(nodes, ret_st->st_ino, fd);
	if (r < 0)
		node_put(nodes, ret_st->st_ino, 1);
	return r;
}

/* Somebody else made it since the kernel looked. */
static int open_existing(struct nodes *nodes, struct caller *caller, const struct shmfs_name *name,
	int flags, struct stat *ret_st)
{
	int r;

	r = shmfs_object_stat(name, ret_st);
	if (r < 0)
		return r;
	r = node_get(nodes, ret_st->st_ino, name);
	if (r < 0)
		return r;
	r = open_node(nodes, caller, ret_st->st_ino, flags);
	if (r == 0) {
		r = node_stat(nodes, ret_st->st_ino, ret_st);
		if (r < 0)
			node_close(nodes, ret_st->st_ino);
	}
	if (r < 0)
		node_put(nodes, ret_st->st_ino, 1);
	return r == -ESTALE ? -ENOENT : r;
}

/*
 * O_CREAT and maybe O_EXCL. An object that exists is never opened with O_CREAT: the kernel may
 * refuse that even to root (fs.protected_regular).
 */
static int create_or_open(fuse_req_t req, struct caller *caller, fuse_ino_t parent,
	const struct shmfs_name *name, mode_t mode, int flags, struct stat *ret_st)
{
	struct nodes *nodes = fs_of(req)->nodes;
	int r = -EEXIST;

	for (int i = 0; i < TRIES; i++) {
		const int fd = make(req, caller, parent, name, mode);

		if (fd >= 0)
			return introduce(nodes, fd, name, ret_st);
		if (fd != -EEXIST || (flags & O_EXCL))
			return fd;
		r = open_existing(nodes, caller, name, flags, ret_st);
		if (r != -ENOENT)
			return r;
	}
	/* Something is there that is no object. */
	return -EEXIST;
}

void op_create(fuse_req_t req, fuse_ino_t parent, const char *component, mode_t mode,
	struct fuse_file_info *fi)
{
	CALLER(caller, req);
	struct shmfs_name name;
	struct stat st;
	int r;

	r = directory_new_entry(parent, component, &name);
	if (r == 0)
		r = directory_may_add(parent, &caller);
	if (r == 0)
		r = create_or_open(req, &caller, parent, &name, mode & 07777, fi->flags, &st);
	if (r < 0)
		reply_result(req, r);
	else
		reply_create(req, &st, fi);
}

void op_tmpfile(fuse_req_t req, fuse_ino_t parent, mode_t mode, struct fuse_file_info *fi)
{
	CALLER(caller, req);
	struct stat st;
	int r;

	r = directory_may_add(parent, &caller);
	if (r == 0)
		r = make(req, &caller, parent, NULL, mode & 07777);
	if (r >= 0)
		r = introduce(fs_of(req)->nodes, r, NULL, &st);
	if (r < 0)
		reply_result(req, r);
	else
		reply_create(req, &st, fi);
}

void op_mknod(fuse_req_t req, fuse_ino_t parent, const char *component, mode_t mode, dev_t rdev)
{
	CALLER(caller, req);
	struct shmfs_name name;
	struct stat st;
	int r, fd = -1;

	(void)rdev;
	r = S_ISREG(mode) ? directory_new_entry(parent, component, &name) : -EPERM;
	if (r == 0)
		r = directory_may_add(parent, &caller);
	if (r == 0)
		r = fd = make(req, &caller, parent, &name, mode & 07777);
	if (r >= 0)
		r = fstat(fd, &st) < 0 ? -errno : 0;
	if (fd >= 0)
		close(fd);
	if (r < 0)
		reply_result(req, r);
	else
		reply_entry(req, &name, &st);
}

/* No directories and no symbolic links: that is EPERM, see mkdir(2) and symlink(2). */
void op_mkdir(fuse_req_t req, fuse_ino_t parent, const char *component, mode_t mode)
{
	(void)parent;
	(void)component;
	(void)mode;
	reply_result(req, -EPERM);
}

void op_symlink(fuse_req_t req, const char *target, fuse_ino_t parent, const char *component)
{
	(void)target;
	(void)parent;
	(void)component;
	reply_result(req, -EPERM);
}

/* fs.protected_hardlinks of proc(5); the kernel asks it again when the link is made. */
static bool hardlinks_are_protected(void)
{
	const int fd = open("/proc/sys/fs/protected_hardlinks", O_RDONLY | O_CLOEXEC);
	char value = '1';

	if (fd >= 0) {
		if (read(fd, &value, 1) != 1)
			value = '1';
		close(fd);
	}
	return value != '0';
}

static int make_link(struct caller *caller, fuse_ino_t parent, const char *component,
	const struct pin *pin, struct shmfs_name *ret_name)
{
	int r;

	r = directory_new_entry(parent, component, ret_name);
	if (r == 0)
		r = shmfs_access_link(&pin->st, &caller->ids, hardlinks_are_protected());
	if (r == 0)
		r = directory_may_add(parent, caller);
	if (r == 0)
		r = caller_enter(caller);
	if (r == 0)
		r = shmfs_object_link(pin->fd, ret_name);
	if (r == -ENOSPC && nodes_make_room(pin->nodes))
		r = shmfs_object_link(pin->fd, ret_name);
	caller_leave();
	return r;
}

void op_link(fuse_req_t req, fuse_ino_t ino, fuse_ino_t parent, const char *component)
{
	__attribute__((cleanup(node_unpin))) struct pin pin = PIN_INIT;
	CALLER(caller, req);
	struct shmfs_name name;
	struct stat st;
	int r;

	r = node_pin(fs_of(req)->nodes, ino, &pin);
	if (r == 0)
		r = make_link(&caller, parent, component, &pin, &name);
	if (r == 0)
		r = fstat(pin.fd, &st) < 0 ? -errno : 0;
	if (r < 0)
		reply_result(req, r);
	else
		reply_entry(req, &name, &st);
}

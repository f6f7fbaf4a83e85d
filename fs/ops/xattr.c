/* SPDX-License-Identifier: MIT */
/*
 * Extended attributes and ACLs are those of the object itself, see xattr(7), acl(5). With -o
 * noxattr the first question is answered with ENOSYS, and the kernel never asks again.
 */
#include "charge.h"
#include "entry.h"
#include "object.h"
#include "ops.h"
#include "request/journal.h"
#include "request/reply.h"
#include "run_as_caller.h"
#include "scratch.h"

#include <errno.h>
#include <linux/capability.h>
#include <string.h>
#include <sys/xattr.h>

struct xattr {
	int fd;           /* O_PATH */
	const char *name; /* NULL: the list of all */
	const void *value;
	void *ret_value;
	size_t size;
	int flags; /* of setxattr(2) */
};

static int read_xattr(void *arg)
{
	const struct xattr *xattr = arg;

	if (!xattr->name)
		return (int)shmfs_object_listxattr(xattr->fd, xattr->ret_value, xattr->size);
	return (int)shmfs_object_getxattr(xattr->fd, xattr->name, xattr->ret_value, xattr->size);
}

/* A size of 0 asks for the length. */
static void get(fuse_req_t req, fuse_ino_t ino, const char *name, size_t size)
{
	struct fs *fs = fs_of(req);
	struct xattr xattr = {.name = name, .size = size};
	CALLER(caller, req);
	NODE_FD(node);
	int r;

	/* Acting as another user leaves CAP_SYS_ADMIN, which sees trusted.* in a list. */
	if (!name && caller.uid != 0)
		caller.without = UINT32_C(1) << CAP_SYS_ADMIN;
	r = entry_pin(fs, ino, &node);
	xattr.fd = node.fd;
	xattr.ret_value = size > 0 ? scratch_get(size) : NULL;
	if (r == 0 && size > 0 && !xattr.ret_value)
		r = -ENOMEM;
	if (r == 0)
		caller_heed_acl(fs, &caller, node.fd);
	if (r == 0)
		r = run_as_caller(fs, &caller, read_xattr, &xattr);
	if (size == 0)
		reply_xattr_length(req, r);
	else
		reply_data(req, xattr.ret_value, r);
}

/*
 * The kernel asks for this attribute before the first write to an object that has just been made,
 * which with passthrough no other request comes before.
 */
static void prepare_for_write(fuse_req_t req)
{
	CALLER(caller, req);

	charge_make_room(fs_of(req), &caller);
}

void op_getxattr(fuse_req_t req, fuse_ino_t ino, const char *name, size_t size)
{
	if (strcmp(name, "security.capability") == 0)
		prepare_for_write(req);
	if (fs_of(req)->noxattr)
		reply_result(req, -ENOSYS);
	else
		get(req, ino, name, size);
}

void op_listxattr(fuse_req_t req, fuse_ino_t ino, size_t size)
{
	if (!fs_of(req)->noxattr)
		get(req, ino, NULL, size);
	else if (size == 0)
		reply_xattr_length(req, 0);
	else
		reply_data(req, "", 0);
}

static bool has_xattr(const struct xattr *xattr)
{
	return shmfs_object_getxattr(xattr->fd, xattr->name, NULL, 0) >= 0;
}

static int set_xattr(void *arg)
{
	const struct xattr *xattr = arg;
	int r;

	if ((xattr->flags & XATTR_CREATE) && !has_xattr(xattr))
		journal_note_changing_xattr();
	r = shmfs_object_setxattr(xattr->fd, xattr->name, xattr->value, xattr->size, xattr->flags);
	return r == -EEXIST && journal_was_changing_xattr() ? 0 : r;
}

static int remove_xattr(void *arg)
{
	const struct xattr *xattr = arg;
	int r;

	if (has_xattr(xattr))
		journal_note_changing_xattr();
	r = shmfs_object_removexattr(xattr->fd, xattr->name);
	return r == -ENODATA && journal_was_changing_xattr() ? 0 : r;
}

/* Setting an ACL clears S_ISGID unless the caller is a member of the group. */
static void change(fuse_req_t req, fuse_ino_t ino, struct xattr *xattr, caller_act_fn *act)
{
	struct fs *fs = fs_of(req);
	CALLER(caller, req);
	NODE_FD(node);
	struct stat st;
	int r = -ENOSYS;

	if (!fs->noxattr)
		r = entry_pin(fs, ino, &node);
	xattr->fd = node.fd;
	if (r == 0)
		r = fstat(node.fd, &st) < 0 ? -errno : 0;
	if (r == 0)
		caller_heed_acl(fs, &caller, node.fd);
	if (r == 0)
		r = (st.st_mode & S_ISGID ? run_as_member : run_as_caller)(fs, &caller, act, xattr);
	reply_result(req, r);
}

void op_setxattr(
	fuse_req_t req, fuse_ino_t ino, const char *name, const char *value, size_t size, int flags)
{
	struct xattr xattr = {.name = name, .value = value, .size = size, .flags = flags};

	change(req, ino, &xattr, set_xattr);
}

void op_removexattr(fuse_req_t req, fuse_ino_t ino, const char *name)
{
	struct xattr xattr = {.name = name};

	change(req, ino, &xattr, remove_xattr);
}

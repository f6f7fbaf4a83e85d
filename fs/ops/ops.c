/* SPDX-License-Identifier: MIT */
/*
 * The table of operations. libfuse answers an operation that is left out with ENOSYS, once, and the
 * kernel never asks again:
 *
 * - access: the kernel judges at the mount (default_permissions), by attributes that it asks for.
 * - flush, fsync, fsyncdir: there is nothing to write back; close(2) and fsync(2) succeed.
 * - getlk, setlk, flock: the kernel keeps locks itself, among the users of the mount.
 */
#include "ops.h"

#include "fs.h"

/*
 * S_ISUID and S_ISGID are cleared here when an object is changed, not by the kernel beforehand;
 * O_TRUNC comes with the open; and the umask is left to tmpfs, which knows default ACLs.
 */
static void op_init(void *userdata, struct fuse_conn_info *conn)
{
	struct fs *fs = userdata;

	conn->max_write = FUSE3_MAX_WRITE;
	if (fs->max_read > 0)
		conn->max_read = fs->max_read;
	passthrough_want(&fs->passthrough, conn);
	fuse3_want(conn, FUSE_CAP_HANDLE_KILLPRIV_V2);
	fuse3_want(conn, FUSE_CAP_ATOMIC_O_TRUNC);
	fuse3_want(conn, FUSE_CAP_PARALLEL_DIROPS);
	fuse3_want(conn, FUSE_CAP_DONT_MASK);
	if (fs->acl)
		fuse3_want(conn, FUSE_CAP_POSIX_ACL);
	/* Without timeouts the kernel may use no answer of READDIRPLUS. */
	if (fs->entry_timeout <= 0)
		fuse3_unwant(conn, FUSE_CAP_READDIRPLUS | FUSE_CAP_READDIRPLUS_AUTO);
}

const struct fuse_lowlevel_ops ops = {.init = op_init,
	.lookup = op_lookup,
	.forget = op_forget,
	.forget_multi = op_forget_multi,
	.getattr = op_getattr,
	.setattr = op_setattr,
	.statfs = op_statfs,
	.create = op_create,
	.mknod = op_mknod,
	.mkdir = op_mkdir,
	.symlink = op_symlink,
	.readlink = op_readlink,
	.link = op_link,
	.opendir = op_opendir,
	.readdir = op_readdir,
	.readdirplus = op_readdirplus,
	.releasedir = op_releasedir,
	.unlink = op_unlink,
	.rmdir = op_rmdir,
	.rename = op_rename,
	.open = op_open,
	.release = op_release,
	.read = op_read,
	.write = op_write,
	.fallocate = op_fallocate,
	.lseek = op_lseek,
	.copy_file_range = op_copy_file_range,
	.ioctl = op_ioctl,
	.getxattr = op_getxattr,
	.listxattr = op_listxattr,
	.setxattr = op_setxattr,
	.removexattr = op_removexattr,
	FUSE3_TMPFILE(op_tmpfile) FUSE3_STATX(op_statx)};

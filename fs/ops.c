/* SPDX-License-Identifier: MIT */
/*
 * The table of operations. What is left out is answered with ENOSYS by libfuse, once, and the
 * kernel never asks again:
 *
 * - flush, fsync, fsyncdir: there is nothing to write back; close(2) and fsync(2) succeed.
 * - getxattr, setxattr, removexattr: EOPNOTSUPP. It saves a request before each write.
 * - getlk, setlk, flock: the kernel keeps locks itself, among the users of the mount.
 */
#include "ops.h"

#include "fs.h"

/*
 * S_ISUID and S_ISGID are cleared here when an object is changed, not by the kernel beforehand; and
 * whoever opens with O_TRUNC truncates with that one request.
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
}

const struct fuse_lowlevel_ops ops = {.init = op_init,
	.lookup = op_lookup,
	.forget = op_forget,
	.forget_multi = op_forget_multi,
	.getattr = op_getattr,
	.setattr = op_setattr,
	.access = op_access,
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
	.listxattr = op_listxattr,
	FUSE3_TMPFILE(op_tmpfile) FUSE3_STATX(op_statx)};

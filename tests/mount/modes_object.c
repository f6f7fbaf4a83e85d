/* SPDX-License-Identifier: MIT */
/* Every operation on one object of every mode. */
#include "modes_calls.h"

#include <fcntl.h>
#include <linux/falloc.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

/*
 * Two operations are tried where the kernel lets the mount be exact: - A FUSE file system is asked
 * nothing when the kernel itself refuses O_NOATIME. - chown(2) of neither owner nor group, by a
 * user that is not the owner, where the object is not open for writing: else it cannot be told from
 * the preparation of a fallocate(2).
 */
static const struct op ops[] = {
	OP_NONE(do_stat),
	OP(do_open, O_RDONLY),
	OP(do_open, O_WRONLY),
	OP(do_open, O_RDWR),
	OP(do_open, O_ACCMODE),
	OP(do_open, O_RDONLY | O_TRUNC),
	OP(do_open, O_WRONLY | O_TRUNC),
	OP(do_open, O_RDWR | O_TRUNC),
	OP(do_open, O_WRONLY | O_APPEND),
	OP(do_open, O_RDWR | O_APPEND | O_TRUNC),
	OP(do_open, O_RDONLY | O_NOFOLLOW | O_NONBLOCK),
	OP(do_open, O_RDONLY | O_NOATIME, .eperm_first = true),
	OP(do_open, O_RDWR | O_NOATIME, .eperm_first = true),
	OP(do_open, O_PATH),
	OP(do_open, O_RDONLY | O_CREAT, 0666),
	OP(do_open, O_RDWR | O_CREAT, 0666),
	OP(do_open, O_WRONLY | O_CREAT | O_TRUNC, 0666),
	OP(do_open, O_RDWR | O_CREAT | O_EXCL, 0666),
	OP(do_reopen, O_RDONLY, BY_FD(O_PATH)),
	OP(do_reopen, O_WRONLY, BY_FD(O_PATH)),
	OP(do_reopen, O_RDWR, BY_FD(O_PATH)),
	OP(do_reopen, O_RDONLY | O_TRUNC, BY_FD(O_PATH)),
	OP(do_reopen, O_RDONLY, BY_FD(O_RDONLY)),
	OP(do_reopen, O_RDWR, BY_FD(O_RDONLY)),
	OP(do_reopen, O_WRONLY | O_TRUNC, BY_FD(O_RDONLY)),
	OP(do_reopen, O_RDONLY, BY_FD(O_RDWR)),
	OP(do_reopen, O_PATH, BY_FD(O_RDWR)),
	OP(do_access, F_OK),
	OP(do_access, R_OK),
	OP(do_access, W_OK),
	OP(do_access, X_OK),
	OP(do_access, R_OK | W_OK),
	OP(do_access, R_OK | W_OK | X_OK),
	OP(do_access, F_OK, AT_EACCESS),
	OP(do_access, R_OK, AT_EACCESS),
	OP(do_access, W_OK, AT_EACCESS),
	OP(do_access, X_OK, AT_EACCESS),
	OP(do_access, R_OK | X_OK, AT_EACCESS),
	OP(do_access_fd, R_OK, BY_FD(O_PATH)),
	OP(do_access_fd, W_OK | X_OK, BY_FD(O_RDONLY)),
	OP_NONE(do_exec),
	OP(do_truncate, 0),
	OP(do_truncate, 14),
	OP(do_truncate, 100000),
	OP(do_ftruncate, 0, BY_FD(O_RDWR)),
	OP(do_ftruncate, 14, BY_FD(O_WRONLY)),
	OP(do_ftruncate, 100000, BY_FD(O_RDWR)),
	OP(do_ftruncate, 0, BY_FD(O_RDONLY)),
	OP(do_write, 1, BY_FD(O_RDWR)),
	OP(do_write, 1, BY_FD(O_WRONLY)),
	OP(do_write, 0, BY_FD(O_RDWR)),
	OP(do_write, 1, BY_FD(O_RDONLY)),
	OP(do_write, CALL_BIG, BY_FD(O_RDWR), BIG),
	OP(do_write, CALL_BIG, BY_FD(O_WRONLY), BIG),
	OP(do_write, 1, 12345, BY_FD(O_RDWR), BIG),
	OP(do_append, 1, BY_FD(O_RDWR)),
	OP(do_append, CALL_BIG, BY_FD(O_WRONLY)),
	OP(do_write, 1, BY_FD(O_WRONLY | O_APPEND)),
	OP(do_write, CALL_BIG, BY_FD(O_RDWR | O_APPEND), BIG),
	OP(do_open_and_write, 1, O_WRONLY),
	OP(do_open_and_write, CALL_BIG, O_RDWR, BIG),
	OP(do_open_and_write, 1, O_RDWR | O_APPEND),
	OP(do_read, 1, BY_FD(O_RDONLY)),
	OP(do_read, CALL_BIG, BY_FD(O_RDWR), BIG),
	OP(do_fallocate, 0, 10000, BY_FD(O_RDWR)),
	OP(do_fallocate, 0, 10, BY_FD(O_WRONLY)),
	OP(do_fallocate, FALLOC_FL_KEEP_SIZE, 100000, BY_FD(O_RDWR)),
	OP(do_fallocate, FALLOC_FL_KEEP_SIZE | FALLOC_FL_PUNCH_HOLE, 100000, BY_FD(O_RDWR), BIG),
	OP(do_fallocate, 0, 100, BY_FD(O_RDONLY)),
	OP(do_copy, 100, BY_FD(O_RDWR)),
	OP(do_copy, 200000, BY_FD(O_WRONLY), BIG),
	OP(do_sendfile, 100, BY_FD(O_RDWR)),
	OP(do_chmod, 0),
	OP(do_chmod, 0644),
	OP(do_chmod, 0777),
	OP(do_chmod, 01777),
	OP(do_chmod, 02644),
	OP(do_chmod, 02755),
	OP(do_chmod, 04711),
	OP(do_chmod, 06777),
	OP(do_chmod, 07070),
	OP(do_fchmod, 02711, BY_FD(O_RDWR)),
	OP(do_fchmod, 06644, BY_FD(O_RDONLY)),
	OP(do_fchmod, 0600, BY_FD(O_PATH)),
	OP(do_chmod_fd, 06755, BY_FD(O_PATH)),
	OP(do_chown, -1, -1),
	OP(do_chown, OWNER, -1),
	OP(do_chown, OTHER, -1),
	OP(do_chown, 0, 0),
	OP(do_chown, -1, GROUP),
	OP(do_chown, -1, OWN_GROUP),
	OP(do_chown, -1, FRIENDS),
	OP(do_chown, -1, FOREIGN),
	OP(do_chown, OWNER, GROUP),
	OP(do_chown, OWNER, FRIENDS),
	OP(do_chown, OTHER, GROUP),
	OP(do_chown, OTHER, FOREIGN),
	OP(do_fchown, -1, -1, BY_FD(O_RDONLY)),
	OP(do_fchown, -1, OWN_GROUP, BY_FD(O_RDONLY)),
	OP(do_fchown, OWNER, FOREIGN, BY_FD(O_RDWR)),
	OP_NONE(do_utimens_null),
	OP(do_utimens, UTIME_NOW, UTIME_NOW),
	OP(do_utimens, UTIME_NOW, UTIME_OMIT),
	OP(do_utimens, UTIME_OMIT, UTIME_NOW),
	OP(do_utimens, UTIME_OMIT, UTIME_OMIT),
	OP(do_utimens, 1, 1),
	OP(do_utimens, 1, UTIME_OMIT),
	OP(do_utimens, UTIME_NOW, 1),
	OP(do_futimens, UTIME_NOW, UTIME_NOW, BY_FD(O_RDONLY)),
	OP(do_futimens, 1, 1, BY_FD(O_RDWR)),
	OP_NONE(do_link),
	OP(do_link_fd, false, BY_FD(O_PATH)),
	OP(do_link_fd, false, BY_FD(O_RDWR)),
	OP(do_link_fd, true, BY_FD(O_RDWR)),
	OP_NONE(do_unlink),
	OP(do_rename, 0),
	OP(do_rename, RENAME_NOREPLACE),
};

/* The daemon of an ordinary user must be able to read a program that it lets its user execute. */
static bool can_be_served(const struct op *op, int mode, bool is_own_mount)
{
	return !is_own_mount || op->call != do_exec || (mode & 0444) == 0444;
}

static void try_op(struct batch *b, const struct op *op, struct spec owner, unsigned stride)
{
	const unsigned phase = (unsigned)(op - ops) + b->identity->who.uid;

	for (int mode = next_mode(-1, stride, phase); mode >= 0;
		mode = next_mode(mode, stride, phase))
		if (can_be_served(op, mode, b->is_own_mount))
			batch_add(b, op, (struct spec){owner.uid, owner.gid, (mode_t)mode},
				(struct spec){0, 0, ABSENT});
	batch_run(b);
}

void try_objects(struct stage *stage, const struct identity *identity, struct spec owner,
	unsigned stride, bool is_own_mount)
{
	struct batch b;

	batch_open(&b, stage, identity, is_own_mount);
	for (size_t i = 0; i < ARRAY_SIZE(ops); i++) {
		const bool opens_existing =
			ops[i].call == do_open && (ops[i].a & (O_CREAT | O_EXCL)) == O_CREAT;

		if (!opens_existing || may_create_existing())
			try_op(&b, &ops[i], owner, stride);
	}
	batch_close(&b);
}

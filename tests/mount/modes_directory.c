/* SPDX-License-Identifier: MIT */
/*
 * Every operation on the entries of a directory of every mode, for several owners of directory and
 * objects, and on the directory itself. The directory is the root of the mount.
 */
#include "modes_calls.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

/* On nothing, or on an object under the first name. */
static const struct op entry_ops[] = {
	OP_NONE(do_stat),
	OP(do_create, 0644, 0),
	OP(do_create, 0666, 022),
	OP(do_create, 0, 0),
	OP(do_create, 04755, 077),
	OP(do_create, 02755, 0),
	OP(do_create, 02644, 0),
	OP(do_create, 07777, 0),
	OP(do_create, 0777, 0777),
	OP(do_create_or_open, O_RDONLY, 0600),
	OP(do_create_or_open, O_RDWR, 02777),
	OP(do_create_or_open, O_WRONLY | O_TRUNC, 0),
	OP(do_mknod, 0644, 022),
	OP(do_mknod, 06777, 0),
	OP(do_mknod, 02644, 0),
	OP_NONE(do_unlink),
	OP(do_open, O_RDWR),
	OP(do_open, O_RDONLY | O_TRUNC),
	OP(do_truncate, 0),
	OP(do_chmod, 0600),
	OP(do_chown, -1, OWN_GROUP),
	OP(do_utimens, UTIME_NOW, UTIME_NOW),
	OP(do_access, R_OK, AT_EACCESS),
	OP(do_reopen, O_RDONLY, BY_FD(O_PATH)),
	OP(do_reopen, O_WRONLY | O_TRUNC, BY_FD(O_PATH)),
	OP(do_chmod_fd, 0600, BY_FD(O_PATH)),
	OP(do_access_fd, W_OK, BY_FD(O_PATH)),
	OP(do_write, 1, BY_FD(O_RDWR)),
	OP(do_fallocate, 0, 10000, BY_FD(O_WRONLY)),
};

/* On an object and on another name, which may be missing. */
static const struct op pair_ops[] = {
	OP_NONE(do_link),
	OP(do_link_fd, false, BY_FD(O_PATH)),
	OP(do_rename, 0),
	OP(do_rename, RENAME_NOREPLACE),
	OP(do_rename, RENAME_EXCHANGE),
};

/* On the directory only; they change nothing. */
static const struct op dir_ops[] = {
	OP(do_tmpfile, 0600, 0),
	OP(do_tmpfile, 06777, 0),
	OP(do_tmpfile, 02666, 022),
	OP(do_tmpfile_and_link, 0640, 0),
	OP(do_tmpfile_and_link, 0, 0),
	OP_NONE(do_list),
	OP_NONE(do_chdir),
	OP(do_open_dir, O_RDONLY),
	OP(do_open_dir, O_PATH),
	OP(do_access_dir, F_OK),
	OP(do_access_dir, R_OK),
	OP(do_access_dir, W_OK),
	OP(do_access_dir, X_OK),
	OP(do_access_dir, R_OK | W_OK | X_OK),
	OP(do_access_dir, R_OK | X_OK, AT_EACCESS),
	OP(do_access_dir, W_OK, AT_EACCESS),
};

/* These change it. */
static const struct op change_ops[] = {
	OP(do_chmod_dir, 0755),
	OP(do_chmod_dir, 03777),
	OP(do_chown_dir, -1, -1),
	OP(do_chown_dir, -1, FRIENDS),
	OP(do_chown_dir, -1, OWN_GROUP),
	OP(do_chown_dir, -1, FOREIGN),
	OP(do_chown_dir, OTHER, -1),
	OP(do_utimens_dir, UTIME_NOW, UTIME_NOW),
	OP(do_utimens_dir, 1, 1),
	OP(do_utimens_dir, UTIME_OMIT, UTIME_NOW),
};

/* The entry of a trial: none, an object of the caller, of the directory's owner, of a stranger. */
enum { SPECS = 5 };

static void choose_specs(const struct batch *b, struct spec *ret)
{
	const struct who *who = &b->identity->who;

	ret[0] = (struct spec){0, 0, ABSENT};
	ret[1] = (struct spec){who->uid, who->gid, 0644};
	ret[2] = (struct spec){b->stage->dir.uid, b->stage->dir.gid, 0666};
	ret[3] = (struct spec){STRANGER, GROUP, 0640};
	ret[4] = (struct spec){STRANGER, FRIENDS, 06777};
}

static bool makes_tmpfile(const struct op *op)
{
	return op->call == do_tmpfile || op->call == do_tmpfile_and_link;
}

static void try_entries(struct batch *b)
{
	struct spec specs[SPECS];

	choose_specs(b, specs);
	for (size_t i = 0; i < ARRAY_SIZE(entry_ops); i++) {
		const bool may_exist =
			entry_ops[i].call != do_create_or_open || may_create_existing();

		for (int k = 0; k < (may_exist ? SPECS : 1); k++)
			batch_add(b, &entry_ops[i], specs[k], specs[0]);
	}
	for (size_t i = 0; i < ARRAY_SIZE(pair_ops); i++)
		for (int k = 0; k < SPECS; k++)
			for (int l = 0; l < SPECS; l++)
				batch_add(b, &pair_ops[i], specs[k], specs[l]);
	for (size_t i = 0; i < ARRAY_SIZE(dir_ops); i++)
		if (LIBFUSE_HAS_TMPFILE || !makes_tmpfile(&dir_ops[i]))
			batch_add(b, &dir_ops[i], specs[0], specs[0]);
	batch_run(b);
}

static void try_changes(struct batch *b)
{
	const struct spec dir = b->stage->dir, none = {0, 0, ABSENT};

	for (size_t i = 0; i < ARRAY_SIZE(change_ops); i++) {
		if (!op_is_wanted(&change_ops[i]))
			continue;
		batch_add(b, &change_ops[i], none, none);
		/* The directory's own attributes are compared. */
		snprintf(b->trials[0].names[0], sizeof(b->trials[0].names[0]), ".");
		batch_run(b);
		stage_set_dir(b->stage, dir);
	}
}

void try_directories(struct stage *stage, const struct identity *identity, struct spec owner,
	unsigned stride, bool is_own_mount)
{
	struct batch b;
	const unsigned phase = identity->who.uid;
	unsigned count = 0;

	batch_open(&b, stage, identity, is_own_mount);
	for (int mode = next_mode(-1, stride, phase); mode >= 0;
		mode = next_mode(mode, stride, phase)) {
		stage_set_dir(stage, (struct spec){owner.uid, owner.gid, (mode_t)mode});
		try_entries(&b);
		if (count++ % 8 == 0)
			try_changes(&b);
	}
	stage_set_dir(stage, (struct spec){0, 0, 01777});
	batch_close(&b);
}

/* SPDX-License-Identifier: MIT */
/*
 * Operations on entries that may be directories, in a directory of every mode, and between two
 * directories of the view.
 */
#include "modes_calls.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#define ACROSS .across = true

static const struct op entry_ops[] = {
	OP_NONE(do_stat),
	OP(do_mkdir, 0755, 022),
	OP(do_mkdir, 07777, 0),
	OP(do_mkdir, 02710, 0),
	OP(do_mkdir, 0, 0),
	OP_NONE(do_rmdir),
	OP_NONE(do_unlink),
	OP_NONE(do_symlink),
	OP(do_mkfifo, S_IFIFO | 0666, 022),
	OP(do_mkfifo, S_IFIFO | 02770, 0),
	OP(do_mkfifo, S_IFSOCK | 06711, 0),
	OP_NONE(do_list_entry),
	OP_NONE(do_enter),
	OP(do_make_below, 0640),
	OP(do_make_below, 02770),
	OP(do_open, O_RDONLY),
	OP(do_open, O_RDWR),
	OP(do_open, O_PATH),
	OP(do_access, R_OK | W_OK | X_OK, AT_EACCESS),
	OP(do_access, X_OK),
	OP(do_access, W_OK, AT_EACCESS),
	OP(do_chmod, 0700),
	OP(do_chmod, 07777),
	OP(do_chown, -1, OWN_GROUP),
	OP(do_chown, -1, FRIENDS),
	OP(do_chown, -1, FOREIGN),
	OP(do_chown, OTHER, -1),
	OP(do_utimens, UTIME_NOW, UTIME_NOW),
	OP(do_utimens, 1, 1),
};

static const struct op pair_ops[] = {
	OP(do_rename_to, 0),
	OP(do_rename_to, RENAME_NOREPLACE),
	OP(do_rename_to, RENAME_EXCHANGE),
	OP(do_rename_to, 0, ACROSS),
	OP(do_rename_to, RENAME_NOREPLACE, ACROSS),
	OP(do_rename_to, RENAME_EXCHANGE, ACROSS),
};

static const struct op link_ops[] = {
	{"do_link_to", do_link_to},
	{"do_link_to across", do_link_to, ACROSS},
};

/* The kinds of entries under a name. */
enum { NOTHING, OWN_FILE, FILE_OF_STRANGER, OWN_DIR, CLOSED_DIR, DIR_OF_OWNER, DIR_OF_STRANGER };
enum { SPECS = DIR_OF_STRANGER + 1 };

/* Of the other directory, in turn. */
static const struct spec others[] = {{0, 0, 01777}, {OWNER, GROUP, 0755}, {OWNER, GROUP, 02770},
	{STRANGER, GROUP, 03773}, {OTHER, OTHER, 0777}, {STRANGER, FRIENDS, 0700}};

static void choose_specs(const struct batch *b, struct spec *ret)
{
	const struct who *who = &b->identity->who;
	const struct spec *dir = &b->stage->dir;

	ret[NOTHING] = (struct spec){0, 0, ABSENT};
	ret[OWN_FILE] = (struct spec){who->uid, who->gid, 0644};
	ret[FILE_OF_STRANGER] = (struct spec){STRANGER, GROUP, 0666};
	ret[OWN_DIR] = (struct spec){who->uid, who->gid, S_IFDIR | 0755};
	ret[CLOSED_DIR] = (struct spec){who->uid, who->gid, S_IFDIR | 0555};
	ret[DIR_OF_OWNER] = (struct spec){dir->uid, dir->gid, S_IFDIR | 02770};
	ret[DIR_OF_STRANGER] = (struct spec){STRANGER, GROUP, S_IFDIR | 06753};
}

static bool is_dir(const struct spec *spec)
{
	return spec->mode != ABSENT && S_ISDIR(spec->mode);
}

static void try_all(struct batch *b)
{
	struct spec specs[SPECS];

	choose_specs(b, specs);
	for (size_t i = 0; i < ARRAY_SIZE(entry_ops); i++)
		for (int k = 0; k < SPECS; k++)
			batch_add(b, &entry_ops[i], specs[k], specs[NOTHING]);
	/* Of nothing: the kernel says ENOENT before it asks whether the other directory is closed.
	 */
	for (size_t i = 0; i < ARRAY_SIZE(pair_ops); i++)
		for (int k = 0; k < SPECS * SPECS; k++)
			if (!pair_ops[i].across || k / SPECS != NOTHING)
				batch_add(b, &pair_ops[i], specs[k / SPECS], specs[k % SPECS]);
	/* Links of directories: the kernel says EPERM before it asks a mount about permissions. */
	for (size_t i = 0; i < ARRAY_SIZE(link_ops); i++)
		for (int k = 0; k < SPECS * SPECS; k++)
			if (!is_dir(&specs[k / SPECS]))
				batch_add(b, &link_ops[i], specs[k / SPECS], specs[k % SPECS]);
	batch_run(b);
}

void try_trees(
	struct stage *stage, const struct identity *identity, struct spec owner, unsigned stride)
{
	struct batch b;
	const unsigned phase = identity->who.uid;
	unsigned count = 0;

	batch_open(&b, stage, identity, false);
	for (int mode = next_mode(-1, stride, phase); mode >= 0;
		mode = next_mode(mode, stride, phase)) {
		stage_set_dir(stage, (struct spec){owner.uid, owner.gid, (mode_t)mode});
		stage_set_other(stage, others[count++ % ARRAY_SIZE(others)]);
		try_all(&b);
	}
	stage_set_dir(stage, (struct spec){0, 0, 01777});
	batch_close(&b);
}

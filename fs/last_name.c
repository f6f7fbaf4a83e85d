/* SPDX-License-Identifier: MIT */
#include "last_name.h"

#include "directory.h"
#include "loop.h"
#include "node.h"
#include "object.h"

#include <unistd.h>

int last_name_hold(const struct shmfs_name *name, const struct stat *st)
{
	struct stat held;

	return st->st_nlink == 1 ? shmfs_object_pin(name, st->st_ino, &held) : -1;
}

void last_name_drop(int *held)
{
	if (*held >= 0)
		close(*held);
	*held = -1;
}

void last_name_release(struct fs *fs, int held, blkcnt_t max)
{
	struct stat st;

	if (held < 0)
		return;
	if (fstat(held, &st) < 0 || st.st_nlink > 0) {
		close(held);
		return;
	}
	if (st.st_blocks > max) {
		close(held);
		held = -1;
	}
	if (node_set_gone(fs->nodes, st.st_ino, held, &st))
		loop_tick(fs->loop);
}

void last_name_release_directory(struct fs *fs, const struct stat *st)
{
	struct stat gone = *st;

	gone.st_nlink = 0;
	gone.st_size = 2 * DIRECTORY_ENTRY_SIZE;
	node_set_gone(fs->nodes, st->st_ino, -1, &gone);
}

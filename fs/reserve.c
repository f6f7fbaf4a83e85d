/* SPDX-License-Identifier: MIT */
#include "reserve.h"

#include "directory.h"
#include "node.h"
#include "pin.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

/* Any of the directories that an object with this name lies in. */
static bool is_asked_by_directory(const char *encoded)
{
	size_t len = strlen(encoded);
	struct stat st;

	while ((len = directory_outer(encoded, len, &st)) > 0)
		if (st.st_mode & S_ISUID)
			return true;
	return false;
}

bool reserve_is_on(struct fs *fs, uint64_t ino)
{
	struct shmfs_name name;

	if (fs->reserve)
		return true;
	return pin_name(fs->nodes, ino, &name) == 0 && is_asked_by_directory(name.text + 1);
}

static int allocate(int fd, off_t from, off_t to)
{
	return fallocate(fd, 0, from, to - from) < 0 ? -errno : 0;
}

int reserve_growth(struct fs *fs, int fd, off_t size)
{
	struct stat st;
	int r;

	if (fstat(fd, &st) < 0)
		return -errno;
	if (size <= st.st_size)
		return 0;
	r = allocate(fd, st.st_size, size);
	if (r == -ENOSPC && nodes_make_room(fs->nodes))
		r = allocate(fd, st.st_size, size);
	return r;
}

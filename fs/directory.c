/* SPDX-License-Identifier: MIT */
#include "directory.h"

#include "object.h"

#include <errno.h>

int directory_entry(fuse_ino_t dir, const char *component, struct shmfs_name *ret_name)
{
	if (dir != FUSE_ROOT_ID)
		return -ENOTDIR;
	return shmfs_name_encode(ret_name, SHMFS_NAME_ROOT, component);
}

int directory_new_entry(fuse_ino_t dir, const char *component, struct shmfs_name *ret_name)
{
	if (!shmfs_name_is_creatable(component))
		return -EINVAL;
	return directory_entry(dir, component, ret_name);
}

static int directory_stat(fuse_ino_t dir, struct stat *ret_st)
{
	return dir == FUSE_ROOT_ID ? shmfs_object_stat_dir(ret_st) : -ENOTDIR;
}

int directory_may(fuse_ino_t dir, struct caller *caller, int wanted)
{
	struct stat st;
	int r;

	r = directory_stat(dir, &st);
	return r < 0 ? r : shmfs_access_check(&st, &caller->ids, wanted);
}

int directory_may_add(fuse_ino_t dir, struct caller *caller)
{
	struct stat st;
	int r;

	r = directory_stat(dir, &st);
	return r < 0 ? r : shmfs_access_create(&st, &caller->ids);
}

int directory_enter_to_add(fuse_ino_t dir, struct caller *caller, mode_t mode)
{
	struct stat st;
	int r;

	if (!(mode & S_ISGID))
		return caller_enter(caller);
	r = directory_stat(dir, &st);
	return r < 0 ? r : caller_enter_to_change(caller, &st);
}

int directory_may_remove(fuse_ino_t dir, struct caller *caller, const struct stat *victim)
{
	struct stat st;
	int r;

	r = directory_stat(dir, &st);
	return r < 0 ? r : shmfs_access_remove(&st, victim, &caller->ids);
}

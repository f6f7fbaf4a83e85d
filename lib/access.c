/* SPDX-License-Identifier: MIT */
#include "access.h"

#include <errno.h>

static bool is_root(const struct shmfs_caller *caller)
{
	return caller->uid == 0;
}

static bool is_owner(const struct stat *st, const struct shmfs_caller *caller)
{
	return caller->uid == st->st_uid;
}

/* 1, 0, or -errno when it cannot be told. */
static int has_group(struct shmfs_caller *caller, gid_t gid)
{
	if (caller->gid == gid)
		return 1;
	return caller->in_group ? caller->in_group(caller, gid) : 0;
}

static bool grants(unsigned bits, unsigned wanted)
{
	return (bits & wanted) == wanted;
}

/* The first class that applies decides, even if a later one would grant. */
static bool class_grants(const struct stat *st, struct shmfs_caller *caller, unsigned wanted)
{
	const bool group = grants((st->st_mode >> 3) & 7U, wanted);
	const bool other = grants(st->st_mode & 7U, wanted);

	if (is_owner(st, caller))
		return grants((st->st_mode >> 6) & 7U, wanted);
	if (group != other) {
		const int member = has_group(caller, st->st_gid);

		return member < 0 ? false : member ? group : other;
	}
	return other;
}

/* Root may do all but execute what nobody may. */
static bool overrides(const struct stat *st, const struct shmfs_caller *caller, unsigned wanted)
{
	if (!is_root(caller))
		return false;
	return S_ISDIR(st->st_mode) || !(wanted & SHMFS_MAY_EXEC) || (st->st_mode & 0111);
}

int shmfs_access_check(const struct stat *st, struct shmfs_caller *caller, int wanted)
{
	const unsigned want = (unsigned)wanted & 7U;

	if (overrides(st, caller, want))
		return 0;
	return class_grants(st, caller, want) ? 0 : -EACCES;
}

int shmfs_access_create(const struct stat *dir, struct shmfs_caller *caller)
{
	return shmfs_access_check(dir, caller, SHMFS_MAY_WRITE | SHMFS_MAY_EXEC);
}

int shmfs_access_remove(
	const struct stat *dir, const struct stat *victim, struct shmfs_caller *caller)
{
	int r;

	r = shmfs_access_check(dir, caller, SHMFS_MAY_WRITE | SHMFS_MAY_EXEC);
	if (r < 0)
		return r;
	if (!(dir->st_mode & S_ISVTX) || is_root(caller))
		return 0;
	return is_owner(victim, caller) || is_owner(dir, caller) ? 0 : -EPERM;
}

int shmfs_access_chmod(
	const struct stat *st, struct shmfs_caller *caller, mode_t mode, mode_t *ret_mode)
{
	if (!is_owner(st, caller) && !is_root(caller))
		return -EPERM;
	if ((mode & S_ISGID) && !is_root(caller) && has_group(caller, st->st_gid) <= 0)
		mode &= ~(mode_t)S_ISGID;
	*ret_mode = mode;
	return 0;
}

int shmfs_access_chown(const struct stat *st, struct shmfs_caller *caller, uid_t uid, gid_t gid)
{
	if (is_root(caller))
		return 0;
	if (uid != (uid_t)-1 && (!is_owner(st, caller) || uid != st->st_uid))
		return -EPERM;
	if (gid == (gid_t)-1)
		return 0;
	if (!is_owner(st, caller))
		return -EPERM;
	return gid == st->st_gid || has_group(caller, gid) > 0 ? 0 : -EPERM;
}

int shmfs_access_utimens(const struct stat *st, struct shmfs_caller *caller, bool touch)
{
	if (is_owner(st, caller) || is_root(caller))
		return 0;
	return touch ? shmfs_access_check(st, caller, SHMFS_MAY_WRITE) : -EPERM;
}

int shmfs_access_link(const struct stat *st, struct shmfs_caller *caller, bool protected_hardlinks)
{
	const mode_t sgid_exec = S_ISGID | S_IXGRP;

	if (!protected_hardlinks || is_owner(st, caller) || is_root(caller))
		return 0;
	if (!S_ISREG(st->st_mode) || (st->st_mode & S_ISUID) ||
		(st->st_mode & sgid_exec) == sgid_exec)
		return -EPERM;
	return shmfs_access_check(st, caller, SHMFS_MAY_READ | SHMFS_MAY_WRITE) < 0 ? -EPERM : 0;
}

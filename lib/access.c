/* SPDX-License-Identifier: MIT */
#include "access.h"

#include <errno.h>
#include <linux/capability.h>

static bool has(struct shmfs_caller *caller, int capability)
{
	if (caller->uid != 0)
		return false;
	return caller->capable ? caller->capable(caller, capability) : true;
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

static bool group_grants(const struct stat *st, unsigned wanted)
{
	return grants((st->st_mode >> 3) & 7U, wanted);
}

static bool others_grant(const struct stat *st, unsigned wanted)
{
	return grants(st->st_mode & 7U, wanted);
}

/* Would supplementary groups make a difference? */
static bool needs_groups(const struct stat *st, const struct shmfs_caller *caller, unsigned wanted)
{
	return !is_owner(st, caller) && caller->gid != st->st_gid &&
	       group_grants(st, wanted) != others_grant(st, wanted);
}

/* The first class that applies decides, even if a later one would grant. */
static bool class_grants(const struct stat *st, struct shmfs_caller *caller, unsigned wanted)
{
	const bool group = group_grants(st, wanted);
	const bool other = others_grant(st, wanted);

	if (is_owner(st, caller))
		return grants((st->st_mode >> 6) & 7U, wanted);
	if (group != other) {
		const int member = has_group(caller, st->st_gid);

		return member < 0 ? false : member ? group : other;
	}
	return other;
}

/* No capability is enough to execute what nobody may. */
static bool overrides(const struct stat *st, struct shmfs_caller *caller, unsigned wanted)
{
	const bool dir = S_ISDIR(st->st_mode);

	if (!dir && (wanted & SHMFS_MAY_EXEC) && !(st->st_mode & 0111))
		return false;
	if (has(caller, CAP_DAC_OVERRIDE))
		return true;
	return (dir ? !(wanted & SHMFS_MAY_WRITE) : wanted == SHMFS_MAY_READ) &&
	       has(caller, CAP_DAC_READ_SEARCH);
}

/* Root is asked for capabilities before groups, which hardly ever decide for it. */
int shmfs_access_check(const struct stat *st, struct shmfs_caller *caller, int wanted)
{
	const unsigned want = (unsigned)wanted & 7U;
	const bool late = needs_groups(st, caller, want);

	if (late && overrides(st, caller, want))
		return 0;
	if (class_grants(st, caller, want))
		return 0;
	return !late && overrides(st, caller, want) ? 0 : -EACCES;
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
	if (!(dir->st_mode & S_ISVTX) || is_owner(victim, caller) || is_owner(dir, caller))
		return 0;
	return has(caller, CAP_FOWNER) ? 0 : -EPERM;
}

static bool keeps_sgid(const struct stat *st, struct shmfs_caller *caller)
{
	return caller->gid == st->st_gid || has(caller, CAP_FSETID) ||
	       has_group(caller, st->st_gid) > 0;
}

int shmfs_access_chmod(
	const struct stat *st, struct shmfs_caller *caller, mode_t mode, mode_t *ret_mode)
{
	if (!is_owner(st, caller) && !has(caller, CAP_FOWNER))
		return -EPERM;
	if ((mode & S_ISGID) && !keeps_sgid(st, caller))
		mode &= ~(mode_t)S_ISGID;
	*ret_mode = mode;
	return 0;
}

static bool is_own_group(const struct stat *st, struct shmfs_caller *caller, gid_t gid)
{
	return is_owner(st, caller) && (gid == st->st_gid || has_group(caller, gid) > 0);
}

int shmfs_access_chown(const struct stat *st, struct shmfs_caller *caller, uid_t uid, gid_t gid)
{
	const bool same_uid = uid == (uid_t)-1 || (is_owner(st, caller) && uid == st->st_uid);

	/* As for shmfs_access_check(): capabilities before groups. */
	if (same_uid && (gid == (gid_t)-1 || (is_owner(st, caller) && gid == st->st_gid)))
		return 0;
	if (has(caller, CAP_CHOWN))
		return 0;
	return same_uid && is_own_group(st, caller, gid) ? 0 : -EPERM;
}

int shmfs_access_utimens(const struct stat *st, struct shmfs_caller *caller, bool touch)
{
	if (is_owner(st, caller))
		return 0;
	if (touch && shmfs_access_check(st, caller, SHMFS_MAY_WRITE) == 0)
		return 0;
	if (has(caller, CAP_FOWNER))
		return 0;
	return touch ? -EACCES : -EPERM;
}

static bool is_safe_to_link(const struct stat *st, struct shmfs_caller *caller)
{
	const mode_t sgid_exec = S_ISGID | S_IXGRP;

	if (!S_ISREG(st->st_mode) || (st->st_mode & S_ISUID) ||
		(st->st_mode & sgid_exec) == sgid_exec)
		return false;
	return shmfs_access_check(st, caller, SHMFS_MAY_READ | SHMFS_MAY_WRITE) == 0;
}

int shmfs_access_link(const struct stat *st, struct shmfs_caller *caller, bool protected_hardlinks)
{
	if (!protected_hardlinks || is_owner(st, caller) || is_safe_to_link(st, caller))
		return 0;
	return has(caller, CAP_FOWNER) ? 0 : -EPERM;
}

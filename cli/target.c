/* SPDX-License-Identifier: MIT */
#include "target.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/sysmacros.h>

static bool is_path(const char *word)
{
	return strncmp(word, "./", 2) == 0 || strncmp(word, "../", 3) == 0 ||
	       (word[0] == '/' && strchr(word + 1, '/'));
}

/* From a file of a mount of shmfs to the tmpfs that is shown there. */
static dev_t tmpfs_of(const struct survey *survey, dev_t dev)
{
	const struct shmfs_mount *mount;

	if (dev == survey->dev)
		return dev;
	mount = shmfs_mounts_of(survey->holders.mounts, dev, survey->holders.space);
	if (!mount)
		return 0;
	return mount->kind == SHMFS_MOUNT_TMPFS ? dev : mount->shows;
}

static int find_path(const struct survey *survey, const char *path, struct target *target)
{
	struct statx stx;

	if (statx(AT_FDCWD, path, 0, STATX_BASIC_STATS | STATX_BTIME, &stx) < 0)
		return -errno;
	target->dev = tmpfs_of(survey, makedev(stx.stx_dev_major, stx.stx_dev_minor));
	target->ino = stx.stx_ino;
	if (stx.stx_mask & STATX_BTIME)
		target->birth.tv_sec = (time_t)stx.stx_btime.tv_sec;
	if (target->dev == survey->dev)
		target->entry = survey_find(survey, target->ino);
	return target->dev ? 0 : -EMEDIUMTYPE;
}

static int find_name(const struct survey *survey, const char *name, struct target *target)
{
	for (size_t i = 0; i < survey->listing.count; i++) {
		const struct shmfs_listing_entry *entry = &survey->listing.entries[i];

		if (strcmp(entry->path, name) != 0)
			continue;
		*target = (struct target){.dev = survey->dev,
			.ino = entry->ino,
			.birth = entry->birth,
			.entry = entry};
		return 0;
	}
	return -ENOENT;
}

int target_find(const struct survey *survey, const char *word, struct target *ret_target)
{
	struct target target = {.dev = 0};
	const int r = is_path(word) ? find_path(survey, word, &target)
				    : find_name(survey, word + (*word == '/'), &target);

	if (r == 0)
		*ret_target = target;
	return r;
}

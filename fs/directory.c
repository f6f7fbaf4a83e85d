/* SPDX-License-Identifier: MIT */
#include "directory.h"

#include "index.h"
#include "object.h"
#include "pin.h"

#include <errno.h>
#include <string.h>
#include <time.h>

#define DAY (24 * 60 * 60) /* seconds */

static bool is_root(const struct directory *dir)
{
	return directory_prefix(dir)[0] == '\0';
}

/*
 * Whoever may write to a marker may give it another name outside. Then one node would be two
 * directories, or a directory and an object, and whoever works in the one could be led into the
 * other.
 */
static int check_marker(const struct stat *st)
{
	return st->st_nlink > 1 ? -EMLINK : 0;
}

int directory_get_even_removed(struct fs *fs, fuse_ino_t ino, struct directory *ret_dir)
{
	const int r = pin_stat(fs->nodes, ino, &ret_dir->st, &ret_dir->marker);

	if (r < 0)
		return r;
	if (!S_ISDIR(ret_dir->st.st_mode))
		return -ENOTDIR;
	return is_root(ret_dir) ? 0 : check_marker(&ret_dir->st);
}

int directory_get(struct fs *fs, fuse_ino_t ino, struct directory *ret_dir)
{
	const int r = directory_get_even_removed(fs, ino, ret_dir);

	return r == 0 && ret_dir->st.st_nlink == 0 ? -ENOENT : r;
}

static bool has_marker(const char *encoded, size_t len, struct stat *ret_st)
{
	struct shmfs_name marker = {"/"};

	*(char *)mempcpy(marker.text + 1, encoded, len) = '\0';
	return shmfs_object_stat(&marker, ret_st) == 0 && S_ISDIR(ret_st->st_mode);
}

size_t directory_outer(const char *encoded, size_t len, struct stat *ret_st)
{
	do
		len = shmfs_name_outer(encoded, len);
	while (len > 0 && !has_marker(encoded, len, ret_st));
	return len;
}

/* A component with an encoded slash in it may lie in a directory further down. */
static bool lies_here(const struct directory *dir, const struct shmfs_name *name)
{
	const char *encoded = name->text + 1;
	struct stat st;

	return directory_outer(encoded, strlen(encoded), &st) == strlen(directory_prefix(dir));
}

int directory_find(const struct directory *dir, const char *component, struct shmfs_name *ret_name,
	struct stat *ret_st)
{
	struct shmfs_name name;
	struct stat st;
	int r;

	r = shmfs_name_encode_dir(&name, directory_prefix(dir), component);
	if (r == 0)
		r = shmfs_object_stat(&name, &st);
	if (r < 0 || !S_ISDIR(st.st_mode)) {
		r = shmfs_name_encode(&name, directory_prefix(dir), component);
		if (r == 0)
			r = shmfs_object_stat(&name, &st);
		if (r == 0 && S_ISDIR(st.st_mode))
			r = -ENOENT; /* a marker, which is not seen as such */
	}
	if (r < 0)
		return r;
	if (!shmfs_name_is_creatable(component) && !lies_here(dir, &name))
		return -ENOENT;
	if (S_ISDIR(st.st_mode) && check_marker(&st) < 0)
		return -EMLINK;
	*ret_name = name;
	*ret_st = st;
	return 0;
}

int directory_new_entry(const struct directory *dir, const char *component, mode_t type,
	struct shmfs_name *ret_name)
{
	if (!shmfs_name_is_creatable(component))
		return -EINVAL;
	return S_ISDIR(type) ? shmfs_name_encode_dir(ret_name, directory_prefix(dir), component)
			     : shmfs_name_encode(ret_name, directory_prefix(dir), component);
}

fuse_ino_t directory_parent(const struct shmfs_name *marker)
{
	const char *encoded = marker->text + 1;
	struct stat st;

	return directory_outer(encoded, strlen(encoded), &st) == 0 ? FUSE_ROOT_ID : st.st_ino;
}

int directory_complete(struct fs *fs, const struct shmfs_name *marker, struct stat *st)
{
	struct shmfs_tree_count count;
	int r;

	r = shmfs_index_count(fs->index, marker->text + 1, &count);
	/* Its marker has just been removed, or the daemon may not read the directory of objects. */
	if (r == -ENOENT || r == -EACCES)
		return 0;
	if (r < 0)
		return r;
	st->st_nlink = 2 + count.directories;
	st->st_size = (off_t)(2 + count.entries) * DIRECTORY_ENTRY_SIZE;
	return 0;
}

int directory_check_empty(struct fs *fs, const struct shmfs_name *marker)
{
	struct shmfs_tree_count count;
	const int r = shmfs_index_count(fs->index, marker->text + 1, &count);

	return r < 0 ? r : count.entries > 0 ? -ENOTEMPTY : 0;
}

int directory_may(const struct directory *dir, struct caller *caller, int wanted)
{
	return shmfs_access_check(&dir->st, &caller->ids, wanted);
}

int directory_may_add(const struct directory *dir, struct caller *caller)
{
	return shmfs_access_create(&dir->st, &caller->ids);
}

int directory_may_remove(
	const struct directory *dir, struct caller *caller, const struct stat *victim)
{
	return shmfs_access_remove(&dir->st, victim, &caller->ids);
}

/*
 * Below the root the kernel has dealt with an S_ISGID that the caller may not have: it knows the
 * directory's group.
 */
int directory_enter_to_add(const struct directory *dir, struct caller *caller, mode_t mode)
{
	if (!is_root(dir))
		return dir->st.st_mode & S_ISGID ? caller_enter_with_group(caller, dir->st.st_gid)
						 : caller_enter(caller);
	return mode & S_ISGID ? caller_enter_to_change(caller, &dir->st) : caller_enter(caller);
}

bool directory_is_for_daemon(
	const struct directory *dir, const struct caller *caller, const struct stat *victim)
{
	return !is_root(dir) && victim->st_uid != caller->ids.uid;
}

void directory_changed(const struct directory *dir)
{
	if (!is_root(dir))
		shmfs_object_touch(&dir->marker);
}

void directory_touch(struct fs *fs, fuse_ino_t ino)
{
	struct directory dir;

	if (directory_get(fs, ino, &dir) == 0)
		directory_changed(&dir);
}

static bool is_before(const struct timespec *a, const struct timespec *b)
{
	return a->tv_sec != b->tv_sec ? a->tv_sec < b->tv_sec : a->tv_nsec < b->tv_nsec;
}

/* The kernel decides; it is only asked when it may say yes. */
void directory_accessed(const struct directory *dir)
{
	const struct stat *st = &dir->st;

	if (!is_before(&st->st_mtim, &st->st_atim) || !is_before(&st->st_ctim, &st->st_atim) ||
		time(NULL) - st->st_atim.tv_sec >= DAY)
		shmfs_object_update_atime(&dir->marker);
}

/* SPDX-License-Identifier: MIT */
/*
 * Directories of the view: what a component in one stands for, and what a caller may do to the
 * entries. The root is the directory of all objects: same owner, mode, times. Any other is its
 * marker (lib/name.h), and has the owner, the mode and the times of that.
 */
#ifndef SHMFS_DIRECTORY_H
#define SHMFS_DIRECTORY_H

#include "caller.h"
#include "fs.h"
#include "name.h"

#include <sys/stat.h>

/* What tmpfs adds to the size of a directory for each entry, "." and ".." included. */
#define DIRECTORY_ENTRY_SIZE 20

/* A directory as it was at one moment, for one operation. */
struct directory {
	struct shmfs_name marker; /* "/" for the root: its prefix is what follows the slash */
	struct stat st;
};

/*
 * 0, -ENOTDIR, -ENOENT when it has been removed, -ESTALE, -EMLINK when its marker has other names
 * too.
 */
int directory_get(struct fs *fs, fuse_ino_t ino, struct directory *ret_dir);

/* The same without -ENOENT: then it has no marker, and nothing in it. */
int directory_get_even_removed(struct fs *fs, fuse_ino_t ino, struct directory *ret_dir);

static inline const char *directory_prefix(const struct directory *dir)
{
	return dir->marker.text + 1;
}

/*
 * The directory in which the name lies of which these are the first `len` bytes, or that name
 * whole: returns the length of its prefix, 0 for the root, and else the attributes of its marker.
 * To be called again with that length for the directory around it.
 */
size_t directory_outer(const char *encoded, size_t len, struct stat *ret_st);

/*
 * What a component stands for: the name of an object or of the marker of a directory. -ENOENT,
 * -ENAMETOOLONG, -EINVAL, -EMLINK. directory_complete() tells what is not in its attributes.
 */
int directory_find(const struct directory *dir, const char *component, struct shmfs_name *ret_name,
	struct stat *ret_st);

/*
 * The name for an entry that is to be made: -EINVAL where it would be a path, -ENAMETOOLONG.
 * type: S_IFDIR for a directory.
 */
int directory_new_entry(const struct directory *dir, const char *component, mode_t type,
	struct shmfs_name *ret_name);

/*
 * The inode number of the directory in which the one with this marker lies, as the kernel knows it.
 */
fuse_ino_t directory_parent(const struct shmfs_name *marker);

/*
 * Fills in what the attributes of the directory's marker do not tell: size and number of links.
 * Returns 0, also where nobody can tell them, or -errno if it cannot be done now: -ENOMEM, -EMFILE.
 */
int directory_complete(struct fs *fs, const struct shmfs_name *marker, struct stat *st);

/* 0, -ENOTEMPTY, or -errno if it cannot be told. */
int directory_check_empty(struct fs *fs, const struct shmfs_name *marker);

/* Read (list), write, search: SHMFS_MAY_… */
int directory_may(const struct directory *dir, struct caller *caller, int wanted);

/* Add an entry. */
int directory_may_add(const struct directory *dir, struct caller *caller);

/* Remove, replace or rename the entry that `victim` describes. */
int directory_may_remove(
	const struct directory *dir, struct caller *caller, const struct stat *victim);

/*
 * Makes this thread act as the caller, see caller_enter(), to make an object with that mode in the
 * directory: with the group that the directory hands on, and with the groups of the caller if they
 * decide whether it may have its S_ISGID.
 */
int directory_enter_to_add(const struct directory *dir, struct caller *caller, mode_t mode);

/*
 * All names lie in one sticky directory. Where the view has none that is sticky, somebody may be
 * allowed to remove or rename what belongs to others: then the daemon has to act, not the caller.
 */
bool directory_is_for_daemon(
	const struct directory *dir, const struct caller *caller, const struct stat *victim);

/* It is listed: its atime moves where that of a directory would, see mount(8), relatime. */
void directory_accessed(const struct directory *dir);

/* An entry has come, gone or changed: the times of the directory move. */
void directory_changed(const struct directory *dir);

/* The same for the one with this number, if there is one. */
void directory_touch(struct fs *fs, fuse_ino_t ino);

#endif

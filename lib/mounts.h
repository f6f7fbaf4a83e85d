/* SPDX-License-Identifier: MIT */
/*
 * The mounts of all mount namespaces that can be seen, as proc_pid_mountinfo(5) tells them: which
 * file system a mount id stands for. A file system has one device number in all namespaces.
 *
 * The set only reads /proc: no path of a mount is ever walked, because a path may lead into a file
 * system whose daemon never answers.
 */
#ifndef SHMFS_MOUNTS_H
#define SHMFS_MOUNTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum shmfs_mount_kind {
	SHMFS_MOUNT_OTHER,
	SHMFS_MOUNT_TMPFS,
	SHMFS_MOUNT_VIEW, /* of shmfs: its inode numbers are those of a tmpfs */
};

struct shmfs_mount {
	uint64_t id;
	uint64_t space; /* the mount namespace: its inode number */
	pid_t pid;      /* a process that sees it */
	dev_t dev;
	enum shmfs_mount_kind kind;
	uid_t user;  /* of a view: the user who mounted it */
	dev_t shows; /* of a view: the tmpfs; set by a scan, see holders.h. 0: not known */
	char *root;  /* the directory of the file system that is mounted; NULL for other kinds */
	char *point; /* where, from the root directory of the process that was asked; the same */
};

struct shmfs_mounts;

/* -ENOMEM. */
int shmfs_mounts_new(struct shmfs_mounts **ret_mounts);
/* NULL is accepted. Returns NULL. */
struct shmfs_mounts *shmfs_mounts_free(struct shmfs_mounts *mounts);

/*
 * Adds the mounts that the process pid, or its thread, whose directory in /proc is `task` can
 * reach; nothing if its namespace and root directory have been asked before, unless `again`.
 * *ret_space: its mount namespace. -EACCES: the caller may not look into the process; -ESRCH;
 * -ENOMEM.
 */
int shmfs_mounts_add(
	struct shmfs_mounts *mounts, pid_t pid, int task, bool again, uint64_t *ret_space);

/* Notes the file system of a mount id that no namespace has, such as the kernel's own mounts and
 * mounts that were unmounted while in use. -ENOMEM. */
int shmfs_mounts_note(struct shmfs_mounts *mounts, uint64_t id, dev_t dev);

/* The mount with this id, or NULL. The pointers stay good as long as the set. */
const struct shmfs_mount *shmfs_mounts_by_id(const struct shmfs_mounts *mounts, uint64_t id);

/*
 * A mount of this file system; one of this namespace if there is one, and there the one that lies
 * on top at /dev/shm, if it is one. NULL.
 */
const struct shmfs_mount *shmfs_mounts_of(
	const struct shmfs_mounts *mounts, dev_t dev, uint64_t space);

/* The tmpfs at /dev/shm in this namespace; NULL. */
const struct shmfs_mount *shmfs_mounts_shm(const struct shmfs_mounts *mounts, uint64_t space);

/* Those that are no SHMFS_MOUNT_OTHER, by number; NULL when there are no more. */
const struct shmfs_mount *shmfs_mounts_at(const struct shmfs_mounts *mounts, size_t number);

/* Notes which tmpfs a view shows. */
void shmfs_mounts_set_shown(struct shmfs_mounts *mounts, size_t number, dev_t shows);

/* Takes the text of a mountinfo file apart, which is overwritten. Public for its tests. */
int shmfs_mounts_parse(struct shmfs_mounts *mounts, char *text, pid_t pid, uint64_t space);

#endif

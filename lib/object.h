/* SPDX-License-Identifier: MIT */
/*
 * Shared memory objects by name: shm_open(3), shm_unlink(3), and what else can be done to them as
 * the regular files of the tmpfs at /dev/shm that they are on Linux.
 *
 * Every function returns 0 (or what it says) or -errno. Everything is done under the identity that
 * the calling thread has at that time. File descriptors returned are the caller's, O_CLOEXEC.
 */
#ifndef SHMFS_OBJECT_H
#define SHMFS_OBJECT_H

#include "name.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

/* Where the objects lie. */
#define SHMFS_OBJECT_DIR "/dev/shm"

/*
 * Opens the object with inode number ino that is expected under this name. flags: an access mode.
 * Returns a file descriptor. -ESTALE when the name leads to anything else, -ENOENT when nowhere,
 * -EAGAIN when somebody has a lease on it.
 */
int shmfs_object_open(const struct shmfs_name *name, uint64_t ino, int flags, struct stat *ret_st);

/*
 * Makes an object that does not exist and opens it for reading and writing. mode: all twelve bits,
 * the umask of the process applies. Returns a file descriptor; -EEXIST.
 */
int shmfs_object_create(const struct shmfs_name *name, mode_t mode);

/* Makes an object without a name (O_TMPFILE), open for reading and writing. */
int shmfs_object_create_unnamed(mode_t mode);

/* The same with O_PATH: it stands for the object without opening its data. */
int shmfs_object_pin(const struct shmfs_name *name, uint64_t ino, struct stat *ret_st);

/* The same for the directory of all objects. */
int shmfs_object_pin_dir(struct stat *ret_st);

/*
 * Opens again what fd (O_PATH will do) stands for. flags: an access mode, O_TRUNC. -EAGAIN when
 * somebody has a lease on it (see fcntl(2)): nothing here ever waits for others.
 */
int shmfs_object_reopen(int fd, int flags);

/* Attributes. -ENOENT also for entries that are no objects. */
int shmfs_object_stat(const struct shmfs_name *name, struct stat *ret_st);

/* Attributes of the directory of all objects. */
int shmfs_object_stat_dir(struct stat *ret_st);

/* truncate(2), chmod(2), chown(2), utimensat(2) of what fd (O_PATH will do) stands for. */
int shmfs_object_truncate(int fd, off_t size);
int shmfs_object_chmod(int fd, mode_t mode);
int shmfs_object_chown(int fd, uid_t uid, gid_t gid);
int shmfs_object_utimens(int fd, const struct timespec times[2]);

/* shm_unlink(3), but with the errors of unlink(2): -EPERM where that says so. */
int shmfs_object_unlink(const struct shmfs_name *name);

/* Gives the object that fd (O_PATH will do) stands for another name. */
int shmfs_object_link(int fd, const struct shmfs_name *name);

/* renameat2(2). flags: 0, RENAME_NOREPLACE or RENAME_EXCHANGE. */
int shmfs_object_rename(const struct shmfs_name *from, const struct shmfs_name *to, unsigned flags);

/* The numbers of the tmpfs that holds all objects. */
int shmfs_object_statvfs(struct statvfs *ret_st);

/* Opens the directory of all objects for shmfs_object_list(). */
int shmfs_object_open_dir(void);

/* Takes one entry; returns false to end the listing. next: where to go on behind this entry. */
typedef bool shmfs_object_visit_fn(void *arg, const char *name, uint64_t ino, off_t next);

/* Room that one entry takes in a batch at most and at least, in bytes. */
#define SHMFS_OBJECT_BATCH_MAX 280
#define SHMFS_OBJECT_BATCH_MIN 24

/*
 * Visits a batch of entries of the directory from the position `from` (0, or the `next` of a
 * visit): "." and "..", and objects; entries that are neither are left out. size: the batch's in
 * bytes, at least SHMFS_OBJECT_BATCH_MAX. Returns the number of visits, 0 only at the end.
 * A batch that is visited to its end is what keeps a listing exact while names come and go:
 * before Linux 6.6 tmpfs could not go back to a position without missing names.
 */
int shmfs_object_list(int dir_fd, off_t from, size_t size, shmfs_object_visit_fn *visit, void *arg);

/* A name of the object with this inode number; reads the whole directory. -ENOENT. */
int shmfs_object_find(uint64_t ino, struct shmfs_name *ret_name);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * Shared memory objects by name: shm_open(3), shm_unlink(3), and what else can be done to them as
 * the regular files of the tmpfs at /dev/shm that they are on Linux.
 *
 * Beside objects there may be symbolic links, FIFOs and sockets, which are named like them. What is
 * neither (directories, devices) is not shown: no function here finds it, but its name is taken.
 * The marker of a directory (name.h) has the attributes of a directory, S_IFDIR instead of S_IFREG.
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
#include <sys/types.h>

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

/* Makes a symbolic link. -EEXIST. */
int shmfs_object_symlink(const char *target, const struct shmfs_name *name);

/* Makes a FIFO or a socket, as the type in mode says. -EPERM for anything else; -EEXIST. */
int shmfs_object_mknod(const struct shmfs_name *name, mode_t mode);

/* Where the symbolic link that fd (O_PATH) stands for leads. Returns the length; no NUL is added.
 */
ssize_t shmfs_object_readlink(int fd, char *ret_target, size_t size);

/*
 * Stands for what is shown under this name, if it has the inode number ino, without opening it
 * (O_PATH). Returns a file descriptor. -ESTALE when the name leads to anything else.
 */
int shmfs_object_pin(const struct shmfs_name *name, uint64_t ino, struct stat *ret_st);

/* The same for the directory of all objects. */
int shmfs_object_pin_dir(struct stat *ret_st);

/*
 * Opens again what fd (O_PATH will do) stands for. flags: an access mode, O_TRUNC. -EAGAIN when
 * somebody has a lease on it (see fcntl(2)): nothing here ever waits for others.
 */
int shmfs_object_reopen(int fd, int flags);

/* Attributes. -ENOENT also for entries that are not shown. */
int shmfs_object_stat(const struct shmfs_name *name, struct stat *ret_st);

/* When what fd (O_PATH will do) stands for was made. -ENODATA if the file system does not know. */
int shmfs_object_birth(int fd, struct timespec *ret_birth);

/* Attributes of the directory of all objects. */
int shmfs_object_stat_dir(struct stat *ret_st);

/* truncate(2), chmod(2), chown(2), utimensat(2) of what fd (O_PATH will do) stands for. */
int shmfs_object_truncate(int fd, off_t size);
int shmfs_object_chmod(int fd, mode_t mode);
int shmfs_object_chown(int fd, uid_t uid, gid_t gid);
int shmfs_object_utimens(int fd, const struct timespec times[2]);

/* Something in the directory of this marker has changed: mtime and ctime become the current time.
 */
int shmfs_object_touch(const struct shmfs_name *name);

/*
 * The directory of this marker ("/": the directory of all objects) is listed: its atime becomes the
 * current time if the caller may do that, and where the mount of the objects has it so.
 */
int shmfs_object_update_atime(const struct shmfs_name *marker);

/* shm_unlink(3), but with the errors of unlink(2): -EPERM where that says so. */
int shmfs_object_unlink(const struct shmfs_name *name);

/* Gives the object that fd (O_PATH will do) stands for another name. */
int shmfs_object_link(int fd, const struct shmfs_name *name);

/* renameat2(2). flags: 0, RENAME_NOREPLACE or RENAME_EXCHANGE. */
int shmfs_object_rename(const struct shmfs_name *from, const struct shmfs_name *to, unsigned flags);

/* The numbers of the tmpfs that holds all objects. */
int shmfs_object_statvfs(struct statvfs *ret_st);

/*
 * Takes one entry: its encoded name, inode number, and its type as shown (S_IFDIR for a marker).
 * Returns false to end the listing.
 */
typedef bool shmfs_object_visit_fn(void *arg, const char *name, uint64_t ino, mode_t type);

/*
 * Visits all entries that are shown. While names come and go, those that stay are visited once.
 * Returns 0 or -errno.
 */
int shmfs_object_list(shmfs_object_visit_fn *visit, void *arg);

#endif

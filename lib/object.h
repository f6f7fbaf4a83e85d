/* SPDX-License-Identifier: MIT */
/*
 * Shared memory objects as the regular files of the tmpfs at /dev/shm that they are on Linux, and
 * the directories, symbolic links, FIFOs, sockets and device nodes beside them.
 *
 * dir is a descriptor of a directory of that tmpfs (O_PATH will do), name one component in it. No
 * function follows a symbolic link, or enters a file system that is mounted below.
 *
 * Every function returns 0 (or the value that its comment names) or -errno, the errors of the
 * system call of its name. It acts under the identity that the calling thread has at that time.
 * Descriptors returned are the caller's, O_CLOEXEC.
 */
#ifndef SHMFS_OBJECT_H
#define SHMFS_OBJECT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/types.h>

/* Where the objects lie. */
#define SHMFS_OBJECT_DIR "/dev/shm"

/*
 * Opens the directory of all objects. With CAP_SYS_ADMIN the descriptor leads to the tmpfs alone:
 * without the mounts below /dev/shm, and whether or not it is mounted over later.
 */
int shmfs_object_root(void);

/*
 * Creates the object exclusively, open for reading and writing: shm_open(3) with
 * O_CREAT | O_EXCL | O_RDWR, which is this openat(2) with dir for /dev/shm.
 */
int shmfs_object_create(int dir, const char *name, mode_t mode);

/* An object without a name: O_TMPFILE of open(2). */
int shmfs_object_create_unnamed(int dir, mode_t mode);

/*
 * Opens the object under this name. flags: an access mode, O_CREAT, O_TRUNC, O_APPEND. -ELOOP at a
 * symbolic link, -EAGAIN when another process has a lease on it (see fcntl(2)).
 */
int shmfs_object_open(int dir, const char *name, int flags, mode_t mode);

/* An O_PATH descriptor of the file with this name, of any type. */
int shmfs_object_pin(int dir, const char *name);

/*
 * Opens the file that fd (O_PATH will do) stands for once more, a directory with O_DIRECTORY.
 * flags: an access mode, O_TRUNC, O_APPEND, O_NOATIME. -EAGAIN as above: no open here ever waits
 * for a lease.
 */
int shmfs_object_reopen(int fd, int flags);

int shmfs_object_stat(int dir, const char *name, struct stat *ret_st);

/* The following act on the file that fd (O_PATH will do) stands for. */
int shmfs_object_statx(int fd, struct statx *ret_stx);
int shmfs_object_truncate(int fd, off_t size);
int shmfs_object_chmod(int fd, mode_t mode);
int shmfs_object_chown(int fd, uid_t uid, gid_t gid);
int shmfs_object_utimens(int fd, const struct timespec times[2]);
int shmfs_object_link(int fd, int dir, const char *name);

/*
 * Does every page of the range have memory already? Where the kernel does not tell (before Linux
 * 6.5) an object without a hole counts, and so may one that has as many pages behind its end. fd is
 * open for writing.
 */
bool shmfs_object_is_allocated(int fd, off_t offset, off_t length);

/* Executing it: 0 or -EACCES for the thread's present identity. */
int shmfs_object_may_execute(int fd);

/* Returns the length of the target, which gets no NUL, at most size. */
ssize_t shmfs_object_readlink(int fd, char *ret_target, size_t size);

/* Extended attributes, see xattr(7). Return a length where getxattr(2) and listxattr(2) do. */
ssize_t shmfs_object_getxattr(int fd, const char *name, void *ret_value, size_t size);
ssize_t shmfs_object_listxattr(int fd, char *ret_list, size_t size);
int shmfs_object_setxattr(int fd, const char *name, const void *value, size_t size, int flags);
int shmfs_object_removexattr(int fd, const char *name);

#endif

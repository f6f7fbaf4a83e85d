/* SPDX-License-Identifier: MIT */
/*
 * File handles of tmpfs, see open_by_handle_at(2): an inode number and a generation name an object
 * for as long as it exists, whatever its name is, and pin nothing. They need CAP_DAC_READ_SEARCH in
 * the first user namespace.
 */
#ifndef SHMFS_HANDLE_H
#define SHMFS_HANDLE_H

#include <stdbool.h>
#include <stdint.h>

struct shmfs_handle {
	uint64_t ino;
	uint32_t generation;
};

/*
 * The handle of the file with this name in the directory; name "": of the file that dir itself
 * stands for (O_PATH will do). 0 or -errno; -EOPNOTSUPP when the file has no handle of this form.
 */
int shmfs_handle_of(int dir, const char *name, struct shmfs_handle *ret_handle);

/*
 * Opens the object on the file system of root, which is not O_PATH. flags: O_PATH, or an access
 * mode. Returns a descriptor of the caller's, O_CLOEXEC, or -errno; -ESTALE when the object is
 * gone.
 */
int shmfs_handle_open(int root, struct shmfs_handle handle, int flags);

/* May this process use handles of root's file system? */
bool shmfs_handle_is_usable(int root);

#endif

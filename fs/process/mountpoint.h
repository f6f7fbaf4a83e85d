/* SPDX-License-Identifier: MIT */
/* The directory to mount on: checks before mounting, unmounting, and mounts of dead daemons. */
#ifndef SHMFS_MOUNTPOINT_H
#define SHMFS_MOUNTPOINT_H

#include <stdbool.h>
#include <sys/types.h>

/*
 * Checks that the path can be mounted on: an existing directory, empty unless `nonempty`, without
 * a mount of shmfs. Unmounts a mount of shmfs whose daemon is dead.
 * Returns the absolute path, which the caller frees, or NULL after it logged the reason.
 */
char *mountpoint_prepare(const char *path, bool nonempty);

/* Has the mount of this device (a descriptor of /dev/fuse) been unmounted? */
bool mountpoint_is_gone(int device);

/* May this process unmount by itself, without fusermount3? */
bool mountpoint_can_unmount(void);

/*
 * Gives the number of the mount at this path, which is unique while the mount exists: st_dev of
 * stat(2), but the kernel sends no request to the mount's daemon. 0 or -errno.
 */
int mountpoint_number(const char *path, dev_t *ret_number);

/*
 * Unmounts the mount with this number, unless that has been done, or another mount is in its place
 * or covers it. The file system lives until its last open file is closed. Closes device.
 */
void mountpoint_unmount(const char *path, dev_t number, int device);

#endif

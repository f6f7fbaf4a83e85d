/* SPDX-License-Identifier: MIT */
/* The directory to mount on: what must hold before, and what a dead daemon left there. */
#ifndef SHMFS_MOUNTPOINT_H
#define SHMFS_MOUNTPOINT_H

#include <stdbool.h>
#include <sys/types.h>

/*
 * Checks that the path can be mounted on: an existing directory, empty unless `nonempty`, without
 * a mount of shmfs. A mount of shmfs whose daemon is dead is taken away.
 * Returns the absolute path, which the caller frees, or NULL after it logged why not.
 */
char *mountpoint_prepare(const char *path, bool nonempty);

/* Has the mount that device (/dev/fuse) belongs to been taken away? */
bool mountpoint_is_gone(int device);

/* May this process unmount by itself, without fusermount3? */
bool mountpoint_can_unmount(void);

/*
 * The number of the mount at this path, which no other one has as long as it is there: st_dev of
 * stat(2), but nobody who serves the mount is asked. 0 or -errno.
 */
int mountpoint_number(const char *path, dev_t *ret_number);

/*
 * Takes the mount with this number away, if that has not been done and no other one is in its
 * place or over it; it lasts until its last user is gone. Closes device.
 */
void mountpoint_unmount(const char *path, dev_t number, int device);

#endif

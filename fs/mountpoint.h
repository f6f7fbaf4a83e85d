/* SPDX-License-Identifier: MIT */
/* The directory to mount on: what must hold before, and what a dead daemon left there. */
#ifndef SHMFS_MOUNTPOINT_H
#define SHMFS_MOUNTPOINT_H

#include <stdbool.h>

/*
 * Checks that the path can be mounted on: an existing directory, empty unless `nonempty`, without
 * a mount of shmfs. A mount of shmfs whose daemon is dead is taken away.
 * Returns 0 and the absolute path, which the caller frees, or -1 after it printed why not.
 */
int mountpoint_prepare(const char *path, bool nonempty, char **ret_path);

/* Has the mount that device (/dev/fuse) belongs to been taken away? */
bool mountpoint_is_gone(int device);

/* Takes it away, if that has not been done; it lasts until its last user is gone. Closes device. */
void mountpoint_unmount(const char *path, int device);

#endif

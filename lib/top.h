/* SPDX-License-Identifier: MIT */
/* The top of a mount namespace, which a process in a chroot does not see. */
#ifndef SHMFS_TOP_H
#define SHMFS_TOP_H

/*
 * Makes the root of the mount namespace the working directory. The root directory becomes
 * `elsewhere`, a directory of another mount: the caller sets the root that it wants afterwards.
 * Needs CAP_SYS_CHROOT. 0 or -errno.
 */
int shmfs_top_enter(const char *elsewhere);

#endif

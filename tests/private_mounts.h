/* SPDX-License-Identifier: MIT */
/* A mount namespace from which nothing gets out, also in a chroot whose / is no mount point. */
#ifndef SHMFS_TEST_PRIVATE_MOUNTS_H
#define SHMFS_TEST_PRIVATE_MOUNTS_H

/*
 * For a process whose mount namespace is new (unshare(2), CLONE_NEWNS): what is mounted and
 * unmounted in it and outside from now on concerns the other side no more. The root directory is
 * the root of the namespace then. 0 or -errno; after an error the process is good for nothing.
 */
int private_mounts(void);

#endif

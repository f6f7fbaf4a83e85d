/* SPDX-License-Identifier: MIT */
/*
 * Acting as the caller: the identity that this thread has towards file systems. See credentials(7),
 * setfsuid(2). While it stands, the kernel judges and creates as if the caller itself had called.
 */
#ifndef SHMFS_IDENTITY_H
#define SHMFS_IDENTITY_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/*
 * Prepares the process, before it has threads: root gives up its supplementary groups, so that they
 * never count as a caller's. Returns 0 or -errno.
 */
int shmfs_identity_init(void);

/*
 * Lowers these of the thread's effective capabilities (bits, 1 << CAP_…) until
 * shmfs_identity_restore(): to act as a root that lacks them. To be called before
 * shmfs_identity_assume(), which then takes groups seriously for root too. Returns 0 or -EPERM.
 */
int shmfs_identity_lower(uint32_t capabilities);

/*
 * Makes this thread act as the given user until shmfs_identity_restore(). groups may be NULL with
 * count 0. Returns 0, or -EPERM when the process may not act as that user: nothing is changed then.
 */
int shmfs_identity_assume(uid_t uid, gid_t gid, const gid_t *groups, size_t count);

/*
 * Makes this thread itself again; does nothing when it is. Ends the process if that is refused:
 * going on as another user would be worse.
 */
void shmfs_identity_restore(void);

#endif

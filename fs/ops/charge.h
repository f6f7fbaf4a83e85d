/* SPDX-License-Identifier: MIT */
/*
 * Memory that a request allocates is charged to the memory cgroup of its caller, where the daemon
 * may do that. Where a cgroup has a limit, reaching it does not end the daemon; and a long
 * allocation ends when its caller is interrupted. All this is done by a helper (helper.h). To be
 * called with the daemon's own identity.
 */
#ifndef SHMFS_CHARGE_H
#define SHMFS_CHARGE_H

#include "fs.h"
#include "helper.h"
#include "request/caller.h"

/* Opens fs->cgroups, and says in the log which memory cannot be charged to callers. */
void charge_init(struct fs *fs, bool say);
void charge_clear(struct fs *fs);

/*
 * The caller is going to allocate, perhaps by a system call that the daemon does not see. In a
 * cgroup with a limit, or when the tmpfs is half full, this waits until the memory that the
 * caller's user has removed is free: the kernel would kill the caller for want of it, or say
 * ENOSPC.
 */
void charge_make_room(struct fs *fs, const struct caller *caller);

/*
 * Returns the result of allocation_run(), or -ENOMEM: the caller may not have so much. As on tmpfs,
 * any signal to the caller ends a copy, which tells how far it came; allocating ends with -EINTR
 * when the signal kills the caller, and then nothing has changed.
 */
ssize_t charge_run(struct fs *fs, const struct caller *caller, const struct allocation *allocation);

/*
 * Allocates a range in the caller's name, for a system call that follows and that cannot be made by
 * a helper; does nothing where the daemon itself would pay. -ENOMEM: the caller may not have so
 * much; -EINTR: it is being killed. Other errors are left to the system call.
 */
int charge_ahead(struct fs *fs, const struct caller *caller, int fd, off_t offset, off_t length);

#endif

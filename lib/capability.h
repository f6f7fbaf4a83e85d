/* SPDX-License-Identifier: MIT */
/*
 * Which capabilities another process has, of those that the mode rules know (access.h). See
 * capabilities(7), proc_pid_status(5).
 */
#ifndef SHMFS_CAPABILITY_H
#define SHMFS_CAPABILITY_H

#include <linux/capability.h>
#include <stdint.h>
#include <sys/types.h>

#define SHMFS_CAPABILITY_BIT(capability) (UINT32_C(1) << (capability))

/* All that there are, for what can be done to files. */
#define SHMFS_CAPABILITIES                                                                     \
	(SHMFS_CAPABILITY_BIT(CAP_CHOWN) | SHMFS_CAPABILITY_BIT(CAP_DAC_OVERRIDE) |            \
		SHMFS_CAPABILITY_BIT(CAP_DAC_READ_SEARCH) | SHMFS_CAPABILITY_BIT(CAP_FOWNER) | \
		SHMFS_CAPABILITY_BIT(CAP_FSETID))

/*
 * Those that are effective for a thread that asks for something as user 0, as bits. None when it
 * lives in another user namespace: there they are worth nothing here. None when it has ended.
 * All when it cannot be told: pid is 0; /proc shows other processes than ours; or the thread
 * is not user 0, and asks with credentials that are not its own (access(2), overlayfs).
 */
uint32_t shmfs_capability_of(pid_t pid);

#endif

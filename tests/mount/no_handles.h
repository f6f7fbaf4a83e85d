/* SPDX-License-Identifier: MIT */
/* A daemon of root that may not use file handles, as in a container. */
#ifndef SHMFS_TEST_NO_HANDLES_H
#define SHMFS_TEST_NO_HANDLES_H

#include <linux/capability.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Gives up CAP_DAC_READ_SEARCH for good. Returns whether that was possible. */
static inline bool lose_handles(void)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct sets[_LINUX_CAPABILITY_U32S_3];

	if (syscall(SYS_capget, &header, sets) < 0)
		return false;
	sets[0].permitted &= ~(UINT32_C(1) << CAP_DAC_READ_SEARCH);
	sets[0].effective &= sets[0].permitted;
	return syscall(SYS_capset, &header, sets) == 0;
}

#endif

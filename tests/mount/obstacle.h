/* SPDX-License-Identifier: MIT */
/*
 * Features that not every machine has. The kernel is asked, not the daemon: that may be wrong about
 * it.
 */
#ifndef SHMFS_TEST_OBSTACLE_H
#define SHMFS_TEST_OBSTACLE_H

#include <stdbool.h>
#include <stdint.h>

/* Does the kernel offer a new mount this feature (a flag of FUSE_INIT)? Only root can ask. */
bool kernel_offers(uint64_t feature);

/*
 * Why a mount of root's cannot have passthrough here, as the daemon should say it. NULL if it can,
 * and for callers other than root, which cannot ask.
 */
const char *passthrough_obstacle(void);

#endif

/* SPDX-License-Identifier: MIT */
/* The daemon's use of descriptors and memory, all of its processes together. */
#ifndef SHMFS_TEST_USAGE_H
#define SHMFS_TEST_USAGE_H

#include "../mount/harness.h"

struct usage {
	size_t memory; /* bytes that are its own and written to */
	size_t fds;    /* open file descriptors */
};

/* Asserts that the daemon is there. */
struct usage daemon_usage(const struct daemon *daemon);

/*
 * Waits until there are at most so many descriptors: the kernel tells of the last close a little
 * later.
 */
bool wait_for_fds(const struct daemon *daemon, size_t fds);

#endif

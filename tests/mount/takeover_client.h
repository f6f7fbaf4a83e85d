/* SPDX-License-Identifier: MIT */
/*
 * A program that uses a mount all the time, in a directory of its own, and knows the right result
 * of each call: it keeps a model of all its names, objects and their bytes.
 */
#ifndef SHMFS_TEST_TAKEOVER_CLIENT_H
#define SHMFS_TEST_TAKEOVER_CLIENT_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/* Shared by all clients and their parent. */
struct tally {
	atomic_bool stop;
	atomic_ulong calls;      /* that were checked */
	atomic_ulong errors;     /* calls that failed */
	atomic_ulong wrong;      /* calls that returned something else than they had to */
	atomic_ulong longest_us; /* that a call took */
};

/* Works in the directory `dir`, which it makes, until tally->stop. mmap: MAP_SHARED is possible. */
void client_run(const char *dir, uint32_t seed, bool mmap, struct tally *tally);

#endif

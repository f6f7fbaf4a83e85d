/* SPDX-License-Identifier: MIT */
/*
 * A place in a listing, as a number that fits into the off_t of readdir(3): it is not negative, and
 * 0 for no place, which is where a listing starts.
 */
#ifndef SHMFS_POSITION_H
#define SHMFS_POSITION_H

#include <stdint.h>

/* Behind so many links with this hash, of those that the object has in the directory. */
struct shmfs_position {
	uint64_t ino;   /* below 2^42 */
	uint32_t hash;  /* see shmfs_position_hash() */
	unsigned count; /* up to SHMFS_POSITION_COUNT_MAX; 0: behind all links, whatever their hash
			 */
};

#define SHMFS_POSITION_COUNT_MAX 15U

struct shmfs_position shmfs_position_unpack(uint64_t position);
uint64_t shmfs_position_pack(const struct shmfs_position *at);

/* As many of the highest bits of a link's `tie` (order.h) as a position of this object can hold. */
uint32_t shmfs_position_hash(uint64_t ino, uint32_t tie);

/* A tie that is higher than those of all links with the hash, by as little as possible; or 0. */
uint64_t shmfs_position_limit(const struct shmfs_position *at);

#endif

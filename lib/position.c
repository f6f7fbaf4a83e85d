/* SPDX-License-Identifier: MIT */
/*
 * From the highest bit down: a mark for high numbers of inodes, the number, the hash, the count.
 * High numbers leave less room for the hash.
 */
#include "position.h"

#include <stdbool.h>

#define COUNT_BITS 4
#define HIGH_INO (UINT64_C(1) << 30)
#define HIGH_MARK (UINT64_C(1) << 62)

static int hash_bits(bool is_high)
{
	return is_high ? 16 : 28;
}

struct shmfs_position shmfs_position_unpack(uint64_t position)
{
	const int bits = hash_bits(position & HIGH_MARK);

	position &= ~HIGH_MARK;
	return (struct shmfs_position){
		.ino = position >> (bits + COUNT_BITS),
		.hash = (uint32_t)(position >> COUNT_BITS) & ((UINT32_C(1) << bits) - 1),
		.count = (unsigned)position & SHMFS_POSITION_COUNT_MAX,
	};
}

uint64_t shmfs_position_pack(const struct shmfs_position *at)
{
	const bool is_high = at->ino >= HIGH_INO;
	const uint64_t position =
		(at->ino << hash_bits(is_high) | at->hash) << COUNT_BITS | at->count;

	return is_high ? position | HIGH_MARK : position;
}

uint32_t shmfs_position_hash(uint64_t ino, uint32_t tie)
{
	return tie >> (32 - hash_bits(ino >= HIGH_INO));
}

uint64_t shmfs_position_limit(const struct shmfs_position *at)
{
	if (at->count == 0)
		return 0;
	return (at->hash + UINT64_C(1)) << (32 - hash_bits(at->ino >= HIGH_INO));
}

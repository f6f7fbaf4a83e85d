/* SPDX-License-Identifier: MIT */
/*
 * How many descriptors each user's open objects take. A user has at most half of those that the
 * other users leave, and none of a reserve that serves lookups and listings. The user that the
 * daemon runs as has no limit of its own. The caller's lock guards everything.
 */
#ifndef SHMFS_SHARES_H
#define SHMFS_SHARES_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* More users than this have no limit each. */
enum { SHARES_USERS = 256 };

struct shares {
	unsigned limit; /* descriptors for open objects, of all users */
	unsigned used;
	unsigned count; /* of entries, the first ones */
	struct shares_entry {
		uid_t user;
		unsigned used;
	} entries[SHARES_USERS];
	atomic_bool told;
};

/* The process has its limit of descriptors (RLIMIT_NOFILE). */
void shares_init(struct shares *shares);

/* May this user have one more object open? If not, the first time the log says why. */
bool shares_allow(struct shares *shares, uid_t user);

/* The users of whom that is not so, `max` at most. Returns how many. */
size_t shares_list_full(const struct shares *shares, uint64_t *ret_users, size_t max);

/* The user's objects take so many more descriptors, or fewer. */
void shares_add(struct shares *shares, uid_t user, int descriptors);

#endif

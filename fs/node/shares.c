/* SPDX-License-Identifier: MIT */
#include "shares.h"

#include "request/log.h"

#include <limits.h>
#include <sys/resource.h>
#include <unistd.h>

/* Of all descriptors, but so many at least (the daemon's own are among them) and at most. */
#define RESERVE_PART 8
#define RESERVE_MIN 28
#define RESERVE_MAX 256

void shares_init(struct shares *shares)
{
	struct rlimit limit;
	rlim_t all = UINT_MAX, reserve;

	if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < all)
		all = limit.rlim_cur;
	reserve = all / RESERVE_PART;
	if (reserve > RESERVE_MAX)
		reserve = RESERVE_MAX;
	if (reserve < RESERVE_MIN)
		reserve = RESERVE_MIN;
	*shares = (struct shares){.limit = all > reserve ? (unsigned)(all - reserve) : 0};
}

static struct shares_entry *find(struct shares *shares, uid_t user)
{
	for (unsigned i = 0; i < shares->count; i++)
		if (shares->entries[i].user == user)
			return &shares->entries[i];
	return NULL;
}

/* NULL: there is no place. */
static struct shares_entry *find_or_add(struct shares *shares, uid_t user)
{
	struct shares_entry *entry = find(shares, user);

	if (entry || shares->count == SHARES_USERS)
		return entry;
	entry = &shares->entries[shares->count++];
	*entry = (struct shares_entry){.user = user};
	return entry;
}

static bool has_room(const struct shares *shares, uid_t user, unsigned mine)
{
	const unsigned others = shares->used - mine;
	const unsigned left = others < shares->limit ? shares->limit - others : 0;

	return user == geteuid() || (mine < left / 2 && shares->used < shares->limit);
}

size_t shares_list_full(const struct shares *shares, uint64_t *ret_users, size_t max)
{
	size_t count = 0;

	for (unsigned i = 0; i < shares->count && count < max; i++)
		if (!has_room(shares, shares->entries[i].user, shares->entries[i].used))
			ret_users[count++] = shares->entries[i].user;
	return count;
}

bool shares_allow(struct shares *shares, uid_t user)
{
	const struct shares_entry *entry = find(shares, user);
	const unsigned mine = entry ? entry->used : 0;

	if (has_room(shares, user, mine))
		return true;
	log_error_once(&shares->told,
		"user %u has objects open that take %u descriptors, half of what others leave: "
		"no more (RLIMIT_NOFILE)",
		(unsigned)user, mine);
	return false;
}

void shares_add(struct shares *shares, uid_t user, int descriptors)
{
	struct shares_entry *entry = find_or_add(shares, user);

	/* Descriptors that were added without an entry are not counted. */
	if (!entry || descriptors == 0 || (descriptors < 0 && entry->used < (unsigned)-descriptors))
		return;
	entry->used += (unsigned)descriptors;
	shares->used += (unsigned)descriptors;
	if (entry->used == 0)
		*entry = shares->entries[--shares->count];
}

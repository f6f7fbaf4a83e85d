/* SPDX-License-Identifier: MIT */
#include "caller.h"

#include "capability.h"
#include "identity.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

/* Enough for nearly everybody; who has more is asked twice. */
#define GROUPS_FIRST 32

/* Reading the groups costs more than most operations: a file in /proc. Returns 0 or -errno. */
static int read_groups(struct caller *caller)
{
	int room = GROUPS_FIRST;

	for (;;) {
		gid_t *groups = realloc(caller->groups, (size_t)room * sizeof(*groups));
		int count;

		if (!groups)
			return -ENOMEM;
		caller->groups = groups;
		count = fuse_req_getgroups(caller->req, room, groups);
		if (count < 0)
			return count;
		if (count <= room) {
			caller->count = count;
			return 0;
		}
		room = count;
	}
}

static int in_group(struct shmfs_caller *ids, gid_t gid)
{
	struct caller *caller = (struct caller *)ids;

	if (caller->count < 0 && caller->error == 0)
		caller->error = read_groups(caller);
	for (int i = 0; i < caller->count; i++)
		if (caller->groups[i] == gid)
			return 1;
	return caller->error;
}

/* Costs more than most operations, too. */
static bool capable(struct shmfs_caller *ids, int capability)
{
	struct caller *caller = (struct caller *)ids;

	if (!caller->asked)
		caller->capabilities = shmfs_capability_of(fuse_req_ctx(caller->req)->pid);
	caller->asked = true;
	return caller->capabilities & SHMFS_CAPABILITY_BIT(capability);
}

struct caller caller_of(fuse_req_t req)
{
	const struct fuse_ctx *ctx = fuse_req_ctx(req);

	return (struct caller){
		.ids = {.uid = ctx->uid, .gid = ctx->gid, .in_group = in_group, .capable = capable},
		.req = req,
		.count = -1,
	};
}

void caller_clear(struct caller *caller)
{
	shmfs_identity_restore();
	free(caller->groups);
}

/* The capabilities that user 0 is known not to have; any other user loses the daemon's anyway. */
static uint32_t lacks(const struct caller *caller)
{
	return caller->asked ? SHMFS_CAPABILITIES & ~caller->capabilities : 0;
}

/* As this user and group without these capabilities, with the groups of the caller. */
static int enter(const struct caller *caller, uid_t uid, gid_t gid, uint32_t missing)
{
	const int r = missing ? shmfs_identity_lower(missing) : 0;

	return r < 0 ? r
		     : shmfs_identity_assume(uid, gid, caller->groups,
			       caller->count > 0 ? (size_t)caller->count : 0);
}

int caller_enter(const struct caller *caller)
{
	return caller_enter_with_group(caller, caller->ids.gid);
}

int caller_enter_with_group(const struct caller *caller, gid_t gid)
{
	const uint32_t missing = lacks(caller);

	if (caller->error < 0 && (caller->ids.uid != 0 || missing))
		return -EPERM;
	return enter(caller, caller->ids.uid, gid, missing);
}

int caller_enter_to_change(struct caller *caller, const struct stat *st)
{
	const bool special = st->st_mode & (S_ISUID | S_ISGID);
	const bool root = caller->ids.uid == 0;

	if (special && root && capable(&caller->ids, CAP_FSETID))
		return caller_enter(caller);
	/* A member of the group keeps the bit, on an object without S_IXGRP and on a new one. */
	if ((st->st_mode & S_ISGID) && caller->ids.gid != st->st_gid)
		in_group(&caller->ids, st->st_gid);
	return caller_enter(caller);
}

int caller_enter_to_clear(const struct caller *caller)
{
	return enter(caller, geteuid(), caller->ids.gid, SHMFS_CAPABILITY_BIT(CAP_FSETID));
}

void caller_leave(void)
{
	shmfs_identity_restore();
}

bool caller_ask_groups(struct caller *caller)
{
	if (caller->ids.uid == 0 || caller->count >= 0 || caller->error < 0)
		return false;
	caller->error = read_groups(caller);
	return caller->count > 0;
}

/* SPDX-License-Identifier: MIT */
/* The credentials of a request: what this thread acts with when it acts as the caller. */
#ifndef SHMFS_CALLER_H
#define SHMFS_CALLER_H

#include "fuse3.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct caller {
	fuse_req_t req;
	uid_t uid;
	gid_t gid;
	gid_t *groups;    /* supplementary; read when they are first needed */
	int count;        /* -1: not read yet */
	uint32_t without; /* capabilities of the daemon's that it does not act with, a bit each */
};

/* The groups are freed with caller_clear(). */
struct caller caller_of(fuse_req_t req);

/* For `__attribute__((cleanup))`: also ends acting as the caller. */
void caller_clear(struct caller *caller);

#define CALLER(name, req) __attribute__((cleanup(caller_clear))) struct caller name = caller_of(req)

/*
 * Makes this thread act as the caller, with the groups that have been read, until caller_leave().
 * -EPERM when the daemon may not act as that user.
 */
int caller_enter(const struct caller *caller);
void caller_leave(void);

/*
 * Reads the supplementary groups, which costs more than most operations: a file in /proc. Returns
 * whether there is anything new to act with: not for root, whom they give nothing, and not twice.
 */
bool caller_read_groups(struct caller *caller);

/* What this thread creates from now on gets the caller's umask, or the default ACL in its place. */
void caller_set_umask(const struct caller *caller);

/*
 * Makes this thread act as the daemon, but with the caller's groups and without CAP_FSETID: to
 * clear S_ISUID and S_ISGID of what belongs to another user as the caller's own write would.
 */
int caller_enter_to_clear(const struct caller *caller);

#endif

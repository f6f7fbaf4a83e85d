/* SPDX-License-Identifier: MIT */
/* Who asks: the credentials of a request, for the mode rules and to act under. */
#ifndef SHMFS_CALLER_H
#define SHMFS_CALLER_H

#include "access.h"
#include "fuse3.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct caller {
	struct shmfs_caller ids; /* first: shmfs_access_*() hand it back to its functions */
	fuse_req_t req;
	gid_t *groups;         /* supplementary; read when they are first asked for */
	int count;             /* -1: not asked yet */
	int error;             /* -errno: they could not be read */
	bool asked;            /* for capabilities; only user 0 is */
	uint32_t capabilities; /* bits of SHMFS_CAPABILITIES that it has */
};

/* The groups are freed with caller_clear(). */
struct caller caller_of(fuse_req_t req);

/* For `__attribute__((cleanup))`: also ends acting as the caller. */
void caller_clear(struct caller *caller);

/*
 * Makes this thread act as the caller, with its groups and without the capabilities it lacks
 * if these decided anything before, until caller_clear() or caller_leave(). -EPERM when the daemon
 * may not act as that user, or cannot tell its groups.
 */
int caller_enter(const struct caller *caller);

/* The same, but what is made belongs to this group. */
int caller_enter_with_group(const struct caller *caller, gid_t gid);

/*
 * The same to change what st describes, an object or a directory: with the capabilities and
 * groups if its S_ISUID or S_ISGID makes them decide.
 */
int caller_enter_to_change(struct caller *caller, const struct stat *st);

/*
 * Makes this thread act as the daemon, but with the caller's groups and without CAP_FSETID: to
 * clear S_ISUID and S_ISGID of what belongs to somebody else as the caller's own write would.
 */
int caller_enter_to_clear(const struct caller *caller);

void caller_leave(void);

/*
 * What the caller was refused may be granted to one of its groups, if nobody has asked for them
 * yet: asks. False: there is nothing new to act with.
 */
bool caller_ask_groups(struct caller *caller);

#define CALLER(name, req) __attribute__((cleanup(caller_clear))) struct caller name = caller_of(req)

#endif

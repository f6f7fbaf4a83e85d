/* SPDX-License-Identifier: MIT */
/* The credentials of a request's caller. A thread assumes them to act as the caller. */
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
	uint32_t without; /* the daemon's capabilities that it gives up to act, a bit each */
};

/* caller_clear() frees the groups. */
struct caller caller_of(fuse_req_t req);

/*
 * For `__attribute__((cleanup))`: the thread stops acting as the caller, and the groups are freed.
 */
void caller_clear(struct caller *caller);

#define CALLER(name, req) __attribute__((cleanup(caller_clear))) struct caller name = caller_of(req)

/*
 * Makes this thread act as the caller until caller_leave(), with the groups that have been read.
 * -EPERM: the daemon may not act as that user.
 */
int caller_enter(const struct caller *caller);
void caller_leave(void);

/*
 * Reads the supplementary groups from a file in /proc, which costs more than most operations. True:
 * acting as the caller again may now succeed. False: the caller is the daemon's own user, the
 * groups were read before, or they cannot be read.
 */
bool caller_read_groups(struct caller *caller);

/*
 * The caller's umask, or the default ACL in its place, applies to objects and directories that this
 * thread creates from now on.
 */
void caller_set_umask(const struct caller *caller);

/*
 * Makes this thread act as the daemon, but with the caller's groups and without CAP_FSETID. A
 * change of another user's object then clears S_ISUID and S_ISGID, as the caller's own write would.
 */
int caller_enter_to_clear(const struct caller *caller);

#endif

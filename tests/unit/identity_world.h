/* SPDX-License-Identifier: MIT */
/* What the tests of lib/identity start from. */
#ifndef SHMFS_UNIT_IDENTITY_WORLD_H
#define SHMFS_UNIT_IDENTITY_WORLD_H

#include <stdbool.h>
#include <sys/types.h>

/* Ids that nobody has on a usual system. */
enum { ALICE = 64001, BOB = 64002, STAFF = 64003, EXTRA = 64004 };

extern const gid_t identity_extra[1];

/* What the kernel is made to refuse. */
extern struct identity_refused {
	bool setfsuid, setfsgid, setgroups;
} identity_refused;

int __real_setfsuid(uid_t uid);
int __wrap_setfsuid(uid_t uid);
int __real_setfsgid(gid_t gid);
int __wrap_setfsgid(gid_t gid);
long __real_syscall(long number, ...);
long __wrap_syscall(long number, ...);

/* The identity of this thread. */
void identity_check(uid_t uid, gid_t gid, int groups);
void identity_check_creates(const char *name, uid_t uid, gid_t gid);

#endif

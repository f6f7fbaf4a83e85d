/* SPDX-License-Identifier: MIT */
/* The users of the tests; none of them needs an entry in /etc/passwd. */
#ifndef SHMFS_TEST_WHO_H
#define SHMFS_TEST_WHO_H

#include <sys/types.h>

struct who {
	uid_t uid;
	gid_t gid;
	gid_t groups[2]; /* supplementary; 0: none */
};

extern const struct who ROOT, ALICE, BOB;
extern const struct who MEMBER;     /* in the group of ALICE by gid */
extern const struct who SUPPLEMENT; /* in the group of ALICE by a supplementary group */
extern const struct who NOBODY;

/* Programs that this process starts from now on cannot raise its limits: see setrlimit(2). */
void who_keep_limits(void);

/* Makes this process one of that user, for good. Returns 0 or -errno. */
int who_become(struct who who);

#endif

/* SPDX-License-Identifier: MIT */
/* The callers for whom the mode rules are tried: one of each class, and in each way. */
#ifndef SHMFS_TEST_CALLERS_H
#define SHMFS_TEST_CALLERS_H

#include "access.h"

/* Ids that nobody has on a usual system. */
enum {
	OWNER = 64001,    /* user of the object */
	GROUP = 64002,    /* group of the object */
	STRANGER = 64003, /* user of something else */
	ELSE = 64004,     /* group of something else */
};

struct who {
	struct shmfs_caller caller; /* first: in_group gets a pointer to it */
	gid_t supplementary;        /* the only one, 0: none */
	unsigned asked;             /* how often in_group was called */
	const char *what;
};

#define CALLERS 7

/* All of them, with in_group set. */
extern struct who callers[CALLERS];

bool who_is_root(const struct who *who);
bool who_has_group(const struct who *who, gid_t gid);

/* What is known of an object or directory. type: S_IFREG or S_IFDIR. */
struct stat inode_of(mode_t type, mode_t mode, uid_t uid, gid_t gid);

#endif

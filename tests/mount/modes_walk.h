/* SPDX-License-Identifier: MIT */
/* The steps of random walks. */
#ifndef SHMFS_TEST_MODES_WALK_H
#define SHMFS_TEST_MODES_WALK_H

#include "modes.h"

enum { SLOTS = 2 };

/* A walker's directory and descriptors on one side. */
struct hand {
	int dir;
	const char *path; /* of the directory */
	int fds[SLOTS];
	struct view *seen;
};

struct step {
	size_t walker;
	size_t verb;
	const char *name, *other; /* paths below the directory */
	int slot;
	uint32_t a, b;
};

/*
 * An object made in a directory of the view becomes a name in /dev/shm; there the modes of /dev/shm
 * itself count, too. So they stay as they are where there are directories.
 */
enum setting { ANYWHERE, WITHOUT_DIRECTORIES, WITH_DIRECTORIES };

struct verb {
	const char *name;
	/* Returns the system call's result, with its errno; descriptors become 0. */
	long (*call)(const struct step *s, struct hand *h);
	enum setting setting;
};

/* Those that should come more often stand there more often. */
extern const struct verb verbs[];
extern const size_t verb_count;

#define PICK(table, random) ((table)[(random) % ARRAY_SIZE(table)])

#endif

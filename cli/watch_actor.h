/* SPDX-License-Identifier: MIT */
/* Whose process did it. Processes end soon after what they do: the last ones are remembered. */
#ifndef SHMFS_CLI_WATCH_ACTOR_H
#define SHMFS_CLI_WATCH_ACTOR_H

#include "process.h"

#include <stdint.h>
#include <sys/types.h>
#include <time.h>

#define WATCH_ACTORS 64

struct watch_actor {
	pid_t pid; /* 0: none */
	struct timespec seen;
	uid_t uid;
	uint64_t start; /* see process.h */
	char command[SHMFS_COMMAND_SIZE];
	dev_t view; /* the mount of FUSE that this daemon serves; 0: it serves none */
};

struct watch_actors {
	struct watch_actor actors[WATCH_ACTORS];
	size_t next;
};

/* pidfd: -1, or proves that the process still lives. NULL: it has ended, and was never seen. */
const struct watch_actor *watch_actor_find(struct watch_actors *actors, pid_t pid, int pidfd);

#endif

/* SPDX-License-Identifier: MIT */
/* The process of an event. */
#ifndef SHMFS_CLI_WATCH_ACTOR_H
#define SHMFS_CLI_WATCH_ACTOR_H

#include "process.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct watch_actor {
	pid_t pid;
	uid_t uid;
	uint64_t start; /* see process.h */
	char command[SHMFS_COMMAND_SIZE];
};

struct watch_actors;

int watch_actors_new(struct watch_actors **ret_actors);
/* NULL is accepted. Returns NULL. */
struct watch_actors *watch_actors_free(struct watch_actors *actors);

/* pidfd: the process; -1: it has ended. false: it has ended, so that its user and its command are
 * not known. */
bool watch_actor_find(
	const struct watch_actors *actors, pid_t pid, int pidfd, struct watch_actor *ret_actor);

/* The mount of FUSE that the process serves; 0: it serves none. */
dev_t watch_actor_view(struct watch_actors *actors, const struct watch_actor *actor);

#endif

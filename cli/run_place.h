/* SPDX-License-Identifier: MIT */
/*
 * A guard can hold a tmpfs (--size) and an IPC namespace (--ipc) for all programs in the namespace.
 * It is found by the lock on the directory, and the name of its process says its duties:
 * "shmfs-guard-", and "s", "i", and "r" if it also removes the namespace.
 */
#ifndef SHMFS_CLI_RUN_PLACE_H
#define SHMFS_CLI_RUN_PLACE_H

#include "run_directory.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct run_place {
	int guard; /* pidfd; -1: no guard holds anything */
	pid_t pid;
	bool has_tmpfs, has_ipc;
};

#define RUN_PLACE_NONE ((struct run_place){.guard = -1})

/* Names this process. */
void run_place_name_guard(bool has_tmpfs, bool has_ipc, bool removes);

/* Does the name of the process say that it is a guard that removes the namespace? */
bool run_place_removes(pid_t pid);

/*
 * Finds the guard that holds something for this directory. The caller holds the lock, shared.
 * A process of another user than the caller is not believed.
 */
void run_place_find(struct run_place *ret_place, const struct run_directory *directory);

/* Does another guard hold something for it already? */
bool run_place_is_taken(const struct run_directory *directory);

/*
 * Enters the user namespace and the IPC namespace of the guard. Returns 0 or RUN_FAILED, with the
 * reason printed.
 */
int run_place_join(const struct run_place *place);

/*
 * After run_place_join(), in a mount namespace of its own: a copy of the guard's tmpfs, for
 * run_enter_tree(). Returns -errno.
 */
int run_place_clone_tmpfs(const struct run_place *place);

void run_place_close(struct run_place *place);

#endif

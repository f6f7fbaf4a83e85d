/* SPDX-License-Identifier: MIT */
/*
 * The way into a namespace: this process gets a mount namespace of its own in which the directory
 * lies over /dev/shm. All functions return 0, or RUN_FAILED when the reason has been printed.
 */
#ifndef SHMFS_CLI_RUN_ENTER_H
#define SHMFS_CLI_RUN_ENTER_H

#include "run_directory.h"

#include <stdint.h>

/*
 * Makes new namespaces (CLONE_NEWNS, CLONE_NEWIPC; see unshare(2)), in a new user namespace where
 * the caller alone may not: there the caller has the same user and group as outside. With
 * CLONE_NEWNS no mount in the new mount namespace is seen outside, but mounts and unmounts outside
 * are seen inside.
 */
int run_enter_new(int flags);

/* In the new mount namespace: the directory takes the place of the mount at /dev/shm. */
int run_enter_directory(const struct run_directory *directory, const char *base, const char *name);

/* The same for a detached mount, see open_tree(2). */
int run_enter_tree(int tree);

/* The same for a new tmpfs of this size in bytes. */
int run_enter_tmpfs(uint64_t size);

/* In the new mount namespace: this directory lies over /tmp. */
int run_enter_tmp(const char *path);

/* Is the tmpfs that is mounted now of this size? It rounds up to pages. */
int run_enter_check_size(uint64_t size);

/* In the new IPC namespace: its message queues lie over /dev/mqueue, if that is there. */
void run_enter_queues(void);

#endif

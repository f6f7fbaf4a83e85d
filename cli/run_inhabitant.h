/* SPDX-License-Identifier: MIT */
/*
 * Processes that run in a namespace without holding its lock: programs that close all their
 * descriptors. Such a process is known by its mounts, see proc_pid_mountinfo(5).
 */
#ifndef SHMFS_CLI_RUN_INHABITANT_H
#define SHMFS_CLI_RUN_INHABITANT_H

#include "run_directory.h"

#include <stddef.h>
#include <sys/types.h>

/* A process whose /dev/shm is this directory, apart from the caller's own; 0: none is seen. */
pid_t run_inhabitant_find(const struct run_directory *directory);

/*
 * Is this line of mountinfo a mount at /dev/shm of the file system dev, of a directory whose last
 * component is this one?
 */
bool run_inhabitant_is_mount(const char *line, dev_t dev, const char *component);

/* The name of a process, for messages; "?" when it has ended. */
void run_inhabitant_name(pid_t pid, char *ret_name, size_t size);

#endif

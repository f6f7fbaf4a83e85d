/* SPDX-License-Identifier: MIT */
/* The users of a namespace: by its lock, by its mounts, or by holding one of its objects. */
#ifndef SHMFS_CLI_RUN_USE_H
#define SHMFS_CLI_RUN_USE_H

#include "run_directory.h"

#include <sys/types.h>

/* A process that runs in the namespace; 0: none is seen. */
pid_t run_use_find(const struct run_directory *directory);

/*
 * A process that maps an object of the namespace or has a descriptor of it, through any door; 0:
 * none is seen. -errno. The caller's own descriptors of directories do not count.
 */
pid_t run_use_find_holder(const struct run_directory *directory);

/* Prints that the process, or one that cannot be seen (0), uses the namespace; what: the rest of
   the sentence, or "". Returns RUN_FAILED. */
int run_use_refuse(const char *name, pid_t pid, const char *what);

#endif

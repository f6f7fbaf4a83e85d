/* SPDX-License-Identifier: MIT */
/* A mount from its beginning to its end, and who serves it: a keeper's workers, or this process. */
#ifndef SHMFS_MOUNT_H
#define SHMFS_MOUNT_H

#include "options.h"

/*
 * Mounts, has it served, unmounts. mount_point: absolute. argv: the command line, for a successor.
 * Signals are blocked (startup_prepare()). What fails is logged. Returns the exit status of the
 * process: this one, or a worker that it has become.
 */
int mount_run(const struct options *options, const char *mount_point, char **argv);

/* The same for a program that goes on in the place of another one, see successor.h. */
int mount_continue(const struct options *options, char **argv, int memory);

#endif

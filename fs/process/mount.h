/* SPDX-License-Identifier: MIT */
/* A mount from its beginning to its end. A keeper's workers serve it, or this process does. */
#ifndef SHMFS_MOUNT_H
#define SHMFS_MOUNT_H

#include "options.h"

/*
 * Mounts, has the mount served, unmounts. mount_point: absolute. argv: the command line, for a
 * successor. The caller has blocked signals (startup_prepare()). Failures are logged. Returns the
 * exit status of this process, which may have become a worker.
 */
int mount_run(const struct options *options, const char *mount_point, char **argv);

/* Continues the mount of the program that this one replaces, see successor.h. */
int mount_continue(const struct options *options, char **argv, int memory);

#endif

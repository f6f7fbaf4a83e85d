/* SPDX-License-Identifier: MIT */
/* The process that a mount belongs to: makes it, has it served, ends it. keeper.c tells how. */
#ifndef SHMFS_KEEPER_H
#define SHMFS_KEEPER_H

#include "options.h"

/*
 * mount_point: absolute. argv: the command line. Signals are blocked (startup_prepare()).
 * Returns the exit status of the process: this one, or a worker that it has become.
 */
int keeper_run(struct options *options, const char *mount_point, char **argv);

/* The same for a program that goes on in the place of another one, see successor.h. */
int keeper_continue(struct options *options, char **argv, int memory);

#endif

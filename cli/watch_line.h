/* SPDX-License-Identifier: MIT */
/* One line of `shmfs watch`. */
#ifndef SHMFS_CLI_WATCH_LINE_H
#define SHMFS_CLI_WATCH_LINE_H

#include "watch_actor.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

struct watch_line {
	const char *action, *path;
	const char *to, *detail; /* NULL: none */
	const char *door;
	uint64_t ino;                    /* 0: not known */
	pid_t pid;                       /* 0: not known */
	const struct watch_actor *actor; /* NULL: not known */
};

/* Prints the line with the time of now. -ENOMEM. */
int watch_line_print(const struct watch_line *line, bool json, FILE *out);

#endif

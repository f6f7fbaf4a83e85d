/* SPDX-License-Identifier: MIT */
/*
 * Lines on their way to standard output. A reader that is slow must not keep shmfs watch from
 * looking at the processes of new events, so that lines wait here and not in write(2).
 */
#ifndef SHMFS_CLI_WATCH_OUTPUT_H
#define SHMFS_CLI_WATCH_OUTPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

struct watch_output {
	FILE *lines; /* its text goes to standard output */
	char *text;
	size_t length, at, room; /* text[at..length) is not written yet */
};

/* -ENOMEM. The struct must not be moved. */
int watch_output_open(struct watch_output *output);
void watch_output_close(struct watch_output *output);

/* Does anything wait, so that the caller polls standard output for POLLOUT? */
bool watch_output_waits(const struct watch_output *output);
/* Does so much wait that the caller lets no more events come? */
bool watch_output_is_full(const struct watch_output *output);

/* Writes as much as standard output takes now. -errno. */
int watch_output_write(struct watch_output *output);

#endif

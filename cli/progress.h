/* SPDX-License-Identifier: MIT */
/* One line on stderr, if that is a terminal, about work that takes longer than a second. */
#ifndef SHMFS_CLI_PROGRESS_H
#define SHMFS_CLI_PROGRESS_H

#include <stddef.h>
#include <time.h>

struct progress {
	const char *what; /* "looking at processes" */
	struct timespec start, last;
	size_t width; /* of the line on the terminal */
};

void progress_begin(struct progress *progress, const char *what);
/* A shmfs_holders_progress_fn; arg: a struct progress. */
void progress_tell(size_t done, size_t total, void *arg);
/* Removes the line. */
void progress_end(struct progress *progress);

#endif

/* SPDX-License-Identifier: MIT */
#include "progress.h"

#include "listing.h"

#include <stdio.h>
#include <unistd.h>

#define FIRST_SECONDS 1.0
#define EVERY_SECONDS 0.2

void progress_begin(struct progress *progress, const char *what)
{
	*progress = (struct progress){.what = what};
	clock_gettime(CLOCK_MONOTONIC, &progress->start);
	progress->last = progress->start;
}

void progress_tell(size_t done, size_t total, void *arg)
{
	struct progress *progress = arg;
	struct timespec now;
	int width;

	clock_gettime(CLOCK_MONOTONIC, &now);
	if (shmfs_seconds_between(&progress->start, &now) < FIRST_SECONDS ||
		shmfs_seconds_between(&progress->last, &now) < EVERY_SECONDS ||
		!isatty(STDERR_FILENO))
		return;
	progress->last = now;
	width = fprintf(stderr, "\r%s: %zu of %zu", progress->what, done, total);
	progress->width = width > 0 ? (size_t)width : 0;
}

void progress_end(struct progress *progress)
{
	if (progress->width)
		fprintf(stderr, "\r%*s\r", (int)progress->width, "");
	progress->width = 0;
}

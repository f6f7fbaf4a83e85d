/* SPDX-License-Identifier: MIT */
/* From events to lines. */
#ifndef SHMFS_CLI_WATCH_TELL_H
#define SHMFS_CLI_WATCH_TELL_H

#include "survey.h"
#include "watch_known.h"
#include "watch_output.h"
#include "watch_source.h"

#define WATCH_DOORS_MAX 16

struct watch {
	bool json, writes;
	char *const *spaces; /* only below these; none: everywhere */
	struct survey survey;
	struct watch_source sources[WATCH_DOORS_MAX]; /* the first one is the tmpfs */
	size_t source_count;
	struct watch_actors *actors;
	struct watch_known *known;
	struct watch_output output;
};

/* Reads the events of this source, and prints their lines, until there are no more. -errno. */
int watch_tell_all(struct watch *watch, struct watch_source *source);

#endif

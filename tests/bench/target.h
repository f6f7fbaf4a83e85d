/* SPDX-License-Identifier: MIT */
/*
 * Targets: the directories that are measured side by side, and the names used in them.
 *
 * All functions return 0 or -errno.
 */
#ifndef BENCH_TARGET_H
#define BENCH_TARGET_H

#include <stddef.h>

#define TARGETS_MAX 8

struct target {
	const char *label;
	const char *path;
	int dir; /* the directory, open */
	/*
	 * Where to prepare and remove objects for this target without going through it: the first
	 * target that shows the same objects, often the tmpfs under a mount; else the target
	 * itself.
	 */
	const struct target *home;
};

struct targets {
	struct target at[TARGETS_MAX];
	size_t count;
};

/* A file name in a target. */
struct name {
	char text[64];
};

/* The name with this serial number; each begins with prefix. */
void name_make(struct name *ret_name, const char *prefix, unsigned long serial);

/*
 * Adds "LABEL=DIR", keeping pointers into text, which is cut at the '='.
 * -EINVAL when it does not look so, -E2BIG after TARGETS_MAX.
 */
int targets_add(struct targets *targets, char *text);

/* Opens the directories and finds each one's home. On failure ret_failed is the target at fault. */
int targets_open(struct targets *targets, const char *prefix, const struct target **ret_failed);

/* How many requests the daemon of a mount of shmfs has answered so far; -1: it is no such mount. */
long target_requests(const struct target *target);

/* Removes a file, or a directory with all its files, from an open directory; -ENOENT is none. */
int target_remove(int dir, const char *name);

/* Removes every file whose name begins with prefix from all targets; they need not be open. */
int targets_sweep(const struct targets *targets, const char *prefix);

#endif

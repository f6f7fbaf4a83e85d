/* SPDX-License-Identifier: MIT */
/* The objects that a program leaves behind in its namespace: they are there and were not before. */
#ifndef SHMFS_CLI_RUN_LEFT_H
#define SHMFS_CLI_RUN_LEFT_H

#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

struct run_object {
	char *name; /* relative to the namespace, with slashes */
	struct stat st;
};

/* Directories are no objects, but their entries are. */
struct run_objects {
	struct run_object *object; /* sorted by name */
	size_t count;
};

/* Lists the objects below the directory. 0 or -errno; to be freed in either case. */
int run_objects_list(struct run_objects *ret_objects, int dir);

/* Removes from this list the objects that are in the other one, by inode number. */
void run_objects_subtract(struct run_objects *objects, const struct run_objects *others);

void run_objects_free(struct run_objects *objects);

#endif

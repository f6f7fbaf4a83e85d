/* SPDX-License-Identifier: MIT */
/* What the tests of lib/object start from. Objects are made by the file system's own calls. */
#ifndef SHMFS_UNIT_OBJECT_WORLD_H
#define SHMFS_UNIT_OBJECT_WORLD_H

#include <sys/stat.h>

#define ALICE 64001

extern int object_dir; /* /dev/shm, O_PATH */

int object_setup(void **state);
int object_teardown(void **state);

struct stat object_make(const char *name, const char *text);
struct stat object_stat(const char *name);
/* By lib/object, with the flags that it has to have. */
int object_pin(const char *name);

#endif

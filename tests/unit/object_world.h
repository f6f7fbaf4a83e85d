/* SPDX-License-Identifier: MIT */
/* What the tests of lib/object share: an empty tmpfs, and things to put into it. */
#ifndef SHMFS_TEST_OBJECT_WORLD_H
#define SHMFS_TEST_OBJECT_WORLD_H

#include "unit.h"

#include "object.h"

#include <stdio.h>

/* In bytes. */
#define OBJECT_WORLD_SIZE (16 * 1024 * 1024)

int object_setup(void **state);
int object_teardown(void **state);

struct shmfs_name name_of(const char *component);

/* By the file system's own calls, not by lib/object. */
struct stat make_object(const char *component, const char *text);
void unlink_object(const char *component);
void rename_object(const char *from, const char *to, unsigned flags);

/* Of an entry of any kind; 0: there is none. */
uint64_t ino_of(const char *component);

/* An O_PATH file descriptor of the object. */
int pin(const char *component);

/* Entries that are no objects: a link to "target", one to nothing, a directory, a FIFO, a socket.
 */
#define FOREIGN 5
extern const char *const foreign[FOREIGN];
void make_foreign(void);

#endif

/* SPDX-License-Identifier: MIT */
/* What the tests of lib/sigbus start from. */
#ifndef SHMFS_UNIT_SIGBUS_WORLD_H
#define SHMFS_UNIT_SIGBUS_WORLD_H

#include <stddef.h>

#define SIGBUS_PAGES 8

extern size_t sigbus_page; /* bytes */

void sigbus_world_start(void);

/* A mapping of SIGBUS_PAGES pages, of which only the first `there` can be touched. */
char *sigbus_mapping(size_t there);

/* As many bytes of this value, of the thread. */
char *sigbus_buffer(char value);

#endif

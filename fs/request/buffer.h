/* SPDX-License-Identifier: MIT */
/*
 * Memory to receive requests into. All its pages are there before the kernel copies a request: with
 * SIGKILL pending it could not have a missing one made, and would end the request with EIO.
 */
#ifndef SHMFS_BUFFER_H
#define SHMFS_BUFFER_H

#include <stddef.h>

/* `size` bytes, aligned to pages, or NULL. The caller gives them back with the same size. */
void *buffer_new(size_t size);

/* NULL is accepted. */
void *buffer_free(void *buffer, size_t size);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * Memory to receive requests into. All its pages are present before the kernel copies a request
 * into it: with SIGKILL pending the kernel could not fault in a missing page, and would end the
 * request with EIO.
 */
#ifndef SHMFS_BUFFER_H
#define SHMFS_BUFFER_H

#include <stddef.h>

/* Returns `size` bytes, aligned to pages, or NULL. The caller frees them, with the same size. */
void *buffer_new(size_t size);

/* NULL is accepted. */
void *buffer_free(void *buffer, size_t size);

#endif

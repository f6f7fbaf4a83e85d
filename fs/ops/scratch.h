/* SPDX-License-Identifier: MIT */
/* Memory for replies: each thread has its own. */
#ifndef SHMFS_SCRATCH_H
#define SHMFS_SCRATCH_H

#include <stddef.h>

/* The calling thread's `size` bytes, aligned to pages, until its next call. NULL without memory. */
void *scratch_get(size_t size);

#endif

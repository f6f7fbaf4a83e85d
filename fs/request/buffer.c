/* SPDX-License-Identifier: MIT */
#include "buffer.h"

#include <sys/mman.h>

/* Since Linux 5.14. */
#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23
#endif

void *buffer_new(size_t size)
{
	void *buffer = mmap(NULL, size, PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);

	if (buffer == MAP_FAILED)
		return NULL;
	/* A clone (see ops/helper.c) would share the pages, and the next store would copy them. */
	madvise(buffer, size, MADV_DONTFORK);
	/* Best effort: RLIMIT_MEMLOCK may be low. Without swap space the pages stay anyway. */
	mlock(buffer, size);
	/* mmap(2) ignores a failure of MAP_POPULATE; madvise(2) reports it. */
	if (madvise(buffer, size, MADV_POPULATE_WRITE) < 0)
		return buffer_free(buffer, size);
	return buffer;
}

void *buffer_free(void *buffer, size_t size)
{
	if (buffer)
		munmap(buffer, size);
	return NULL;
}

/* SPDX-License-Identifier: MIT */
#include "scratch.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>

#define PAGE 4096

/* Frees a thread's memory when it ends. */
static pthread_key_t key;
static bool has_key;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static _Thread_local struct {
	void *memory;
	size_t size;
} scratch;

static void make_key(void)
{
	has_key = pthread_key_create(&key, free) == 0;
}

void *scratch_get(size_t size)
{
	void *grown;

	if (size <= scratch.size)
		return scratch.memory;
	pthread_once(&once, make_key);
	if (!has_key || posix_memalign(&grown, PAGE, size) != 0)
		return NULL;
	if (pthread_setspecific(key, grown) != 0) {
		free(grown);
		return NULL;
	}
	free(scratch.memory);
	scratch.memory = grown;
	scratch.size = size;
	return grown;
}

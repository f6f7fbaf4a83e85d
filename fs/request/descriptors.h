/* SPDX-License-Identifier: MIT */
/* The open file descriptors of this process, and sets of descriptors. */
#ifndef SHMFS_DESCRIPTORS_H
#define SHMFS_DESCRIPTORS_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Visits all open descriptors. A visit may close its descriptor. Returns 0 or -errno. */
typedef void descriptors_visit_fn(void *arg, int fd);
int descriptors_visit(descriptors_visit_fn *visit, void *arg);

/*
 * The caller got EMFILE from a system call. If there is still no descriptor left, this function
 * logs that, the first time.
 */
void descriptors_tell_limit(void);

/*
 * A set is an array of bits, one for each descriptor below `room`. It cannot hold a descriptor
 * above. The macro gives its size in bytes.
 */
#define DESCRIPTORS_SET_SIZE(room) (((room) + CHAR_BIT - 1) / CHAR_BIT)

static inline void descriptors_add(uint8_t *set, size_t room, int fd)
{
	if (fd >= 0 && (size_t)fd < room)
		set[fd / CHAR_BIT] |= (uint8_t)(1 << fd % CHAR_BIT);
}

static inline void descriptors_remove(uint8_t *set, size_t room, int fd)
{
	if (fd >= 0 && (size_t)fd < room)
		set[fd / CHAR_BIT] &= (uint8_t) ~(1 << fd % CHAR_BIT);
}

static inline bool descriptors_has(const uint8_t *set, size_t room, int fd)
{
	return fd >= 0 && (size_t)fd < room && (set[fd / CHAR_BIT] & (1 << fd % CHAR_BIT));
}

#endif

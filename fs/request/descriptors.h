/* SPDX-License-Identifier: MIT */
/* The file descriptors of this process: which there are, and sets of them. */
#ifndef SHMFS_DESCRIPTORS_H
#define SHMFS_DESCRIPTORS_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Visits all of them. A visit may close its own. 0 or -errno. */
typedef void descriptors_visit_fn(void *arg, int fd);
int descriptors_visit(descriptors_visit_fn *visit, void *arg);

/*
 * A system call has returned EMFILE. If there is still no descriptor left, the log says so, the
 * first time.
 */
void descriptors_tell_limit(void);

/* A set is an array of bits, of so many bytes for descriptors below `room`. Others are not in it.
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

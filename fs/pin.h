/* SPDX-License-Identifier: MIT */
/*
 * From a node to its object, whatever the object's name is now. pin.c tells how. The root's object
 * is the directory of all objects, and has the name "/".
 *
 * All of these return 0 (or a descriptor) or -errno: -ESTALE when the object is gone, and what
 * stat(2) and open(2) say.
 */
#ifndef SHMFS_PIN_H
#define SHMFS_PIN_H

#include "node.h"

/*
 * Attributes of the object. ret_name may be NULL; it is set where a name led to the object, which
 * is so for each directory that is not gone.
 */
int pin_stat(struct nodes *nodes, uint64_t ino, struct stat *ret_st, struct shmfs_name *ret_name);

/* A name that the object has now. -ESTALE also when it has none. */
int pin_name(struct nodes *nodes, uint64_t ino, struct shmfs_name *ret_name);

/* An object held for the time of one operation, so that no other can take its place. */
struct pin {
	struct nodes *nodes;
	uint64_t ino;
	struct stat st; /* when it was pinned */
	int fd;         /* stands for the object, maybe O_PATH */
	enum { PIN_NONE, PIN_OWN, PIN_REGION } kind;
};

#define PIN_INIT                           \
	{                                  \
		.fd = -1, .kind = PIN_NONE \
	}

/* To be given back with pin_put(). */
int pin_get(struct nodes *nodes, uint64_t ino, struct pin *ret_pin);

/* For `__attribute__((cleanup))`. Accepts PIN_INIT. */
void pin_put(struct pin *pin);

/*
 * Opens the object as the thread's present identity may, but not the root. flags: an access mode.
 * Returns a file descriptor of the caller's.
 */
int pin_open(struct nodes *nodes, uint64_t ino, int flags);

#endif

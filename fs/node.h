/* SPDX-License-Identifier: MIT */
/*
 * Nodes: the objects that the kernel knows by a number. node.c tells the model.
 *
 * ino is a nodeid, which is the inode number of the object; FUSE_ROOT_ID has no node.
 * All functions may be called from any thread; 0 or -errno.
 */
#ifndef SHMFS_NODE_H
#define SHMFS_NODE_H

#include "name.h"
#include "region.h"

#include <stdint.h>
#include <sys/stat.h>

struct nodes;

int nodes_new(struct nodes **ret_nodes);
struct nodes *nodes_free(struct nodes *nodes);

/*
 * The kernel is about to learn of the object under this name (NULL: it has none): counts one
 * lookup. -ENOMEM.
 */
int node_get(struct nodes *nodes, uint64_t ino, const struct shmfs_name *name);

/* The kernel forgot `count` lookups; the node goes with its last one. */
void node_put(struct nodes *nodes, uint64_t ino, uint64_t count);

/* The object has this name now, if there is a node for it. */
void node_rename(struct nodes *nodes, uint64_t ino, const struct shmfs_name *name);

/* Attributes of the object, whatever its name is now. -ESTALE when it is gone. */
int node_stat(struct nodes *nodes, uint64_t ino, struct stat *ret_st);

/* An object held for the time of one operation, so that no other can take its place. */
struct pin {
	struct nodes *nodes;
	uint64_t ino;
	struct stat st; /* when it was pinned */
	int fd;         /* stands for the object, maybe O_PATH */
	enum { PIN_NONE, PIN_OWN, PIN_REGION, PIN_KEPT } kind;
};

#define PIN_INIT                           \
	{                                  \
		.fd = -1, .kind = PIN_NONE \
	}

/* -ESTALE when the object is gone. */
int node_pin(struct nodes *nodes, uint64_t ino, struct pin *ret_pin);

/* For `__attribute__((cleanup))`. Accepts PIN_INIT. */
void node_unpin(struct pin *pin);

/*
 * Opens the object as the thread's present identity may. flags: an access mode.
 * Returns a file descriptor of the caller's. -ESTALE when the object is gone.
 */
int node_open_object(struct nodes *nodes, uint64_t ino, int flags);

/*
 * Open objects. A region exists from the first open to the last close of a node.
 *
 * node_open() counts one open if the region is there and can do what is wanted of it; -ENOENT if
 * not. node_open_fd() makes or extends the region with fd, which it owns in any case, and counts.
 */
int node_open(struct nodes *nodes, uint64_t ino, bool read, bool write);
int node_open_fd(struct nodes *nodes, uint64_t ino, int fd);
void node_close(struct nodes *nodes, uint64_t ino);

/* The region of a node that is open as long as the caller uses it; NULL if it is not open. */
struct shmfs_region *node_region(struct nodes *nodes, uint64_t ino);

/*
 * The last name of the object goes, and the kernel may still hold on to it: keeps fd, which stands
 * for it and is owned in any case, until the node is forgotten.
 */
void node_keep(struct nodes *nodes, uint64_t ino, int fd);

#endif

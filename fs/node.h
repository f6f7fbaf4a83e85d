/* SPDX-License-Identifier: MIT */
/*
 * Nodes: the objects that the kernel knows by a number. node.c tells the model.
 *
 * ino is a nodeid, which is the inode number of the object (see NODE_DECOY for the one exception);
 * FUSE_ROOT_ID has no node.
 * All functions may be called from any thread; 0 or -errno.
 */
#ifndef SHMFS_NODE_H
#define SHMFS_NODE_H

#include "name.h"
#include "region.h"

#include <stdint.h>
#include <sys/stat.h>

struct nodes;
struct passthrough;
struct shared;
struct shmfs_index;

/*
 * Another node for the same FIFO or socket, for a caller who may not use it: it has the attributes
 * and can be removed, but nobody is at its other end. The kernel opens FIFOs and connects to
 * sockets by itself, by their node, and asks no file system about permissions. Each lookup gets one
 * of its own: those who may not use something do not meet either.
 */
#define NODE_DECOY (UINT64_C(1) << 63)
#define NODE_DECOY_SHIFT 43 /* numbers of inodes are lower, see lib/position.h */

uint64_t node_new_decoy(uint64_t ino);

static inline uint64_t node_object_ino(uint64_t ino)
{
	return ino & NODE_DECOY ? ino & ((UINT64_C(1) << NODE_DECOY_SHIFT) - 1) : ino;
}

/*
 * noatime: reading an object leaves its atime alone. The others outlive the nodes.
 * What a worker before has left in shared is true (recover.h), and is known to the nodes then.
 */
int nodes_new(struct nodes **ret_nodes, const struct passthrough *passthrough,
	struct shared *shared, struct shmfs_index *index, bool noatime);

/* What is open stays open, for whoever comes next. */
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

/* The last known name, which may be wrong. -ESTALE when there is none. */
int node_last_name(struct nodes *nodes, uint64_t ino, struct shmfs_name *ret_name);

/* A name that the object has now, which is the last known one then. -ESTALE when it has none. */
int node_find_name(struct nodes *nodes, uint64_t ino, struct shmfs_name *ret_name);

/* How to get at the object of a node while the table is not locked. */
struct reach {
	int fd; /* stands for the object, maybe O_PATH; -1: there is but a name */
	enum { REACH_NAME, REACH_OPEN, REACH_HELD, REACH_GONE } kind;
	struct shmfs_name name; /* REACH_NAME: the last known one; may be empty */
	struct stat st;         /* REACH_GONE: all that is left */
};

/* -ESTALE when there is no such node. To be followed by node_end_reach(). */
int node_reach(struct nodes *nodes, uint64_t ino, struct reach *ret_reach);
void node_end_reach(struct nodes *nodes, uint64_t ino, struct reach *reach);

/* The same for a REACH_OPEN that somebody has taken over. */
void node_end_pin(struct nodes *nodes, uint64_t ino);

/*
 * Open objects. A region exists from the first open to the last close of a node.
 *
 * node_count_open() counts one open if the region is there and can do what is wanted of it; -ENOENT
 * if not. node_add_fd() makes or extends the region with fd, which it owns in any case, and counts.
 */
int node_count_open(struct nodes *nodes, uint64_t ino, bool read, bool write);
int node_add_fd(struct nodes *nodes, uint64_t ino, int fd);
void node_close(struct nodes *nodes, uint64_t ino);

/* The backing id of a node that is open, the same for all of its opens; 0: it has none. */
int node_backing(struct nodes *nodes, uint64_t ino);

/* The region of a node that is open as long as the caller uses it; NULL if it is not open. */
struct shmfs_region *node_region(struct nodes *nodes, uint64_t ino);

/*
 * The last name of the object is gone, see gone.h. st: its attributes now; fd stands for it, is
 * owned in any case, and is -1 if it is not to be held. Returns whether nodes_let_go() has to be
 * called, because nobody waits for the time to do so.
 */
bool node_set_gone(struct nodes *nodes, uint64_t ino, int fd, const struct stat *st);

/* Are lookups to be held, see recent.h? */
bool nodes_hold_lookups(const struct nodes *nodes);

/*
 * Holds what has been looked up, an object or (type: S_IFDIR) a directory: fd (O_PATH) stands for
 * it, and is owned. Returns whether nodes_let_go() has to be called, as above.
 */
bool node_hold_lookup(struct nodes *nodes, uint64_t ino, int fd, mode_t type);

/*
 * Nothing has a name of the object any more. Returns a descriptor (O_PATH) of the caller's if it
 * was held when it was looked up, or -ESTALE; then those that are looked up next will be.
 */
int node_find_lookup(struct nodes *nodes, uint64_t ino, mode_t *ret_type);

/*
 * Lets go of objects that are gone and have been held long enough, or of all. Returns whether there
 * were any. *ret_wait: ms after which it is to be called again, -1 if it is not.
 */
bool nodes_let_go(struct nodes *nodes, bool all, int *ret_wait);

/* Something had no memory (-ENOSPC): lets go of all. Returns whether it is worth trying again. */
bool nodes_make_room(struct nodes *nodes);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * Nodes: the objects, directories and other entries that the kernel knows by a number. node.c
 * tells the model.
 *
 * ino is a nodeid, which is the inode number; FUSE_ROOT_ID is the directory of all objects, and
 * always known. All functions may be called from any thread; 0 or -errno.
 */
#ifndef SHMFS_NODE_H
#define SHMFS_NODE_H

#include "opened.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

struct nodes;

/*
 * root: descriptor of the directory of all objects. All arguments outlive the nodes. recover.h has
 * repaired the state that the last worker left in shared.
 */
int nodes_new(struct nodes **ret_nodes, struct shared *shared, struct opened *opened, int root);

/* NULL is accepted. */
struct nodes *nodes_free(struct nodes *nodes);

/* Are nodes found by file handle? If not, by names. */
bool nodes_have_handles(const struct nodes *nodes);

/*
 * Attributes of the entry with this name in the directory `parent`, of which dir is a descriptor.
 * The kernel is about to learn of it: counts one lookup. -ENOENT, -EACCES (another file system is
 * mounted there, and is not entered), -ESTALE (other processes replace it all the time), -ENOMEM.
 */
int node_look_up(
	struct nodes *nodes, uint64_t parent, int dir, const char *name, struct stat *ret_st);

/* The same for the file that fd stands for. name NULL: it has no name. */
int node_introduce(
	struct nodes *nodes, int fd, uint64_t parent, const char *name, struct stat *ret_st);

/* The kernel forgot `count` lookups; the node goes with its last one. */
void node_put(struct nodes *nodes, uint64_t ino, uint64_t count);

/* The node has this name now, if it is known. */
void node_rename(struct nodes *nodes, uint64_t ino, uint64_t parent, const char *name);

/* A descriptor that stands for a node during one operation. */
struct node_fd {
	int fd; /* O_PATH, or not */
	bool is_own;
};

/* -ESTALE when the object is gone. To be followed by node_unpin(). */
int node_pin(struct nodes *nodes, uint64_t ino, struct node_fd *ret_fd);

/* Accepts NODE_FD_NONE. */
void node_unpin(struct node_fd *fd);

#define NODE_FD_NONE                      \
	{                                 \
		.fd = -1, .is_own = false \
	}
#define NODE_FD(name) __attribute__((cleanup(node_unpin))) struct node_fd name = NODE_FD_NONE

#endif

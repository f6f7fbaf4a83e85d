/* SPDX-License-Identifier: MIT */
/*
 * A daemon without a kernel: the operations behind a libfuse session whose other end is in the
 * hands of the target, on a private /dev/shm. The target keeps the promises that the kernel makes:
 * it names only nodes that it has been told of, reads and writes only open objects, and gives
 * everything back.
 */
#ifndef SHMFS_TEST_REQUEST_WORLD_H
#define SHMFS_TEST_REQUEST_WORLD_H

#include <linux/fuse.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { REPLY_MAX = 128 * 1024, REQUEST_MAX = 16 * 1024, NODES_MAX = 64 };

/*
 * Once. Ends the process as skipped (77) where there can be no private /dev/shm. The program says
 * with WITH_HANDLES whether the daemon may use file handles.
 */
void world_start(void);

/* A node as the kernel would know it. */
struct node_known {
	uint64_t id;
	uint32_t mode; /* with the type, as it was when the node was first looked up */
	uint64_t lookups;
	unsigned int readers, writers; /* opens that may do that */
	unsigned int opens;
};

extern struct node_known nodes_known[NODES_MAX];
extern size_t node_count; /* the first is the root */

/* A node has been looked up. */
void known_add(const struct fuse_entry_out *entry);

struct caller_ids {
	uint32_t uid, gid;
};

/*
 * Sends a request; `body` follows the header. Returns the body of the reply, good until the next
 * one, and its size; NULL if it is an error, or if no reply belongs to the request (`silent`).
 * Checks that there is one reply and no more, and that it is well-formed.
 */
const void *ask(uint32_t opcode, uint64_t nodeid, struct caller_ids ids, const void *body,
	size_t size, bool silent, size_t *ret_size);

/* From now on lookups are held for a moment. */
void world_hold(void);

/*
 * Closes and forgets everything, removes all objects; nothing is held any more. The daemon knows no
 * node then, and has nothing open.
 */
void world_clear(void);

#endif

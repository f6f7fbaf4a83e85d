/* SPDX-License-Identifier: MIT */
/*
 * Between the kernel's numbers and names and the tmpfs: an operation begins with a descriptor for a
 * node, and ends with an answer about one, and for how long the kernel may believe it.
 *
 * - Names are asked for again by each call: entry timeout 0.
 * - Attributes in the answer to LOOKUP are valid for one to two ticks (4 to 8 ms at HZ=250) when no
 *   client has the object open here, so that the call that walked the path has them. An object
 *   that is open gets 0, and INVAL_INODE goes before the answer to OPEN: fstat(2) asks again.
 *   One gap is the kernel's: since 6.13 it takes an answer with timeout 0 in two steps, first
 *   forgetting the mark of INVAL_INODE, then storing the time. An fstat(2) between the two, within
 *   two ticks of a lookup, believes the attributes of that lookup. Beside two processes that only
 *   look the name up this was seen about once in 100,000 times.
 * - Attributes of a directory are valid for one to two ticks in each answer.
 * - All other answers: 0. With -o cache each answer is valid for as long as the options say.
 */
#ifndef SHMFS_ENTRY_H
#define SHMFS_ENTRY_H

#include "fs.h"
#include "node/node.h"

#include <sys/stat.h>

/* As node_pin(). A stale node makes the next lookups held, see hold.h. */
int entry_pin(struct fs *fs, uint64_t ino, struct node_fd *ret_fd);

/* The same for a directory in which a name is looked for: -ENOENT when the directory is gone. */
int entry_pin_directory(struct fs *fs, uint64_t ino, struct node_fd *ret_fd);

/* As node_look_up(). */
int entry_look_up(struct fs *fs, uint64_t parent, int dir, const char *name, struct stat *ret_st);

/* The answer of LOOKUP and of listings about a node. */
struct fuse_entry_param entry_param(struct fs *fs, const struct stat *st);

/*
 * The answers. The kernel's lookup of the node was counted by node_look_up() or node_introduce(),
 * its open by opened_add(): both are taken back when the answer does not reach the kernel.
 * backing: the id that opened_add() returned.
 */
void entry_reply(fuse_req_t req, const struct stat *st);
void entry_reply_none(fuse_req_t req);
void entry_reply_created(
	fuse_req_t req, const struct stat *st, int backing, struct fuse_file_info *fi);
void entry_reply_opened(fuse_req_t req, uint64_t ino, int backing, struct fuse_file_info *fi);
void entry_reply_attr(fuse_req_t req, const struct stat *st);

/* For how long attributes of a node with this mode are valid outside of LOOKUP's answer, seconds.
 */
double entry_attr_timeout(const struct fs *fs, mode_t mode);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * Requests of the target: request.c has the order in which they come, request_make.c their parts,
 * and the other files one function for each kind of request.
 */
#ifndef SHMFS_TEST_REQUEST_H
#define SHMFS_TEST_REQUEST_H

#include "fuzz.h"
#include "request_world.h"

#include <stddef.h>
#include <stdint.h>

/* A request in the making. */
struct request {
	struct input *in;
	struct caller_ids ids;
	struct node_known *node;
	char body[REQUEST_MAX / 2];
	size_t size;
};

/* Add to the body. Names are short ones mostly, so that they meet again. */
void request_put(struct request *r, const void *bytes, size_t size);
void request_put_text(struct request *r, const char *text);
void request_put_name(struct request *r);

struct node_known *request_node(struct input *in);
uint32_t request_mode(struct request *r);

/* Send it. Returns the body of the reply as ask() does. */
const void *request_send(struct request *r, uint32_t opcode, size_t *ret_size);
void request_send_only(struct request *r, uint32_t opcode);
void request_send_for_entry(struct request *r, uint32_t opcode);

void ask_lookup(struct request *r);
void ask_getattr(struct request *r);
void ask_setattr(struct request *r);
void ask_readlink(struct request *r);
void ask_symlink(struct request *r);
void ask_mknod(struct request *r);
void ask_mkdir(struct request *r);
void ask_unlink(struct request *r);
void ask_rmdir(struct request *r);
void ask_rename(struct request *r);
void ask_link(struct request *r);
void ask_open(struct request *r);
void ask_create(struct request *r);
void ask_tmpfile(struct request *r);
void ask_read(struct request *r);
void ask_write(struct request *r);
void ask_fallocate(struct request *r);
void ask_lseek(struct request *r);
void ask_copy(struct request *r);
void ask_readdir(struct request *r);
void ask_readdirplus(struct request *r);
void ask_opendir(struct request *r);
void ask_access(struct request *r);
void ask_statfs(struct request *r);
void ask_statx(struct request *r);
void ask_setxattr(struct request *r);
void ask_removexattr(struct request *r);
void ask_getxattr(struct request *r);
void ask_listxattr(struct request *r);
void ask_nothing(struct request *r);
void ask_forget(struct request *r);

#endif

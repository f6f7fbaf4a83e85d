/* SPDX-License-Identifier: MIT */
/*
 * Passthrough: the kernel reads, writes and maps open objects itself, without asking the daemon.
 * It needs libfuse >= 3.17, Linux >= 6.9 and a root that is the machine's own.
 */
#ifndef SHMFS_PASSTHROUGH_H
#define SHMFS_PASSTHROUGH_H

#include "request/fuse3.h"
#include "request/shared.h"

#include <stdbool.h>

enum passthrough_wish { PASSTHROUGH_AUTO, PASSTHROUGH_ON, PASSTHROUGH_OFF };

struct passthrough {
	enum passthrough_wish wish;
	const char *why_not; /* NULL: no obstacle is known */
	int device;          /* /dev/fuse; never changes once it is ready */
	bool ready;          /* never changes while requests are served */
};

/* Before FUSE_INIT is answered: asks the kernel for the feature, unless why_not is set. */
void passthrough_want(struct passthrough *passthrough, struct fuse_conn_info *conn);

/*
 * When it is answered: tries it out on the device (/dev/fuse) with an object in the directory root,
 * unless *trial tells how that ended before. Then either `ready` is set or why_not tells the
 * reason. Returns false when it is missing but wished for.
 */
bool passthrough_start(
	struct passthrough *passthrough, int device, int root, enum passthrough_trial *trial);

/* Names the data path that is used, and why it is not the better one. */
void passthrough_describe(
	const struct passthrough *passthrough, char ret_text[PASSTHROUGH_TEXT_SIZE]);

/* Registers the object that fd stands for. Returns a backing id (> 0), or 0 when that cannot be
 * done. */
int passthrough_open(const struct passthrough *passthrough, int fd);

/* id: a value that passthrough_open() returned. */
void passthrough_close(const struct passthrough *passthrough, int id);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * What a mount tells about itself to whoever may use it: shmfs -o status. The question is an
 * ioctl(2) on any directory of the mount. The answer is text, so that the one who asks and the
 * daemon may be of different versions.
 */
#ifndef SHMFS_STATUS_H
#define SHMFS_STATUS_H

#include "fs.h"

#include <linux/ioctl.h>

/* The first word of the answer: an ioctl number alone may mean something else elsewhere. */
#define STATUS_MAGIC "shmfs "

/* One line for each fact, with a newline at its end; a NUL after the last one. */
struct status {
	char text[512];
};

#define STATUS_ASK _IOR(0xf5, 1, struct status)

/* The daemon's side: asked by way of the directory ino. */
void status_describe(struct fs *fs, uint64_t ino, struct status *ret_status);

/* Prints the status of the mount that has this directory. Returns 0, or -1 when that was logged. */
int status_print(const char *path);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * The facts that a mount tells about itself to every user who may use it: an ioctl(2) on any
 * directory of the mount. The answer is text, so that the asking program and the daemon may be of
 * different versions.
 */
#ifndef SHMFS_STATUS_WIRE_H
#define SHMFS_STATUS_WIRE_H

#include <linux/ioctl.h>

/* The first word of the answer: an ioctl number alone may mean something else elsewhere. */
#define STATUS_MAGIC "shmfs "

/* One line for each fact, with a newline at its end; a NUL after the last one. The first one is
   "shmfs VERSION, pid NUMBER", each other one is "fact: value". */
struct status {
	char text[1024];
};

#define STATUS_ASK _IOR(0xf5, 1, struct status)

#endif

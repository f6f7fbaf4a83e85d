/* SPDX-License-Identifier: MIT */
/* Requests whose callers are interrupted while the request waits for a thread. */
#ifndef SHMFS_INTERRUPT_H
#define SHMFS_INTERRUPT_H

#include "fuse3.h"

struct loop;

/*
 * A FUSE_INTERRUPT has been received. Answers the request that it is about with EINTR when that
 * request waits and its caller is being killed. Returns whether that request waits; otherwise
 * libfuse has to see the interrupt.
 */
bool interrupt_waiting(struct loop *loop, const struct fuse3_request *interrupt);

/* Does the signal that a thread got end it? The kernel tells of all signals. */
bool interrupt_kills(pid_t thread);

#endif

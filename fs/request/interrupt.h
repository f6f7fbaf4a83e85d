/* SPDX-License-Identifier: MIT */
/* Interrupts of requests that wait for a thread. */
#ifndef SHMFS_INTERRUPT_H
#define SHMFS_INTERRUPT_H

#include "fuse3.h"

struct loop;

/*
 * The caller has received a FUSE_INTERRUPT. This function answers the interrupted request with
 * EINTR when that request waits and its caller is being killed. Returns whether that request waits;
 * if not, the caller passes the interrupt to libfuse.
 */
bool interrupt_waiting(struct loop *loop, const struct fuse3_request *interrupt);

/* Is the thread being killed? The kernel sends FUSE_INTERRUPT for all signals. */
bool interrupt_kills(pid_t thread);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * The share of CPU time that threads get on a busy machine, see setpriority(2). A user can make the
 * daemon work by requests that allocate or free much memory. Threads that serve such users get less
 * CPU time than the leader, which serves all users.
 */
#ifndef SHMFS_WEIGHT_H
#define SHMFS_WEIGHT_H

#include <stdbool.h>
#include <sys/types.h>

/*
 * Allows threads to raise a lowered weight to the usual one again (RLIMIT_NICE). False: the kernel
 * refused, and the process needs CAP_SYS_NICE for it.
 */
bool weight_allow(void);

/*
 * Tries to lower and restore a weight. The process already has the capabilities that it will serve
 * with, and no other threads. If a thread cannot restore its weight, no thread lowers it.
 */
void weight_try(void);

/* Lowers and restores the weight of the calling thread. */
void weight_lower(void);
void weight_restore(void);

/*
 * Lowers the weight of another thread. That thread calls weight_was_lowered() before it calls
 * weight_restore().
 */
void weight_lower_other(pid_t thread);
void weight_was_lowered(void);

#endif

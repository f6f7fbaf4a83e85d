/* SPDX-License-Identifier: MIT */
/*
 * How much CPU time threads get on a busy machine, see setpriority(2). A request that allocates or
 * frees much memory is work that a user has the daemon do. Threads that serve such users get less
 * time than the leader, whom all users wait for.
 */
#ifndef SHMFS_WEIGHT_H
#define SHMFS_WEIGHT_H

#include <stdbool.h>
#include <sys/types.h>

/*
 * Allows threads to have their usual weight back once it was lowered (RLIMIT_NICE). False: that
 * was refused, and the process needs CAP_SYS_NICE for it.
 */
bool weight_allow(void);

/*
 * When the process has the capabilities that it will serve with, and no other threads: tries it.
 * Where a thread cannot have its weight back, all threads keep it.
 */
void weight_try(void);

/* Of the calling thread. */
void weight_lower(void);
void weight_restore(void);

/* Of another thread, which has to know it before it calls weight_restore(). */
void weight_lower_other(pid_t thread);
void weight_was_lowered(void);

#endif

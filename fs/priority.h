/* SPDX-License-Identifier: MIT */
/*
 * Threads that serve what takes long give way to the leader, which all users wait for, when there
 * are fewer processors than threads that run: see setpriority(2).
 */
#ifndef SHMFS_PRIORITY_H
#define SHMFS_PRIORITY_H

#include <stdbool.h>
#include <sys/types.h>

/* Before there are threads. Where a priority could not be restored, none is ever lowered. */
void priority_prepare(void);

/* Without a higher limit, the priority is restored with CAP_SYS_NICE. */
bool priority_needs_capability(void);

/* thread: its id; 0: the calling one. */
void priority_lower(pid_t thread);
void priority_restore(pid_t thread);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * Memory cgroups of version 1 and 2, see cgroups(7). The kernel charges memory to the cgroup of the
 * process whose system call allocates it.
 *
 * A path is that of a cgroup below the root of its hierarchy, as /proc/PID/cgroup tells it.
 * Functions return 0 or -errno.
 */
#ifndef SHMFS_CGROUP_H
#define SHMFS_CGROUP_H

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* The hierarchy that accounts memory. */
struct shmfs_cgroups {
	int root; /* its directory; -1: not open */
	bool version1;
	bool may_move;      /* this process may move processes there */
	char own[PATH_MAX]; /* path of this process, when it was opened */
};

/* Opens it. -ENOENT: it is not mounted where systems have it, or not from its root. */
int shmfs_cgroups_open(struct shmfs_cgroups *ret_cgroups);

/* Accepts one that is not open. */
void shmfs_cgroups_close(struct shmfs_cgroups *cgroups);

/* The path of a process or thread. -ESRCH: it has ended; -ENOENT: it is outside, seen from here. */
int shmfs_cgroups_find(const struct shmfs_cgroups *cgroups, pid_t process, char ret_path[PATH_MAX]);

/*
 * Moves a process to a cgroup. A threaded cgroup takes no process, and memory is charged to the
 * cgroup above it: the process goes to the nearest one above that takes it.
 */
int shmfs_cgroups_move(const struct shmfs_cgroups *cgroups, pid_t process, const char *path);

/* The lowest limit of a cgroup and of those above it, in bytes; UINT64_MAX: there is none. */
uint64_t shmfs_cgroups_limit(const struct shmfs_cgroups *cgroups, const char *path);

/* Finds the path in the text of /proc/PID/cgroup. Public for its tests. */
int shmfs_cgroups_parse(const char *text, bool version1, char ret_path[PATH_MAX]);

#endif

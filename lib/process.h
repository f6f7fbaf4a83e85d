/* SPDX-License-Identifier: MIT */
/*
 * The facts about a process that /proc tells every user. Functions return 0 or -errno; -ESRCH: the
 * process has ended. See proc(5).
 */
#ifndef SHMFS_PROCESS_H
#define SHMFS_PROCESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define SHMFS_COMMAND_SIZE 64

struct shmfs_process {
	pid_t pid;
	uid_t uid;        /* effective */
	unsigned threads; /* that have not ended */
	uint64_t start;   /* in clock ticks after the boot, see sysconf(_SC_CLK_TCK) */
	bool is_kernel;   /* a thread of the kernel: it has no descriptors and maps nothing */
	bool is_zombie;   /* its first thread has ended; its other threads may live */
	char command[SHMFS_COMMAND_SIZE]; /* as the process calls itself: any bytes */
};

/* proc: a descriptor of /proc. Fills all but uid, which costs the kernel more than all the rest. */
int shmfs_process_read(int proc, pid_t pid, struct shmfs_process *ret_process);

/* The effective user of a process. */
int shmfs_process_user(int proc, pid_t pid, uid_t *ret_uid);

/* Reads a small file of /proc as text. -ENOSPC when it does not fit. Returns the length. */
ssize_t shmfs_process_text(int dir, const char *path, char *ret_text, size_t size);

/*
 * Calls visit with each number among the entries of a directory of /proc (processes, threads,
 * descriptors), which is read from its beginning, until visit returns another value than 0. Returns
 * that value, or 0, or -errno.
 */
typedef int shmfs_process_visit_fn(uint64_t number, void *arg);
int shmfs_process_numbers(int dir, shmfs_process_visit_fn *visit, void *arg);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * The lock of a namespace: flock(2) on its directory. Programs that run in the namespace hold it
 * shared, by a descriptor that execve(2) keeps or by a guard process (run_guard.h); a process that
 * sets the namespace up, empties it or removes it holds it alone.
 *
 * Another user who can read the directory can lock it, too: no wait here is without an end.
 */
#ifndef SHMFS_CLI_RUN_LOCK_H
#define SHMFS_CLI_RUN_LOCK_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/*
 * Returns 1 when the caller holds the lock alone, 0 when the caller holds it shared because
 * programs run in the namespace, or -errno; -ETIMEDOUT: another process held it alone for too long.
 */
int run_lock_take(int fd);

/* From alone to shared, in the name of this process. 0 or -errno. Another process can have had the
   lock alone in between. */
int run_lock_share(int fd);

/* From shared to alone without waiting. -EWOULDBLOCK: other processes hold it, and the caller no
 * more. */
int run_lock_alone(int fd);

/* The same, waiting for the end of the last one. */
int run_lock_wait_alone(int fd);

/* One line of /proc/locks, see proc_locks(5). */
struct run_lock {
	bool is_flock, waits;
	pid_t pid;
	dev_t dev;
	uint64_t ino;
};

bool run_lock_parse(const char *line, struct run_lock *ret_lock);

/*
 * The first process that holds or waits for a lock on this directory and that accept() takes. 0:
 * none, as far as this PID namespace shows.
 */
pid_t run_lock_find(dev_t dev, uint64_t ino, bool (*accept)(const struct run_lock *lock));

#endif

/* SPDX-License-Identifier: MIT */
/*
 * Named semaphores, sem_overview(7): the object of the semaphore /NAME is called sem.NAME, and has
 * the size of a sem_t: 32 bytes, or 16 of a program with 32 bits.
 */
#ifndef SHMFS_SEM_H
#define SHMFS_SEM_H

#include <stdbool.h>
#include <stdint.h>

/* name: the last component. */
bool shmfs_semaphore_is(const char *name, uint64_t size);

/*
 * Reads the value of the semaphore that is the regular file `path` below the directory dir with
 * this inode number. It is read, never mapped: its owner may shrink it at any moment. -EACCES,
 * -ENOENT; -ESTALE: it is no semaphore any more; -EBUSY: a process has a lease on it.
 */
int shmfs_semaphore_value(int dir, const char *path, uint64_t ino, unsigned *ret_value);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * Calls that fail when a test wants them to, in a daemon that was linked for that (inject.c). Both
 * share the file that SHMFS_TEST_FAULTS names.
 */
#ifndef SHMFS_TEST_FAULTS_H
#define SHMFS_TEST_FAULTS_H

#include <stdatomic.h>

enum fault {
	FAULT_MEMORY,     /* allocations, mappings included: ENOMEM */
	FAULT_DESCRIPTOR, /* calls that open a file: EMFILE */
	FAULT_INTERRUPT,  /* calls that a signal may interrupt: EINTR */
	FAULT_PROCESS,    /* fork(2) and clone(2): EAGAIN */
	FAULT_THREAD,     /* pthread_create(3): EAGAIN */
	FAULT_KINDS
};

struct faults {
	struct {
		atomic_long after; /* so many go well first */
		atomic_long times; /* then so many fail */
	} kinds[FAULT_KINDS];
	atomic_long live; /* allocations that have not been freed */
};

#endif

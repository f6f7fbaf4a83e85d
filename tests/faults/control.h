/* SPDX-License-Identifier: MIT */
/* The test's side of faults.h. */
#ifndef SHMFS_TEST_CONTROL_H
#define SHMFS_TEST_CONTROL_H

#include "../mount/harness.h"
#include "faults.h"

#include <limits.h>

#define FOR_EVER (LONG_MAX / 2)

/* Daemons that are started from now on can be made to fail; asserts. To be called once. */
void faults_prepare(void);

/* So many calls from now on go well, and so many after them fail. */
void faults_begin(enum fault fault, long after, long times);

/* Nothing fails any more. Returns whether anything did. */
bool faults_end(enum fault fault);

/* How many of those that were to fail have done so. */
long faults_count(enum fault fault);

/* Allocations of the daemon that have not been freed. */
long faults_live(void);

#endif

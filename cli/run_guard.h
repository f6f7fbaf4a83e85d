/* SPDX-License-Identifier: MIT */
/*
 * The guard of a run: the parent of the program and, as a subreaper (see PR_SET_CHILD_SUBREAPER of
 * prctl(2)), of all its descendants that lose theirs. It is in no way of theirs: outside of their
 * mount namespace and process group, deaf to signals. It holds the lock until the last of them has
 * ended, then removes the namespace if that is wanted.
 */
#ifndef SHMFS_CLI_RUN_GUARD_H
#define SHMFS_CLI_RUN_GUARD_H

#include "run.h"

#include <stdbool.h>

/* Is there anything to do while or after the program runs? */
bool run_guard_is_needed(const struct run *run);

/*
 * The life of the guard process, whose end of the connection to the front is given; report: for
 * --json. Its exit status is of no interest.
 */
void run_guard_live(struct run *run, int front_end, int report);

#endif

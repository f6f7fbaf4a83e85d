/* SPDX-License-Identifier: MIT */
/*
 * Work that other users may bring to a standstill in the kernel, where not even SIGKILL ends it: a
 * lock of theirs is waited for, or a daemon of theirs that does not answer. It is done by another
 * process, whose result counts as soon as it is known, and which is left behind if it cannot end.
 */
#ifndef SHMFS_CLI_DETACHED_H
#define SHMFS_CLI_DETACHED_H

/*
 * Runs work(arg) in a child, with this process's standard input, output and error until it returns.
 * Returns its result, 0 to 255. A signal that ends the child ends this process, too.
 */
int detached_run(int (*work)(void *arg), void *arg);

/* In a child that may never end: the reader of this program's output must not wait for its end. */
void detached_leave_output(void);

#endif

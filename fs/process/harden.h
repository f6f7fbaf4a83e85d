/* SPDX-License-Identifier: MIT */
/*
 * The daemon runs with the least that it needs: see capabilities(7), prctl(2), seccomp(2). What is
 * given up is given up for good, by this process and those that come from it.
 */
#ifndef SHMFS_HARDEN_H
#define SHMFS_HARDEN_H

#include <stdbool.h>

/*
 * Before there are threads. Leaves no core dump, which would hold what is in the objects, and keeps
 * only the capabilities that acting for others and the mount need, and CAP_SYS_NICE if it is
 * wanted. Returns 0 or -errno.
 */
int harden_process(bool wants_nice);

/*
 * Has no capability in effect, or all that it has kept, until the next of these: for a process that
 * needs them only now and then, and those that come from it. 0 or -errno.
 */
int harden_rest(void);
int harden_act(void);

/*
 * For a process that serves and does nothing else, neither mounting nor running programs: no new
 * privileges, and where libseccomp is there only the system calls that serving needs; any other is
 * ENOSYS. unmounts: umount2(2) is one of them. Holds for threads that are made later. Returns 0 or
 * -errno.
 */
int harden_server(bool unmounts);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * The daemon runs with least privilege: see capabilities(7), prctl(2), seccomp(2). Dropped rights
 * are dropped for good, in this process and in its children.
 */
#ifndef SHMFS_HARDEN_H
#define SHMFS_HARDEN_H

#include <stdbool.h>

/*
 * To be called before there are threads. Turns core dumps off, because they would contain the
 * objects' contents, and keeps only the capabilities for the mount and for acting as callers, and
 * CAP_SYS_NICE if wants_nice. Returns 0 or -errno.
 */
int harden_process(bool wants_nice);

/*
 * harden_lower_rights() empties the effective set of capabilities, harden_raise_rights() fills it
 * from the permitted set again. For a process that needs its capabilities only at times. Children
 * inherit both sets. 0 or -errno.
 */
int harden_lower_rights(void);
int harden_raise_rights(void);

/*
 * For a process that only serves, and neither mounts nor runs programs: sets no_new_privs, and in a
 * build with libseccomp allows only the system calls that serving needs; any other call fails with
 * ENOSYS. unmounts: allows umount2(2), too. Threads that are made later inherit both. Returns 0 or
 * -errno.
 */
int harden_server(bool unmounts);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * Opening for a caller. tmpfs judges each open: the object is opened as the caller, with the
 * caller's flags, also when other clients have it open already. The descriptor then serves all of
 * them (region.h), so it is opened once more, still as the caller, for the access that its region
 * can use.
 */
#ifndef SHMFS_OPEN_FLAGS_H
#define SHMFS_OPEN_FLAGS_H

/* Of the kernel's own flags (FMODE_EXEC); it tells a file system so that this is an execve(2). */
#define OPEN_FOR_EXEC 040

/*
 * The flags with which tmpfs is asked, from those that the kernel hands over: an access mode,
 * O_APPEND. O_ACCMODE itself, which open(2) calls nonstandard, needs both permissions.
 */
int open_flags_of(int flags);

/*
 * To be called as the caller, with the descriptor that it has opened: returns the descriptor for
 * the region, a better one or fd itself. fd is owned. An error is handed through.
 */
int open_for_region(int fd, int flags);

/*
 * O_TRUNC, if flags have it, of the object that fd stands for. To be called as the caller, after
 * all steps that can fail: an open that fails leaves the object as it was. 0 or -errno.
 */
int open_truncate(int fd, int flags);

#endif

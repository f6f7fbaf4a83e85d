/* SPDX-License-Identifier: MIT */
/* The files of the mount and their objects in /dev/shm. All assert. */
#ifndef SHMFS_TEST_VIEW_H
#define SHMFS_TEST_VIEW_H

/* Makes and removes an object as the host does, by shm_open(3) and shm_unlink(3). */
void make_object(const char *name);
void remove_object(const char *name);

/* The names in a directory, sorted, each followed by a space; a slash for directories. */
void expect_list(const char *path, const char *expected);

/* This path is the object with this name in /dev/shm, and can be opened. */
void expect_object(const char *path, const char *name);

#endif

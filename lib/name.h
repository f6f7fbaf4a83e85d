/* SPDX-License-Identifier: MIT */
/*
 * Names: a path of the view <-> the name of a shared memory object. Pure.
 *
 * An object name is what shm_open(3) takes: a slash and one component of 1 to 255 bytes without
 * another slash. A path of the view is one object name with its slashes written "%2F"; a directory
 * is known by its prefix, the encoded path with "%2F" at its end ("" for the root of the view).
 */
#ifndef SHMFS_NAME_H
#define SHMFS_NAME_H

#include <stdbool.h>

/* Longest object name in bytes, without the leading slash and the NUL. */
#define SHMFS_NAME_MAX 255

/* How a slash of the view is written in an object name. Exactly so: "%2f" is an ordinary text. */
#define SHMFS_NAME_SLASH "%2F"

/* The prefix of the root of the view. */
#define SHMFS_NAME_ROOT ""

/* An object name as shm_open(3) takes it: a leading slash, the component, NUL. */
struct shmfs_name {
	char text[1 + SHMFS_NAME_MAX + 1];
};

/*
 * The object that `component` of the directory with `prefix` stands for.
 * Returns 0; -ENAMETOOLONG when the encoded name is longer than SHMFS_NAME_MAX; -EINVAL when
 * component is empty, "." or "..", or holds a slash.
 */
int shmfs_name_encode(struct shmfs_name *ret_name, const char *prefix, const char *component);

/*
 * The component under which the object is seen in the directory with `prefix`: a pointer into
 * name, or NULL when the object does not lie in that directory (a marker does not lie in its own).
 */
const char *shmfs_name_component(const struct shmfs_name *name, const char *prefix);

/*
 * May this component be made in the view? False when it holds an encoded slash, which would make
 * it a path. Objects with such names that others made can still be looked up, opened and removed.
 */
bool shmfs_name_is_creatable(const char *component);

#endif

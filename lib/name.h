/* SPDX-License-Identifier: MIT */
/*
 * Names: a path of the view <-> the name of a shared memory object. Pure.
 *
 * An object name is what shm_open(3) takes: a slash and one component of 1 to 255 bytes without
 * another slash. A path of the view is one object name with its slashes written "%2F"; a directory
 * is known by its prefix, the encoded path with "%2F" at its end ("" for the root of the view). It
 * exists where an object has its prefix as a name: its marker, which carries owner, mode and times.
 */
#ifndef SHMFS_NAME_H
#define SHMFS_NAME_H

#include <stdbool.h>
#include <stddef.h>

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
 * The marker of the directory that `component` of the directory with `prefix` stands for: its
 * prefix with a slash before it. Errors as above; the marker is 3 bytes longer than an object's
 * name.
 */
int shmfs_name_encode_dir(struct shmfs_name *ret_name, const char *prefix, const char *component);

/* Does an object with this encoded name (no slash before it) make a directory? */
bool shmfs_name_is_marker(const char *encoded);

/*
 * The prefixes of the directories in which an object with this encoded name could lie, the longest
 * first: returns the length in bytes of the longest one that is shorter than `before` (at first
 * strlen(encoded)), down to 0, the root's. The object lies in the first of them that has a marker.
 * What would leave ".", ".." or nothing for its component is left out.
 */
size_t shmfs_name_outer(const char *encoded, size_t before);

/*
 * May this component be made in the view? False when it holds an encoded slash, which would make
 * it a path. Objects with such names that others made can still be looked up, opened and removed.
 */
bool shmfs_name_is_creatable(const char *component);

#endif

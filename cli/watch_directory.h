/* SPDX-License-Identifier: MIT */
/* Inside cli/watch_source.c: the directories in which events happen, by their handles. */
#ifndef SHMFS_CLI_WATCH_DIRECTORY_H
#define SHMFS_CLI_WATCH_DIRECTORY_H

#include "watch_source.h"

#define WATCH_EVENTS (FAN_CREATE | FAN_DELETE | FAN_RENAME | FAN_MODIFY | FAN_ATTRIB | FAN_ONDIR)

/* The inode number in a handle of tmpfs or FUSE; 0: another file system's. */
uint64_t watch_handle_number(const struct file_handle *handle);

/* The path of a directory from its handle: "" for the root. The path of a directory that has gone
 * is its last one, or "?". */
void watch_directory_path(
	struct watch_source *source, struct file_handle *handle, char *ret_path, size_t size);

/* Watches all directories of a view. -errno if its root cannot be watched. */
int watch_directories_mark(struct watch_source *source);

void watch_directories_free(struct watch_directory *directories, size_t count);

#endif

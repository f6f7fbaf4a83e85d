/* SPDX-License-Identifier: MIT */
/*
 * Events of one file system, by fanotify(7): the tmpfs as a whole, or the directories of a mount of
 * shmfs, where the process that asks is known, and not only the daemon that does it.
 */
#ifndef SHMFS_CLI_WATCH_SOURCE_H
#define SHMFS_CLI_WATCH_SOURCE_H

#include "survey.h"

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct watch_event {
	uint64_t mask; /* FAN_CREATE, FAN_DELETE, FAN_RENAME, FAN_MODIFY, FAN_ATTRIB, FAN_ONDIR; or
			  FAN_Q_OVERFLOW alone: events were lost */
	pid_t pid;
	int pidfd;                               /* the caller's; -1: the process has ended */
	uint64_t ino;                            /* of the object; 0: not told */
	char path[PATH_MAX], new_path[PATH_MAX]; /* from the root of the tmpfs; new: FAN_RENAME */
};

struct watch_directory {
	uint64_t ino;
	char *path;
	bool is_settled; /* of a view: whatever happens in it is told from now on */
};

struct watch_source {
	int fd;                              /* readable when there are events */
	char *door;                          /* where it is mounted */
	dev_t view;                          /* the mount of shmfs; 0: the tmpfs */
	int root;                            /* the root of the tmpfs, the survey's */
	struct watch_directory *directories; /* as far as they have been seen */
	size_t directory_count;
	char *buffer;
	size_t length, at; /* of what has been read */
};

/*
 * Begins to watch the tmpfs of the survey, or a view. -EPERM: only root can; -EINVAL: the kernel is
 * too old (the tmpfs: 5.17, a view: 6.8); -ENOMEM.
 */
int watch_source_open(
	struct watch_source *source, const struct survey *survey, const struct shmfs_mount *view);
void watch_source_close(struct watch_source *source);

/*
 * Does a view tell what happens in the directory in which this path lies? A new directory is only
 * watched from a moment on that comes after its first events: it does not settle before all events
 * of the tmpfs up to then have been told. Some may be told twice, and none is lost.
 */
bool watch_source_tells(const struct watch_source *source, const char *path);
void watch_source_settle(struct watch_source *source);

/*
 * The next event that has been read, or reads some. Does not wait. Returns 1, 0: there is none, or
 * -errno.
 */
int watch_source_next(struct watch_source *source, struct watch_event *ret_event);

#endif

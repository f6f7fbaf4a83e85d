/* SPDX-License-Identifier: MIT */
/*
 * Events of one file system, by fanotify(7): the tmpfs as a whole, or the directories of a mount of
 * shmfs, where the process that asks is known, and not only the daemon that does it.
 */
#ifndef SHMFS_CLI_WATCH_SOURCE_H
#define SHMFS_CLI_WATCH_SOURCE_H

#include "survey.h"
#include "watch_actor.h"

#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#define WATCH_HANDLE_SIZE 128 /* bytes; the kernel's MAX_HANDLE_SZ */

union watch_handle {
	struct file_handle handle; /* handle_bytes 0: none */
	char bytes[sizeof(struct file_handle) + WATCH_HANDLE_SIZE];
};

struct watch_event {
	uint64_t mask; /* FAN_CREATE, FAN_DELETE, FAN_RENAME, FAN_MODIFY, FAN_ATTRIB, FAN_ONDIR; or
			  FAN_Q_OVERFLOW alone: events were lost */
	uint64_t ino;  /* of the object; 0: not told */
	union watch_handle object;
	char *path, *new_path; /* from the root of the tmpfs; new_path: of FAN_RENAME */
	pid_t pid;
	bool has_actor; /* false: the process had ended, and was not known */
	struct watch_actor actor;
};

struct watch_directory {
	uint64_t ino;
	char *path;
	bool is_settled; /* of a view: its events are told from now on */
};

struct watch_source {
	int fd;                              /* readable when there are events */
	char *door;                          /* where it is mounted */
	dev_t view;                          /* the mount of shmfs; 0: the tmpfs */
	int root;                            /* the root of the tmpfs, the survey's */
	struct watch_directory *directories; /* as far as they have been seen */
	size_t directory_count;
	struct watch_actors *actors;
	char *buffer;
	struct watch_event *events; /* that were read; those from `at` on are pending */
	size_t at, count, room;
};

/*
 * Begins to watch the tmpfs of the survey, or a view. -EPERM: only root can; -EINVAL: the kernel is
 * too old (the tmpfs: 5.17, a view: 6.8); -ENOMEM.
 */
int watch_source_open(struct watch_source *source, const struct survey *survey,
	const struct shmfs_mount *view, struct watch_actors *actors);
void watch_source_close(struct watch_source *source);

/*
 * Does a view tell the events of the directory in which this path lies? A new directory is only
 * watched from a moment on that comes after its first events: it does not settle before all events
 * of the tmpfs up to then have been told. Some may be told twice, and none is lost.
 */
bool watch_source_tells(const struct watch_source *source, const char *path);
void watch_source_settle(struct watch_source *source);

/* Reads all events that the kernel has, and looks at their processes. Does not wait. -errno. */
int watch_source_fill(struct watch_source *source);

/* The next event that was read, which the caller frees; false: there is none. */
bool watch_source_next(struct watch_source *source, struct watch_event *ret_event);
void watch_event_free(struct watch_event *event);

/*
 * Is an event of another process pending that concerns the same object, and has any bit of mask? A
 * difference since the last event may then be the work of either process.
 */
bool watch_source_is_disputed(
	const struct watch_source *source, const struct watch_event *event, uint64_t mask);

#endif

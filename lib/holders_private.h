/* SPDX-License-Identifier: MIT */
/* Inside lib/holders*.c: a scan that goes on. */
#ifndef SHMFS_HOLDERS_PRIVATE_H
#define SHMFS_HOLDERS_PRIVATE_H

#include "holders.h"

/* A mount of FUSE and the process that serves it. */
struct daemon {
	dev_t view;
	uint32_t process;
};

struct scan {
	struct shmfs_holders *out;
	int proc;
	pid_t self;
	dev_t *devs; /* whose objects count, sorted */
	size_t dev_count;
	struct daemon *daemons;
	size_t daemon_count;
	size_t holder_room, process_room, daemon_room;

	/* The process that is being looked at. */
	struct shmfs_process process;
	uint64_t space;
	bool is_kept;   /* it is the last of out->processes */
	bool has_asked; /* for its own mounts */
};

/* One item more in an array that grows. -ENOMEM. */
int scan_grow(void *array, size_t *room, size_t count, size_t size);

bool scan_wants(const struct scan *scan, dev_t dev);

/* Notes that the process holds something. The fields of `found` but process are set. -ENOMEM. */
int scan_found(struct scan *scan, const struct shmfs_holder *found);

/* Notes that the process serves this mount of FUSE. */
int scan_found_daemon(struct scan *scan, dev_t view);

/* Looks at one task of the process; task: its directory in /proc. 0, -EACCES, -ESRCH, -ENOMEM. */
int scan_descriptors(struct scan *scan, int task);
int scan_maps(struct scan *scan, int task);
int scan_places(struct scan *scan, int task);

/* Replaces views by their tmpfs, drops claims that are not believed, and sorts. */
int scan_finish(struct scan *scan);

#endif

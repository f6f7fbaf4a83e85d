/* SPDX-License-Identifier: MIT */
/*
 * All objects of a tmpfs, those in its directories too: a namespace is a directory. Other users own
 * these objects and may change them meanwhile: symbolic links and mounts are never followed, and
 * only directories are opened.
 */
#ifndef SHMFS_LISTING_H
#define SHMFS_LISTING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/types.h>

struct shmfs_listing_entry {
	char *path; /* from the root of the listing, without a slash at its beginning */
	uint64_t ino;
	uint64_t size; /* bytes */
	uint64_t used; /* bytes of memory */
	mode_t mode;
	uid_t uid;
	gid_t gid;
	uint32_t links;
	struct timespec birth, change, modified; /* birth is 0 where it is not known */
	bool is_empty;                           /* a directory without entries */
};

struct shmfs_listing {
	struct shmfs_listing_entry *entries; /* regular files and directories, as they were found */
	size_t count;
	dev_t dev;
	size_t unread; /* directories that could not be read, or lie too deep */
};

/*
 * Lists the objects below the directory fd, which stays open. -ENOMEM, or the error of reading it.
 */
int shmfs_listing_read(int fd, struct shmfs_listing *ret_listing);
void shmfs_listing_free(struct shmfs_listing *listing);

/* Seconds since the last of the events that its times show: birth, a change, a write. */
double shmfs_listing_age(const struct shmfs_listing_entry *entry, const struct timespec *now);

double shmfs_seconds_between(const struct timespec *from, const struct timespec *to);

/* Fills all but path and is_empty. */
void shmfs_listing_set(struct shmfs_listing_entry *entry, const struct statx *stx);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * All objects of a tmpfs, those in its directories too: a namespace is a directory. Other users own
 * what is listed and may change it meanwhile: symbolic links and mounts are never followed, and
 * nothing is opened but directories.
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
	bool is_empty;                           /* a directory in which there is nothing */
};

struct shmfs_listing {
	struct shmfs_listing_entry *entries; /* regular files and directories, as they were found */
	size_t count;
	dev_t dev;
	size_t unread; /* directories that could not be read, or lie too deep */
};

/*
 * Lists what lies below the directory fd, which stays open. -ENOMEM, or why it cannot be read.
 */
int shmfs_listing_read(int fd, struct shmfs_listing *ret_listing);
void shmfs_listing_free(struct shmfs_listing *listing);

/* How long ago anything happened to it that its times show: birth, a change, a write. Seconds. */
double shmfs_listing_age(const struct shmfs_listing_entry *entry, const struct timespec *now);

/* Fills all but path and is_empty. */
void shmfs_listing_set(struct shmfs_listing_entry *entry, const struct statx *stx);

#endif

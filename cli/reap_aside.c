/* SPDX-License-Identifier: MIT */
#include "reap_aside.h"

#include "beneath.h"
#include "lease.h"
#include "object_row.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define PREFIX ".shmfs-reap-"

/*
 * .shmfs-reap-PID-INO-NAME: after a crash the next reap can give the name back. It is cut where it
 * is too long for that.
 */
static void name_aside(char ret_aside[NAME_MAX + 1], uint64_t ino, const char *name)
{
	const int length =
		snprintf(ret_aside, NAME_MAX + 1, PREFIX "%d-%" PRIu64 "-", (int)getpid(), ino);

	snprintf(ret_aside + length, (size_t)(NAME_MAX + 1 - length), "%.*s", NAME_MAX - length,
		name);
}

bool reap_aside_is_left(const char *name, uint64_t ino, char ret_name[NAME_MAX + 1])
{
	uint64_t number;
	int pid, end = 0;

	if (sscanf(name, PREFIX "%d-%" SCNu64 "-%n", &pid, &number, &end) != 2 || !end ||
		!name[end] || number != ino || strlen(name) == NAME_MAX)
		return false;
	if (pid <= 0 || kill(pid, 0) == 0 || errno != ESRCH)
		return false;
	snprintf(ret_name, NAME_MAX + 1, "%s", name + end);
	return true;
}

/* Gives an object its name back that the death of an earlier reap has left aside. */
static bool is_restored(int directory, const struct shmfs_listing_entry *entry)
{
	const char *aside = object_name(entry->path);
	char name[NAME_MAX + 1];

	return reap_aside_is_left(aside, entry->ino, name) &&
	       renameat2(directory, aside, directory, name, RENAME_NOREPLACE) == 0;
}

static int open_directory_of(const struct survey *survey, const char *path)
{
	char directory[PATH_MAX];
	const size_t length = (size_t)(object_name(path) - path);

	if (length == 0)
		return fcntl(survey->dir, F_DUPFD_CLOEXEC, 0);
	if (length >= sizeof(directory))
		return -ENAMETOOLONG;
	memcpy(directory, path, length - 1);
	directory[length - 1] = '\0';
	return shmfs_beneath_open(survey->dir, directory, O_PATH | O_DIRECTORY);
}

/* --- directories --------------------------------------------------------------------------------
 */

/*
 * A shmfs run that has programs in a namespace holds the lock of its directory. A shmfs run that is
 * about to start one takes the lock first, and makes the directory anew if it has gone.
 */
static int remove_locked(int directory, int fd, const char *name, uint64_t ino)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return -errno;
	if (st.st_ino != ino)
		return -ESTALE;
	if (flock(fd, LOCK_EX | LOCK_NB) < 0)
		return errno == EWOULDBLOCK ? -EBUSY : -errno;
	return unlinkat(directory, name, AT_REMOVEDIR) < 0 ? -errno : 0;
}

static enum reap_verdict remove_directory(
	int directory, const char *name, uint64_t ino, int *ret_error)
{
	const int fd = shmfs_beneath_open(directory, name, O_RDONLY | O_DIRECTORY);
	const int r = fd < 0 ? fd : remove_locked(directory, fd, name, ino);

	if (fd >= 0)
		close(fd);
	*ret_error = 0;
	switch (r) {
	case 0:
		return REAP_REMOVED;
	case -EBUSY:
		return REAP_KEPT_HELD;
	case -ENOTEMPTY:
	case -ENOENT:
	case -ESTALE:
		return REAP_KEPT_CHANGED;
	default:
		*ret_error = r;
		return REAP_FAILED;
	}
}

/* --- objects ------------------------------------------------------------------------------------
 */

static enum reap_verdict refused(int error, int *ret_error)
{
	switch (error) {
	case -EBUSY:
		return REAP_KEPT_HELD;
	case -ENOENT:
	case -ESTALE:
	case -EXDEV:
	case -ELOOP:
		return REAP_KEPT_CHANGED;
	default:
		*ret_error = error;
		return REAP_DOUBT;
	}
}

/* The object may have been used since it was listed. */
static bool is_young(int fd, double older_than)
{
	struct shmfs_listing_entry entry;
	struct timespec now;
	struct statx stx;

	if (statx(fd, "", AT_EMPTY_PATH, STATX_BASIC_STATS | STATX_BTIME, &stx) < 0)
		return true;
	shmfs_listing_set(&entry, &stx);
	clock_gettime(CLOCK_REALTIME, &now);
	return shmfs_listing_age(&entry, &now) < older_than;
}

static enum reap_verdict put_aside(struct reap_aside *aside, const struct survey *survey,
	const struct shmfs_listing_entry *entry, double older_than, int *ret_error)
{
	aside->lease = shmfs_lease_take(survey->dir, entry->path, entry->ino);
	if (aside->lease < 0)
		return refused(aside->lease, ret_error);
	if (is_young(aside->lease, older_than))
		return REAP_KEPT_YOUNG;
	snprintf(aside->name, sizeof(aside->name), "%s", object_name(entry->path));
	name_aside(aside->aside, entry->ino, aside->name);
	if (renameat2(aside->directory, aside->name, aside->directory, aside->aside,
		    RENAME_NOREPLACE) == 0)
		return REAP_MAY_GO;
	*ret_error = -errno;
	return REAP_FAILED;
}

static void let_go(struct reap_aside *aside)
{
	if (aside->lease >= 0)
		close(aside->lease);
	if (aside->directory >= 0)
		close(aside->directory);
	aside->lease = aside->directory = -1;
}

enum reap_verdict reap_aside_begin(struct reap_aside *aside, const struct survey *survey,
	const struct shmfs_listing_entry *entry, double older_than, int *ret_error)
{
	enum reap_verdict verdict;

	*aside = (struct reap_aside){.lease = -1};
	*ret_error = 0;
	aside->directory = open_directory_of(survey, entry->path);
	if (aside->directory < 0)
		return refused(aside->directory, ret_error);
	if (is_restored(aside->directory, entry))
		verdict = REAP_RESTORED;
	else if (S_ISDIR(entry->mode))
		verdict = remove_directory(
			aside->directory, object_name(entry->path), entry->ino, ret_error);
	else
		verdict = put_aside(aside, survey, entry, older_than, ret_error);
	if (verdict != REAP_MAY_GO)
		let_go(aside);
	return verdict;
}

bool reap_aside_is_wanted(const struct reap_aside *aside)
{
	return shmfs_lease_is_wanted(aside->lease);
}

/*
 * The owner may have moved the object meanwhile: no other object must be removed in its place. A
 * file system that was mounted there meanwhile is not asked.
 */
static bool is_still_there(const struct reap_aside *aside)
{
	struct statx own, there;

	return statx(aside->lease, "", AT_EMPTY_PATH, STATX_INO, &own) == 0 &&
	       statx(aside->directory, aside->aside,
		       AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT | AT_STATX_DONT_SYNC, STATX_INO,
		       &there) == 0 &&
	       there.stx_ino == own.stx_ino && there.stx_dev_major == own.stx_dev_major &&
	       there.stx_dev_minor == own.stx_dev_minor;
}

static enum reap_verdict give_back(const struct reap_aside *aside, enum reap_verdict verdict)
{
	return renameat2(aside->directory, aside->aside, aside->directory, aside->name,
		       RENAME_NOREPLACE) == 0
		       ? verdict
		       : REAP_DOUBT_ASIDE;
}

enum reap_verdict reap_aside_end(struct reap_aside *aside, int *ret_error)
{
	enum reap_verdict verdict;

	*ret_error = 0;
	if (shmfs_lease_is_wanted(aside->lease)) {
		verdict = give_back(aside, REAP_KEPT_WANTED);
	} else if (!is_still_there(aside)) {
		verdict = REAP_KEPT_CHANGED;
	} else if (unlinkat(aside->directory, aside->aside, 0) == 0) {
		verdict = REAP_REMOVED;
	} else {
		*ret_error = -errno;
		verdict = give_back(aside, REAP_FAILED);
	}
	let_go(aside);
	return verdict;
}

/* SPDX-License-Identifier: MIT */
#include "listing.h"

#include "beneath.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <time.h>
#include <unistd.h>

#define DEPTH_MAX 64   /* directories that are open at once */
#define WAIT_SECONDS 5 /* for another user's directory: long enough for a million entries */

struct walk {
	struct shmfs_listing *out;
	size_t room;
	unsigned depth;
	bool is_errand; /* may take for ever */
};

static struct timespec time_of(const struct statx_timestamp *time)
{
	return (struct timespec){.tv_sec = (time_t)time->tv_sec, .tv_nsec = (long)time->tv_nsec};
}

void shmfs_listing_set(struct shmfs_listing_entry *entry, const struct statx *stx)
{
	entry->ino = stx->stx_ino;
	entry->size = stx->stx_size;
	entry->used = stx->stx_blocks * 512;
	entry->mode = stx->stx_mode;
	entry->uid = stx->stx_uid;
	entry->gid = stx->stx_gid;
	entry->links = stx->stx_nlink;
	entry->change = time_of(&stx->stx_ctime);
	entry->modified = time_of(&stx->stx_mtime);
	entry->birth = (struct timespec){0, 0};
	if (stx->stx_mask & STATX_BTIME)
		entry->birth = time_of(&stx->stx_btime);
}

double shmfs_seconds_between(const struct timespec *from, const struct timespec *to)
{
	return (double)(to->tv_sec - from->tv_sec) + (double)(to->tv_nsec - from->tv_nsec) / 1e9;
}

double shmfs_listing_age(const struct shmfs_listing_entry *entry, const struct timespec *now)
{
	const double birth = shmfs_seconds_between(&entry->birth, now),
		     change = shmfs_seconds_between(&entry->change, now),
		     modified = shmfs_seconds_between(&entry->modified, now);
	const double youngest = birth < change ? birth : change;

	return youngest < modified ? youngest : modified;
}

static int append(struct walk *walk, const struct shmfs_listing_entry *entry)
{
	struct shmfs_listing *out = walk->out;

	if (out->count == walk->room) {
		const size_t room = walk->room ? walk->room * 2 : 256;
		struct shmfs_listing_entry *entries =
			reallocarray(out->entries, room, sizeof(*entries));

		if (!entries)
			return -ENOMEM;
		out->entries = entries;
		walk->room = room;
	}
	out->entries[out->count++] = *entry;
	return 0;
}

static int keep_entry(struct walk *walk, char *path, const struct statx *stx)
{
	struct shmfs_listing_entry entry = {.path = path};

	shmfs_listing_set(&entry, stx);
	return append(walk, &entry);
}

/* AT_STATX_DONT_SYNC: another file system that is mounted here must not be waited for. */
static int look_at_entry(int dir, const char *name, struct statx *ret_stx)
{
	if (statx(dir, name, AT_SYMLINK_NOFOLLOW | AT_STATX_DONT_SYNC | AT_NO_AUTOMOUNT,
		    STATX_BASIC_STATS | STATX_BTIME, ret_stx) < 0)
		return -errno;
	return 0;
}

static dev_t dev_of(const struct statx *stx)
{
	return makedev(stx->stx_dev_major, stx->stx_dev_minor);
}

static int walk_directory(struct walk *walk, int dir, const char *path, bool *ret_is_empty);

/* A directory that cannot be entered is counted; its own entry stands in the list. */
static int walk_into(struct walk *walk, int dir, const char *name, size_t entry)
{
	bool is_empty = false;
	int fd, r;

	fd = walk->depth < DEPTH_MAX ? shmfs_beneath_open(dir, name, O_RDONLY | O_DIRECTORY)
				     : -ELOOP;
	if (fd < 0) {
		walk->out->unread++;
		return 0;
	}
	walk->depth++;
	r = walk_directory(walk, fd, walk->out->entries[entry].path, &is_empty);
	walk->depth--;
	walk->out->entries[entry].is_empty = r == 0 && is_empty;
	walk->out->unread += r < 0 && r != -ENOENT; /* -ENOENT: it has been removed meanwhile */
	close(fd);
	return r == -ENOMEM ? r : 0;
}

/*
 * A user can hold the lock of a directory in which they may remove files, for ever: a process that
 * reads the directory, or a name in it, then waits in the kernel. Such a directory is walked by a
 * thread of its own. When that takes too long, the thread is left behind with all that it has.
 */
struct errand {
	struct shmfs_listing listing;
	struct walk walk;
	int dir;
	int result;
	char *name;
};

static bool may_block(const struct statx *stx)
{
	return (stx->stx_uid != 0 && stx->stx_uid != geteuid()) || (stx->stx_mode & 022);
}

static void *run_errand(void *arg)
{
	struct errand *errand = arg;

	errand->result = walk_into(&errand->walk, errand->dir, errand->name, 0);
	return NULL;
}

static struct errand *free_errand(struct errand *errand)
{
	if (!errand)
		return NULL;
	if (errand->dir >= 0)
		close(errand->dir);
	shmfs_listing_free(&errand->listing);
	free(errand->name);
	free(errand);
	return NULL;
}

static struct errand *new_errand(const struct walk *walk, int dir, const char *name, size_t entry)
{
	struct errand *errand = calloc(1, sizeof(*errand));
	struct shmfs_listing_entry *first = calloc(1, sizeof(*first));

	if (!errand || !first) {
		free(errand);
		free(first);
		return NULL;
	}
	errand->listing =
		(struct shmfs_listing){.entries = first, .count = 1, .dev = walk->out->dev};
	errand->walk = (struct walk){
		.out = &errand->listing, .room = 1, .depth = walk->depth, .is_errand = true};
	errand->name = strdup(name);
	first->path = strdup(walk->out->entries[entry].path);
	errand->dir = fcntl(dir, F_DUPFD_CLOEXEC, 0);
	return errand->name && first->path && errand->dir >= 0 ? errand : free_errand(errand);
}

/* The entries that the thread has found go to the end of the list; its first entry is there
 * already. */
static int take_over(struct walk *walk, struct errand *errand, size_t entry)
{
	struct shmfs_listing *from = &errand->listing, *to = walk->out;
	int r = errand->result;

	to->entries[entry].is_empty = from->entries[0].is_empty;
	to->unread += from->unread;
	for (size_t i = 1; r == 0 && i < from->count; i++) {
		r = append(walk, &from->entries[i]);
		if (r == 0)
			from->entries[i].path = NULL;
	}
	free_errand(errand);
	return r;
}

static int send_into(struct walk *walk, int dir, const char *name, size_t entry)
{
	struct errand *errand = new_errand(walk, dir, name, entry);
	struct timespec until;
	pthread_t thread;

	if (!errand || pthread_create(&thread, NULL, run_errand, errand) != 0) {
		free_errand(errand);
		walk->out->unread++;
		return 0;
	}
	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += WAIT_SECONDS;
	if (pthread_timedjoin_np(thread, NULL, &until) == 0)
		return take_over(walk, errand, entry);
	pthread_detach(thread);
	walk->out->unread++;
	return 0;
}

static int list_found(struct walk *walk, int dir, const char *directory, const char *name)
{
	struct statx stx;
	char *path;
	int r;

	if (look_at_entry(dir, name, &stx) < 0 || dev_of(&stx) != walk->out->dev)
		return 0;
	if (!S_ISREG(stx.stx_mode) && !S_ISDIR(stx.stx_mode))
		return 0;
	if (asprintf(&path, "%s%s%s", directory, *directory ? "/" : "", name) < 0)
		return -ENOMEM;
	r = keep_entry(walk, path, &stx);
	if (r < 0)
		free(path);
	else if (S_ISDIR(stx.stx_mode) && !walk->is_errand && may_block(&stx))
		r = send_into(walk, dir, name, walk->out->count - 1);
	else if (S_ISDIR(stx.stx_mode))
		r = walk_into(walk, dir, name, walk->out->count - 1);
	return r;
}

static int walk_directory(struct walk *walk, int dir, const char *path, bool *ret_is_empty)
{
	_Alignas(struct dirent64) char entries[32768];
	ssize_t length;

	*ret_is_empty = true;
	while ((length = getdents64(dir, entries, sizeof(entries))) != 0) {
		if (length < 0)
			return -errno;
		for (ssize_t at = 0; at < length;) {
			const struct dirent64 *entry = (const void *)(entries + at);
			int r;

			at += entry->d_reclen;
			if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
				continue;
			*ret_is_empty = false;
			r = list_found(walk, dir, path, entry->d_name);
			if (r < 0)
				return r;
		}
	}
	return 0;
}

int shmfs_listing_read(int fd, struct shmfs_listing *ret_listing)
{
	struct shmfs_listing listing = {.entries = NULL};
	struct walk walk = {.out = &listing};
	struct statx stx;
	bool is_empty;
	int again, r;

	/* A position of its own, so that the caller's descriptor can be listed many times. */
	again = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (again < 0)
		return -errno;
	r = statx(again, "", AT_EMPTY_PATH, STATX_INO, &stx) < 0 ? -errno : 0;
	if (r == 0) {
		listing.dev = dev_of(&stx);
		r = walk_directory(&walk, again, "", &is_empty);
	}
	close(again);
	if (r < 0)
		shmfs_listing_free(&listing);
	else
		*ret_listing = listing;
	return r;
}

void shmfs_listing_free(struct shmfs_listing *listing)
{
	for (size_t i = 0; i < listing->count; i++)
		free(listing->entries[i].path);
	free(listing->entries);
	*listing = (struct shmfs_listing){.entries = NULL};
}

/* SPDX-License-Identifier: MIT */
#include "watch_directory.h"

#include "listing.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/fanotify.h>
#include <unistd.h>

#define FUSE_ROOT 1
#define REMEMBERED_MAX 256
#define HANDLE_TMPFS 1   /* generation, ino low, ino high */
#define HANDLE_FUSE 0x81 /* ino high, ino low, generation */

/* --- directories of a view ----------------------------------------------------------------------
 */

void watch_directories_free(struct watch_directory *directories, size_t count)
{
	for (size_t i = 0; i < count; i++)
		free(directories[i].path);
	free(directories);
}

static struct watch_directory *find_directory(const struct watch_source *source, uint64_t ino)
{
	for (size_t i = 0; i < source->directory_count; i++)
		if (source->directories[i].ino == ino)
			return &source->directories[i];
	return NULL;
}

/* Directories of the tmpfs are remembered for the time after their end only. A user who makes them
 * without end must not make this array grow without end. */
static void forget_oldest(struct watch_source *source)
{
	free(source->directories[0].path);
	source->directory_count--;
	memmove(source->directories, source->directories + 1,
		source->directory_count * sizeof(*source->directories));
}

/* Adds the directory, or notes its new path. */
static int keep_directory(struct watch_source *source, uint64_t ino, const char *path)
{
	struct watch_directory *known = find_directory(source, ino), *directories;
	char *copy = strdup(path);

	if (!copy)
		return -ENOMEM;
	if (known) {
		free(known->path);
		known->path = copy;
		return 0;
	}
	if (!source->view && source->directory_count == REMEMBERED_MAX)
		forget_oldest(source);
	directories = reallocarray(
		source->directories, source->directory_count + 1, sizeof(*directories));
	if (!directories) {
		free(copy);
		return -ENOMEM;
	}
	source->directories = directories;
	directories[source->directory_count++] = (struct watch_directory){.ino = ino, .path = copy};
	return 0;
}

bool watch_source_tells(const struct watch_source *source, const char *path)
{
	const char *slash = strrchr(path, '/');
	const size_t length = slash ? (size_t)(slash - path) : 0;

	for (size_t i = 0; i < source->directory_count; i++) {
		const struct watch_directory *directory = &source->directories[i];

		if (directory->is_settled && strlen(directory->path) == length &&
			strncmp(directory->path, path, length) == 0)
			return true;
	}
	return false;
}

void watch_source_settle(struct watch_source *source)
{
	for (size_t i = 0; i < source->directory_count; i++)
		source->directories[i].is_settled = true;
}

/* The daemon is asked for the path: only root's mounts are watched. */
static int mark_directory(const struct watch_source *source, const char *path)
{
	char whole[PATH_MAX];

	if (snprintf(whole, sizeof(whole), "%s/%s", source->door, path) >= (int)sizeof(whole))
		return -ENAMETOOLONG;
	if (fanotify_mark(source->fd, FAN_MARK_ADD | FAN_MARK_ONLYDIR | FAN_MARK_DONT_FOLLOW,
		    WATCH_EVENTS | FAN_EVENT_ON_CHILD, AT_FDCWD, whole) < 0)
		return -errno;
	return 0;
}

/* Keeps the marks of directories that were settled. */
static void settle_again(
	struct watch_source *source, const struct watch_directory *old, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct watch_directory *directory = find_directory(source, old[i].ino);

		if (directory)
			directory->is_settled = old[i].is_settled;
	}
}

/* A directory that cannot be marked has gone. */
int watch_directories_mark(struct watch_source *source)
{
	struct watch_directory *old = source->directories;
	const size_t old_count = source->directory_count;
	struct shmfs_listing listing;
	int r = mark_directory(source, "");

	if (r == 0)
		r = shmfs_listing_read(source->root, &listing);
	if (r < 0)
		return r;
	source->directories = NULL;
	source->directory_count = 0;
	r = keep_directory(source, FUSE_ROOT, "");
	for (size_t i = 0; r == 0 && i < listing.count; i++) {
		const struct shmfs_listing_entry *entry = &listing.entries[i];

		if (S_ISDIR(entry->mode) && mark_directory(source, entry->path) == 0)
			r = keep_directory(source, entry->ino, entry->path);
	}
	settle_again(source, old, old_count);
	watch_directories_free(old, old_count);
	shmfs_listing_free(&listing);
	return r;
}

/* --- handles ------------------------------------------------------------------------------------
 */

uint64_t watch_handle_number(const struct file_handle *handle)
{
	uint32_t words[3];

	if (handle->handle_bytes < sizeof(words))
		return 0;
	memcpy(words, handle->f_handle, sizeof(words));
	if (handle->handle_type == HANDLE_TMPFS)
		return (uint64_t)words[2] << 32 | words[1];
	return handle->handle_type == HANDLE_FUSE ? (uint64_t)words[0] << 32 | words[1] : 0;
}

/* The path of a directory of the tmpfs from its handle; "" for the root. */
static int path_of_handle(
	const struct watch_source *source, struct file_handle *handle, char *ret_path, size_t size)
{
	char link[40], path[PATH_MAX];
	const size_t root_length = strlen(source->door);
	ssize_t length;
	int fd;

	fd = open_by_handle_at(source->root, handle, O_PATH | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	length = readlink(link, path, sizeof(path) - 1);
	close(fd);
	if (length < 0)
		return -errno;
	path[length] = '\0';
	if (strncmp(path, source->door, root_length) != 0)
		return -ESTALE;
	snprintf(ret_path, size, "%s", path + root_length + (path[root_length] == '/'));
	return 0;
}

void watch_directory_path(
	struct watch_source *source, struct file_handle *handle, char *ret_path, size_t size)
{
	const uint64_t ino = watch_handle_number(handle);
	const struct watch_directory *known;

	if (!source->view && path_of_handle(source, handle, ret_path, size) == 0) {
		keep_directory(source, ino, ret_path);
		return;
	}
	known = find_directory(source, ino);
	if (!known && source->view && watch_directories_mark(source) == 0)
		known = find_directory(source, ino);
	snprintf(ret_path, size, "%s", known ? known->path : "?");
}

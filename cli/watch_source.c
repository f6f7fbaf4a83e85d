/* SPDX-License-Identifier: MIT */
#include "watch_source.h"

#include "listing.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/fanotify.h>
#include <unistd.h>

#define BUFFER_SIZE 65536
#define EVENT_SIZE 4096 /* more than two names and handles take */
#define EVENTS (FAN_CREATE | FAN_DELETE | FAN_RENAME | FAN_MODIFY | FAN_ATTRIB | FAN_ONDIR)
#define FUSE_ROOT 1
#define HANDLE_TMPFS 1   /* generation, ino low, ino high */
#define HANDLE_FUSE 0x81 /* ino high, ino low, generation */

/* --- directories of a view ----------------------------------------------------------------------
 */

static void forget_directories(struct watch_directory *directories, size_t count)
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

/* Adds it, or notes its other path. */
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
		    EVENTS | FAN_EVENT_ON_CHILD, AT_FDCWD, whole) < 0)
		return -errno;
	return 0;
}

/* What was settled is still so. */
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
static int mark_directories(struct watch_source *source)
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
	forget_directories(old, old_count);
	shmfs_listing_free(&listing);
	return r;
}

/* --- where it happened --------------------------------------------------------------------------
 */

union handle {
	struct file_handle handle;
	char bytes[sizeof(struct file_handle) + 128];
};

static uint64_t number_of(const struct file_handle *handle)
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

/* A directory that has gone since is told by its last path, or as ?. */
static void directory_path(
	struct watch_source *source, struct file_handle *handle, char *ret_path, size_t size)
{
	const uint64_t ino = number_of(handle);
	const struct watch_directory *known;

	if (!source->view && path_of_handle(source, handle, ret_path, size) == 0) {
		keep_directory(source, ino, ret_path);
		return;
	}
	known = find_directory(source, ino);
	if (!known && source->view && mark_directories(source) == 0)
		known = find_directory(source, ino);
	snprintf(ret_path, size, "%s", known ? known->path : "?");
}

static void take_name(struct watch_source *source, const struct fanotify_event_info_fid *info,
	char ret_path[PATH_MAX])
{
	const size_t offset = offsetof(struct fanotify_event_info_fid, handle),
		     room = info->hdr.len - offset;
	struct file_handle head;
	char directory[PATH_MAX];
	union handle handle;
	const char *name;

	memcpy(&head, (const char *)info + offset, sizeof(head));
	if (head.handle_bytes > 128 || sizeof(head) + head.handle_bytes >= room)
		return;
	memcpy(&handle, (const char *)info + offset, sizeof(head) + head.handle_bytes);
	name = (const char *)info + offset + sizeof(head) + head.handle_bytes;
	directory_path(source, &handle.handle, directory, sizeof(directory));
	if (strcmp(name, ".") == 0)
		name = "";
	if (snprintf(ret_path, PATH_MAX, "%s%s%s", directory, *directory && *name ? "/" : "",
		    name) >= PATH_MAX)
		ret_path[0] = '\0';
}

static void take_number(const struct fanotify_event_info_fid *info, struct watch_event *event)
{
	const size_t offset = offsetof(struct fanotify_event_info_fid, handle);
	union handle handle;

	memset(&handle, 0, sizeof(handle));
	memcpy(&handle, (const char *)info + offset,
		info->hdr.len - offset < sizeof(handle) ? info->hdr.len - offset : sizeof(handle));
	event->ino = number_of(&handle.handle);
}

static void take_info(struct watch_source *source, const struct fanotify_event_info_header *header,
	struct watch_event *event)
{
	const void *info = header;

	switch (header->info_type) {
	case FAN_EVENT_INFO_TYPE_DFID_NAME:
	case FAN_EVENT_INFO_TYPE_OLD_DFID_NAME:
		take_name(source, info, event->path);
		break;
	case FAN_EVENT_INFO_TYPE_NEW_DFID_NAME:
		take_name(source, info, event->new_path);
		break;
	case FAN_EVENT_INFO_TYPE_FID:
		take_number(info, event);
		break;
	case FAN_EVENT_INFO_TYPE_PIDFD:
		event->pidfd = ((const struct fanotify_event_info_pidfd *)info)->pidfd;
		break;
	default:
		break;
	}
}

/* --- the stream ---------------------------------------------------------------------------------
 */

static void parse(struct watch_source *source, const struct fanotify_event_metadata *metadata,
	struct watch_event *event)
{
	const char *end = (const char *)metadata + metadata->event_len;
	const char *at = (const char *)metadata + metadata->metadata_len;

	*event = (struct watch_event){
		.mask = metadata->mask, .pid = metadata->pid, .pidfd = FAN_NOPIDFD};
	while ((size_t)(end - at) >= sizeof(struct fanotify_event_info_header)) {
		const void *info = at;
		const struct fanotify_event_info_header *header = info;

		if (header->len == 0 || header->len > end - at)
			break;
		take_info(source, header, event);
		at += header->len;
	}
	if (event->pidfd < 0)
		event->pidfd = -1;
	/* Where directories come and go, those to be marked are others. */
	if (source->view && (event->mask & FAN_ONDIR) &&
		(event->mask & (FAN_CREATE | FAN_DELETE | FAN_RENAME)))
		mark_directories(source);
}

/* Events follow one another in the buffer without being aligned. Returns the length of the next
   one, or 0 if there is none that is whole. */
static size_t next_length(const struct watch_source *source)
{
	struct fanotify_event_metadata metadata;
	const size_t left = source->length - source->at;

	if (left < sizeof(metadata))
		return 0;
	memcpy(&metadata, source->buffer + source->at, sizeof(metadata));
	if (metadata.event_len < sizeof(metadata) || metadata.event_len > left ||
		metadata.event_len > EVENT_SIZE)
		return 0;
	return metadata.event_len;
}

int watch_source_next(struct watch_source *source, struct watch_event *ret_event)
{
	union {
		struct fanotify_event_metadata metadata;
		char bytes[EVENT_SIZE];
	} event;
	size_t length;

	if (source->at == source->length) {
		const ssize_t read_length = read(source->fd, source->buffer, BUFFER_SIZE);

		if (read_length < 0)
			return errno == EAGAIN || errno == EINTR ? 0 : -errno;
		source->at = 0;
		source->length = (size_t)read_length;
	}
	length = next_length(source);
	if (length == 0) {
		source->at = source->length = 0;
		return 0;
	}
	memcpy(event.bytes, source->buffer + source->at, length);
	source->at += length;
	parse(source, &event.metadata, ret_event);
	return 1;
}

static int begin(struct watch_source *source)
{
	source->fd = fanotify_init(FAN_CLASS_NOTIF | FAN_CLOEXEC | FAN_NONBLOCK | FAN_REPORT_PIDFD |
					   FAN_REPORT_DFID_NAME_TARGET,
		O_RDONLY | O_CLOEXEC);
	if (source->fd < 0)
		return -errno;
	if (source->view)
		return mark_directories(source);
	return fanotify_mark(source->fd, FAN_MARK_ADD | FAN_MARK_FILESYSTEM, EVENTS, source->root,
		       ".") < 0
		       ? -errno
		       : 0;
}

int watch_source_open(
	struct watch_source *source, const struct survey *survey, const struct shmfs_mount *view)
{
	int r;

	*source =
		(struct watch_source){.fd = -1, .view = view ? view->dev : 0, .root = survey->dir};
	source->door = strdup(view ? view->point : SURVEY_SHM);
	source->buffer = malloc(BUFFER_SIZE);
	r = source->door && source->buffer ? begin(source) : -ENOMEM;
	if (r < 0)
		watch_source_close(source);
	return r;
}

void watch_source_close(struct watch_source *source)
{
	if (source->fd >= 0)
		close(source->fd);
	forget_directories(source->directories, source->directory_count);
	free(source->door);
	free(source->buffer);
	*source = (struct watch_source){.fd = -1};
}

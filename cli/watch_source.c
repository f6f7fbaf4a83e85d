/* SPDX-License-Identifier: MIT */
/*
 * Processes end soon after the call that caused an event. So an event is taken from the kernel as
 * early as possible, and its process is looked at before anything else is done: see
 * watch_source_fill().
 */
#include "watch_source.h"

#include "watch_directory.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/fanotify.h>
#include <unistd.h>

#define BUFFER_SIZE 65536
#define EVENT_SIZE 4096  /* more than two names and handles take */
#define PENDING_MAX 8192 /* the rest waits in the kernel */

union whole_event {
	struct fanotify_event_metadata metadata;
	char bytes[EVENT_SIZE];
};

/* --- one event ----------------------------------------------------------------------------------
 */

static void parse_name(
	struct watch_source *source, const struct fanotify_event_info_fid *info, char **path)
{
	const size_t offset = offsetof(struct fanotify_event_info_fid, handle),
		     room = info->hdr.len - offset;
	char directory[PATH_MAX], whole[PATH_MAX];
	union watch_handle handle;
	struct file_handle head;
	const char *name;

	memcpy(&head, (const char *)info + offset, sizeof(head));
	if (head.handle_bytes > WATCH_HANDLE_SIZE || sizeof(head) + head.handle_bytes >= room)
		return;
	memcpy(&handle, (const char *)info + offset, sizeof(head) + head.handle_bytes);
	name = (const char *)info + offset + sizeof(head) + head.handle_bytes;
	watch_directory_path(source, &handle.handle, directory, sizeof(directory));
	if (strcmp(name, ".") == 0)
		name = "";
	if (snprintf(whole, sizeof(whole), "%s%s%s", directory, *directory && *name ? "/" : "",
		    name) >= (int)sizeof(whole))
		return;
	free(*path);
	*path = strdup(whole);
}

static void parse_object(const struct fanotify_event_info_fid *info, struct watch_event *event)
{
	const size_t offset = offsetof(struct fanotify_event_info_fid, handle),
		     length = info->hdr.len - offset;

	if (length > sizeof(event->object))
		return;
	memcpy(&event->object, (const char *)info + offset, length);
	event->ino = watch_handle_number(&event->object.handle);
}

/* The information record after this one; NULL: the first one. Returns NULL at the end. */
static const struct fanotify_event_info_header *next_info(
	const union whole_event *event, const struct fanotify_event_info_header *info)
{
	const char *end = event->bytes + event->metadata.event_len;
	const char *at =
		info ? (const char *)info + info->len : event->bytes + event->metadata.metadata_len;
	const void *next = at;
	const struct fanotify_event_info_header *header = next;

	if (end - at < (ptrdiff_t)sizeof(*header) || header->len == 0 || header->len > end - at)
		return NULL;
	return header;
}

/* The process of the event: looked at, and its descriptor closed. */
static void find_actor(
	struct watch_source *source, const union whole_event *whole, struct watch_event *event)
{
	const struct fanotify_event_info_header *info = NULL;
	int pidfd = -1;

	while ((info = next_info(whole, info)))
		if (info->info_type == FAN_EVENT_INFO_TYPE_PIDFD)
			pidfd = ((const struct fanotify_event_info_pidfd *)(const void *)info)
					->pidfd;
	event->has_actor = watch_actor_find(source->actors, event->pid, pidfd, &event->actor);
	if (pidfd >= 0)
		close(pidfd);
}

static int find_names(
	struct watch_source *source, const union whole_event *whole, struct watch_event *event)
{
	const struct fanotify_event_info_header *info = NULL;

	while ((info = next_info(whole, info))) {
		const void *data = info;

		if (info->info_type == FAN_EVENT_INFO_TYPE_DFID_NAME ||
			info->info_type == FAN_EVENT_INFO_TYPE_OLD_DFID_NAME)
			parse_name(source, data, &event->path);
		else if (info->info_type == FAN_EVENT_INFO_TYPE_NEW_DFID_NAME)
			parse_name(source, data, &event->new_path);
		else if (info->info_type == FAN_EVENT_INFO_TYPE_FID)
			parse_object(data, event);
	}
	/* New directories of a view are to be marked as well. */
	if (source->view && (event->mask & FAN_ONDIR) &&
		(event->mask & (FAN_CREATE | FAN_DELETE | FAN_RENAME)))
		watch_directories_mark(source);
	if (!event->path)
		event->path = strdup("");
	if (!event->new_path)
		event->new_path = strdup("");
	return event->path && event->new_path ? 0 : -ENOMEM;
}

/* --- the stream ---------------------------------------------------------------------------------
 */

/* Copies the event at this place of the buffer, because it need not be aligned there. Returns its
 * length, 0 if there is no whole event. */
static size_t copy_event(
	const struct watch_source *source, size_t at, size_t length, union whole_event *ret_event)
{
	const size_t left = length - at;

	if (left < sizeof(ret_event->metadata))
		return 0;
	memcpy(&ret_event->metadata, source->buffer + at, sizeof(ret_event->metadata));
	if (ret_event->metadata.event_len < sizeof(ret_event->metadata) ||
		ret_event->metadata.event_len > left ||
		ret_event->metadata.event_len > sizeof(*ret_event))
		return 0;
	memcpy(ret_event->bytes, source->buffer + at, ret_event->metadata.event_len);
	return ret_event->metadata.event_len;
}

static int add_pending(struct watch_source *source, const struct watch_event *event)
{
	struct watch_event *grown;

	if (source->count == source->room) {
		const size_t room = source->room ? source->room * 2 : 64;

		grown = reallocarray(source->events, room, sizeof(*grown));
		if (!grown)
			return -ENOMEM;
		source->events = grown;
		source->room = room;
	}
	source->events[source->count++] = *event;
	return 0;
}

static int take_buffer(struct watch_source *source, size_t length)
{
	const size_t first = source->count;
	union whole_event whole;
	int r = 0;

	for (size_t at = 0, size; r == 0 && (size = copy_event(source, at, length, &whole));
		at += size) {
		struct watch_event event = {.mask = whole.metadata.mask, .pid = whole.metadata.pid};

		find_actor(source, &whole, &event);
		r = add_pending(source, &event);
	}
	for (size_t at = 0, size, i = first; r == 0 && i < source->count; at += size, i++) {
		size = copy_event(source, at, length, &whole);
		r = find_names(source, &whole, &source->events[i]);
	}
	return r;
}

static void drop_told(struct watch_source *source)
{
	source->count -= source->at;
	if (source->count)
		memmove(source->events, source->events + source->at,
			source->count * sizeof(*source->events));
	source->at = 0;
}

int watch_source_fill(struct watch_source *source)
{
	if (source->at > source->count / 2)
		drop_told(source);
	while (source->count - source->at < PENDING_MAX) {
		const ssize_t length = read(source->fd, source->buffer, BUFFER_SIZE);
		int r;

		if (length < 0)
			return errno == EAGAIN || errno == EINTR ? 0 : -errno;
		r = take_buffer(source, (size_t)length);
		if (r < 0)
			return r;
	}
	return 0;
}

bool watch_source_next(struct watch_source *source, struct watch_event *ret_event)
{
	if (source->at == source->count)
		return false;
	*ret_event = source->events[source->at++];
	return true;
}

bool watch_source_is_disputed(
	const struct watch_source *source, const struct watch_event *event, uint64_t mask)
{
	for (size_t i = source->at; i < source->count; i++)
		if (source->events[i].ino == event->ino && source->events[i].pid != event->pid &&
			(source->events[i].mask & mask))
			return true;
	return false;
}

void watch_event_free(struct watch_event *event)
{
	free(event->path);
	free(event->new_path);
}

/* --- a source -----------------------------------------------------------------------------------
 */

static int begin_watch(struct watch_source *source)
{
	source->fd = fanotify_init(FAN_CLASS_NOTIF | FAN_CLOEXEC | FAN_NONBLOCK | FAN_REPORT_PIDFD |
					   FAN_REPORT_DFID_NAME_TARGET,
		O_RDONLY | O_CLOEXEC);
	if (source->fd < 0)
		return -errno;
	if (source->view)
		return watch_directories_mark(source);
	return fanotify_mark(source->fd, FAN_MARK_ADD | FAN_MARK_FILESYSTEM, WATCH_EVENTS,
		       source->root, ".") < 0
		       ? -errno
		       : 0;
}

int watch_source_open(struct watch_source *source, const struct survey *survey,
	const struct shmfs_mount *view, struct watch_actors *actors)
{
	int r;

	*source = (struct watch_source){
		.fd = -1, .view = view ? view->dev : 0, .root = survey->dir, .actors = actors};
	source->door = strdup(view ? view->point : SURVEY_SHM);
	source->buffer = malloc(BUFFER_SIZE);
	r = source->door && source->buffer ? begin_watch(source) : -ENOMEM;
	if (r < 0)
		watch_source_close(source);
	return r;
}

void watch_source_close(struct watch_source *source)
{
	if (source->fd >= 0)
		close(source->fd);
	for (size_t i = source->at; i < source->count; i++)
		watch_event_free(&source->events[i]);
	free(source->events);
	watch_directories_free(source->directories, source->directory_count);
	free(source->door);
	free(source->buffer);
	*source = (struct watch_source){.fd = -1};
}

/* SPDX-License-Identifier: MIT */
/*
 * An event does not say which attribute has changed; the comparison of the object with its last
 * state does. The difference may be the work of a later event already, perhaps of another process.
 * So a change is compared and told in this order:
 *
 * 1. the object is looked at,
 * 2. the events that the kernel has by then are read,
 * 3. if another process has an event of this kind for the object, the difference is kept for that
 *   event, and its line does not name a process: one of the two did it.
 */
#include "watch_tell.h"

#include "beneath.h"
#include "watch_line.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/fanotify.h>
#include <unistd.h>

/* --- which events -------------------------------------------------------------------------------
 */

static bool is_below(const char *path, const char *space)
{
	const size_t length = strlen(space);

	return strncmp(path, space, length) == 0 && (path[length] == '/' || path[length] == '\0');
}

static bool is_wanted(const struct watch *watch, const char *path)
{
	if (!*watch->spaces)
		return true;
	for (char *const *space = watch->spaces; *space; space++)
		if (is_below(path, *space + (**space == '/')))
			return true;
	return false;
}

/* A daemon acts in the tmpfs for a client of its mount: the change is told there. */
static bool is_told_elsewhere(const struct watch *watch, const struct watch_source *source,
	const struct watch_event *event)
{
	dev_t view;

	if (source->view || !event->has_actor || watch->source_count == 1)
		return false;
	view = watch_actor_view(watch->actors, &event->actor);
	for (size_t i = 1; i < watch->source_count; i++)
		if (watch->sources[i].view == view)
			return watch_source_tells(&watch->sources[i], event->path);
	return false;
}

/* --- the changes --------------------------------------------------------------------------- */

/* A view's handles are its daemon's: there the path stands for the object. */
static int open_object(const struct watch *watch, const struct watch_source *source,
	const struct watch_event *event)
{
	union watch_handle object = event->object;

	if (!source->view && object.handle.handle_bytes)
		return open_by_handle_at(source->root, &object.handle, O_PATH | O_CLOEXEC);
	return shmfs_beneath_open(watch->survey.dir, *event->path ? event->path : ".", O_PATH);
}

/* The attributes of the object now. false: it has gone. */
static bool look_at_object(const struct watch *watch, const struct watch_source *source,
	const struct watch_event *event, struct shmfs_listing_entry *ret_entry)
{
	const int fd = open_object(watch, source, event);
	struct statx stx;

	if (fd < 0)
		return false;
	if (statx(fd, "", AT_EMPTY_PATH, STATX_BASIC_STATS | STATX_BTIME, &stx) < 0)
		stx.stx_ino = 0;
	close(fd);
	if (!stx.stx_ino || (event->ino && stx.stx_ino != event->ino))
		return false;
	shmfs_listing_set(ret_entry, &stx);
	return true;
}

static unsigned kinds_of(uint64_t mask)
{
	return (mask & FAN_MODIFY ? WATCH_SIZE : 0) | (mask & FAN_ATTRIB ? WATCH_ATTRIBUTES : 0);
}

/* The kinds of changes that other processes have made, too, as far as the kernel has told. */
static int find_disputed(
	struct watch_source *source, const struct watch_event *event, unsigned *ret_kinds)
{
	const int r = watch_source_fill(source);

	*ret_kinds = 0;
	if (watch_source_is_disputed(source, event, FAN_MODIFY))
		*ret_kinds |= WATCH_SIZE;
	if (watch_source_is_disputed(source, event, FAN_ATTRIB))
		*ret_kinds |= WATCH_ATTRIBUTES;
	return r;
}

static int print_change(
	const struct watch *watch, const struct watch_line *line, const struct watch_change *change)
{
	struct watch_line told = *line;

	if (strcmp(change->action, "write") == 0 && !watch->writes)
		return 0;
	told.action = change->action;
	told.detail = change->detail[0] ? change->detail : NULL;
	if (change->is_shared) {
		told.actor = NULL;
		told.pid = 0;
	}
	return watch_line_print(&told, watch->json, watch->output.lines);
}

static int tell_changes(struct watch *watch, struct watch_source *source,
	const struct watch_event *event, const struct watch_line *line)
{
	static const struct watch_change write = {.action = "write"}, change = {.action = "change"};
	struct watch_change changes[WATCH_CHANGES_MAX];
	struct shmfs_listing_entry entry;
	const unsigned kinds = kinds_of(event->mask);
	const bool exists = look_at_object(watch, source, event, &entry);
	unsigned disputed;
	size_t count = 0;
	int r = find_disputed(source, event, &disputed);

	if (!exists)
		disputed = kinds;
	watch_known_share(watch->known, event->ino, disputed & kinds);
	if (kinds & ~disputed)
		count = watch_known_compare(watch->known, &entry, kinds & ~disputed, changes);
	if (r == 0 && (kinds & disputed & WATCH_SIZE))
		r = print_change(watch, line, &write);
	if (r == 0 && (kinds & disputed & WATCH_ATTRIBUTES))
		r = print_change(watch, line, &change);
	for (size_t i = 0; r == 0 && i < count; i++)
		r = print_change(watch, line, &changes[i]);
	return r;
}

/* Either a new object, or another name of an old one. */
static int tell_create(struct watch *watch, struct watch_source *source,
	const struct watch_event *event, struct watch_line *line)
{
	const bool is_directory = event->mask & FAN_ONDIR;
	struct shmfs_listing_entry entry;
	char detail[WATCH_DETAIL_SIZE];
	unsigned disputed;
	bool exists, is_known = false;
	int r;

	exists = look_at_object(watch, source, event, &entry);
	r = find_disputed(source, event, &disputed);
	if (exists)
		line->ino = entry.ino;
	if (!is_directory && line->ino)
		is_known = watch_known_add(watch->known, line->ino, exists ? &entry : NULL,
			(WATCH_SIZE | WATCH_ATTRIBUTES) & ~disputed);
	if (exists && !(disputed & WATCH_ATTRIBUTES)) {
		snprintf(detail, sizeof(detail), "%04o", entry.mode & 07777);
		line->detail = detail;
	}
	line->action = is_directory ? "mkdir" : is_known ? "link" : "create";
	if (r == 0)
		r = watch_line_print(line, watch->json, watch->output.lines);
	line->detail = NULL;
	return r;
}

static int tell_delete(struct watch *watch, struct watch_source *source,
	const struct watch_event *event, struct watch_line *line)
{
	const bool is_directory = event->mask & FAN_ONDIR;
	struct shmfs_listing_entry entry;

	if (!is_directory && !source->view &&
		(!look_at_object(watch, source, event, &entry) || entry.links == 0))
		watch_known_forget(watch->known, event->ino);
	line->action = is_directory ? "rmdir" : "remove";
	return watch_line_print(line, watch->json, watch->output.lines);
}

/* --- events -------------------------------------------------------------------------------------
 */

static bool is_wanted_event(const struct watch *watch, const struct watch_source *source,
	const struct watch_event *event)
{
	/* Where only the count of names changes, the event has none. */
	if (!*event->path && !(event->mask & FAN_ONDIR))
		return false;
	return !is_told_elsewhere(watch, source, event) &&
	       (is_wanted(watch, event->path) ||
		       ((event->mask & FAN_RENAME) && is_wanted(watch, event->new_path)));
}

static int tell_event(
	struct watch *watch, struct watch_source *source, const struct watch_event *event)
{
	struct watch_line line = {.path = event->path,
		.door = source->door,
		.ino = event->ino,
		.pid = event->pid,
		.actor = event->has_actor ? &event->actor : NULL};
	int r = 0;

	if (!is_wanted_event(watch, source, event))
		return 0;
	if (event->mask & FAN_CREATE)
		r = tell_create(watch, source, event, &line);
	if (r == 0 && kinds_of(event->mask) && !(event->mask & FAN_ONDIR))
		r = tell_changes(watch, source, event, &line);
	if (r == 0 && (event->mask & FAN_RENAME)) {
		line.action = "rename";
		line.to = event->new_path;
		r = watch_line_print(&line, watch->json, watch->output.lines);
		line.to = NULL;
	}
	if (r == 0 && (event->mask & FAN_DELETE))
		r = tell_delete(watch, source, event, &line);
	return r;
}

static int tell_lost(const struct watch *watch)
{
	return watch_line_print(&(struct watch_line){.action = "lost",
					.path = "",
					.door = SURVEY_SHM,
					.detail = "events, because there were too many"},
		watch->json, watch->output.lines);
}

int watch_tell_all(struct watch *watch, struct watch_source *source)
{
	struct watch_event event;
	int r = watch_source_fill(source);

	while (r == 0 && watch_source_next(source, &event)) {
		r = event.mask & FAN_Q_OVERFLOW ? tell_lost(watch)
						: tell_event(watch, source, &event);
		watch_event_free(&event);
	}
	if (r == 0)
		watch_known_sweep(watch->known, watch->survey.dir);
	return r < 0 ? r : watch_output_write(&watch->output);
}

/* SPDX-License-Identifier: MIT */
#include "watch.h"

#include "beneath.h"
#include "text.h"
#include "verb.h"
#include "watch_actor.h"
#include "watch_known.h"
#include "watch_source.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <json-c/json.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/fanotify.h>
#include <unistd.h>

#define DOORS_MAX 16

struct watch {
	bool json, writes;
	char *const *spaces; /* only below these; none: everywhere */
	struct survey survey;
	struct watch_source sources[DOORS_MAX]; /* the first one is the tmpfs */
	size_t source_count;
	struct watch_actors actors;
	struct watch_known *known;
};

/* One line. */
struct record {
	const char *action, *path, *to, *detail, *door;
	uint64_t ino;
	pid_t pid;
	const struct watch_actor *actor;
};

static void print_usage(void)
{
	printf("usage: shmfs watch [options] [DIRECTORY ...]\n"
	       "\n"
	       "Prints a line whenever an object in /dev/shm is made, removed, renamed or linked, "
	       "and\n"
	       "when its size, mode, owner or times change, with the process that did it, be it "
	       "in\n"
	       "whatever mount namespace, or through a mount of shmfs. DIRECTORY: only what "
	       "happens in\n"
	       "this directory of /dev/shm. Needs root, and Linux 5.17.\n"
	       "\n"
	       "  -w, --writes   write(2), too, which leaves the size as it is\n"
	       "  -J, --json     a JSON object for each line\n"
	       "  -h, --help     this text\n");
}

/* Returns 0, 1 when help was all that was wanted, -EINVAL. */
static int parse(struct watch *watch, int argc, char **argv)
{
	static const struct option options[] = {{"writes", no_argument, NULL, 'w'},
		{"json", no_argument, NULL, 'J'}, {"help", no_argument, NULL, 'h'},
		{NULL, 0, NULL, 0}};
	int option;

	while ((option = getopt_long(argc, argv, "wJh", options, NULL)) != -1) {
		switch (option) {
		case 'w':
			watch->writes = true;
			break;
		case 'J':
			watch->json = true;
			break;
		case 'h':
			print_usage();
			return 1;
		default:
			return -EINVAL;
		}
	}
	watch->spaces = argv + optind;
	return 0;
}

/* --- lines --------------------------------------------------------------------------------------
 */

static void text_now(char ret_text[TEXT_SHORT])
{
	char whole[TEXT_SHORT];
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	text_time(now.tv_sec, whole);
	/* 2026-11-28T04:12:55.123+00:00 */
	snprintf(ret_text, TEXT_SHORT, "%.19s.%03ld%.7s", whole, (now.tv_nsec / 1000000) % 1000,
		whole + 19);
}

static bool add_text(struct json_object *to, const char *name, const char *text)
{
	struct json_object *value = text ? json_object_new_string(text) : NULL;

	return (value || !text) && json_object_object_add(to, name, value) == 0;
}

static int print_json(const struct record *record, const char *now, const char *path,
	const char *to, const char *command)
{
	struct json_object *line = json_object_new_object();
	const struct watch_actor *actor = record->actor;
	int r = -ENOMEM;

	if (line && add_text(line, "time", now) && add_text(line, "action", record->action) &&
		add_text(line, "name", path) && add_text(line, "to", to) &&
		add_text(line, "detail", record->detail) &&
		json_object_object_add(line, "ino",
			record->ino ? json_object_new_uint64(record->ino) : NULL) == 0 &&
		json_object_object_add(line, "pid", json_object_new_int(record->pid)) == 0 &&
		json_object_object_add(
			line, "uid", actor ? json_object_new_int64(actor->uid) : NULL) == 0 &&
		add_text(line, "user", actor ? text_user(actor->uid) : NULL) &&
		add_text(line, "command", command) && add_text(line, "door", record->door)) {
		puts(json_object_to_json_string_ext(
			line, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE));
		r = 0;
	}
	json_object_put(line);
	return r;
}

static int print_record(const struct watch *watch, const struct record *record)
{
	char now[TEXT_SHORT], path[TEXT_SIZE], to[TEXT_SIZE], command[4 * SHMFS_COMMAND_SIZE + 8];
	bool has_command;

	text_now(now);
	text_safe(record->path, path, sizeof(path));
	if (record->to)
		text_safe(record->to, to, sizeof(to));
	has_command = record->actor && record->actor->command[0];
	if (has_command)
		text_safe(record->actor->command, command, sizeof(command));
	if (watch->json)
		return print_json(
			record, now, path, record->to ? to : NULL, has_command ? command : NULL);
	printf("%s %-7s %s%s%s%s%s pid=%d user=%s command=%s door=%s\n", now, record->action, path,
		record->to ? " -> " : "", record->to ? to : "", record->detail ? " " : "",
		record->detail ? record->detail : "", (int)record->pid,
		record->actor ? text_user(record->actor->uid) : "?", has_command ? command : "?",
		record->door);
	return 0;
}

/* --- events -------------------------------------------------------------------------------------
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

/* What a daemon does in the tmpfs was asked for at its mount: it is told there. */
static bool is_told_elsewhere(const struct watch *watch, const struct watch_source *source,
	const struct watch_actor *actor, const struct watch_event *event)
{
	if (source->view || !actor || !actor->view)
		return false;
	for (size_t i = 1; i < watch->source_count; i++)
		if (watch->sources[i].view == actor->view)
			return watch_source_tells(&watch->sources[i], event->path);
	return false;
}

/* What it is like now. false: it has gone, or is another one. */
static bool look(const struct watch *watch, const char *path, uint64_t ino,
	struct shmfs_listing_entry *ret_entry)
{
	struct statx stx;
	int fd;

	fd = shmfs_beneath_open(watch->survey.dir, *path ? path : ".", O_PATH);
	if (fd < 0)
		return false;
	if (statx(fd, "", AT_EMPTY_PATH, STATX_BASIC_STATS | STATX_BTIME, &stx) < 0)
		stx.stx_ino = 0;
	close(fd);
	if (!stx.stx_ino || (ino && stx.stx_ino != ino))
		return false;
	shmfs_listing_set(ret_entry, &stx);
	return true;
}

static int tell_changes(struct watch *watch, struct record *record, bool is_write)
{
	struct watch_change changes[WATCH_CHANGES_MAX];
	struct shmfs_listing_entry entry;
	size_t count;
	int r = 0;

	if (!look(watch, record->path, record->ino, &entry))
		return 0;
	count = watch_known_note(watch->known, &entry, is_write, changes);
	for (size_t i = 0; r == 0 && i < count; i++) {
		if (strcmp(changes[i].action, "write") == 0 && !watch->writes)
			continue;
		record->action = changes[i].action;
		record->detail = changes[i].detail[0] ? changes[i].detail : NULL;
		r = print_record(watch, record);
	}
	record->detail = NULL;
	return r;
}

/* Either a new object, or another name of an old one. */
static int tell_create(struct watch *watch, struct record *record, bool is_directory)
{
	struct watch_change changes[WATCH_CHANGES_MAX];
	struct watch_actor maker = {.pid = record->pid};
	struct shmfs_listing_entry entry;
	char detail[WATCH_DETAIL_SIZE];
	int r;

	record->action = is_directory ? "mkdir" : "create";
	if (look(watch, record->path, record->ino, &entry)) {
		record->ino = entry.ino;
		if (!is_directory && entry.links > 1)
			record->action = "link";
		snprintf(detail, sizeof(detail), "%04o", entry.mode & 07777);
		record->detail = detail;
		/* Who makes an object owns it. */
		maker.uid = entry.uid;
		if (!record->actor && strcmp(record->action, "link") != 0)
			record->actor = &maker;
		watch_known_note(watch->known, &entry, false, changes);
	}
	r = print_record(watch, record);
	if (record->actor == &maker)
		record->actor = NULL;
	return r;
}

static int tell_delete(struct watch *watch, struct record *record, bool is_directory)
{
	record->action = is_directory ? "rmdir" : "remove";
	record->detail = NULL;
	return print_record(watch, record);
}

static int tell_event(
	struct watch *watch, const struct watch_source *source, const struct watch_event *event)
{
	struct record record = {.path = event->path,
		.door = source->door,
		.ino = event->ino,
		.pid = event->pid,
		.actor = watch_actor_find(&watch->actors, event->pid, event->pidfd)};
	const bool is_directory = event->mask & FAN_ONDIR;
	int r = 0;

	if (is_told_elsewhere(watch, source, record.actor, event) ||
		(!is_wanted(watch, event->path) &&
			!((event->mask & FAN_RENAME) && is_wanted(watch, event->new_path))))
		return 0;
	if (event->mask & FAN_CREATE)
		r = tell_create(watch, &record, is_directory);
	record.detail = NULL;
	if (r == 0 && (event->mask & (FAN_MODIFY | FAN_ATTRIB)) && !is_directory)
		r = tell_changes(watch, &record, event->mask & FAN_MODIFY);
	if (r == 0 && (event->mask & FAN_RENAME)) {
		record.action = "rename";
		record.to = event->new_path;
		r = print_record(watch, &record);
		record.to = NULL;
	}
	if (r == 0 && (event->mask & FAN_DELETE))
		r = tell_delete(watch, &record, is_directory);
	return r;
}

static int tell_lost(const struct watch *watch)
{
	return print_record(watch, &(struct record){.action = "lost",
					   .path = "",
					   .door = SURVEY_SHM,
					   .detail = "events, because there were too many"});
}

static int tell_events(struct watch *watch, struct watch_source *source)
{
	struct watch_event event;
	int r;

	while ((r = watch_source_next(source, &event)) > 0) {
		r = event.mask & FAN_Q_OVERFLOW ? tell_lost(watch)
						: tell_event(watch, source, &event);
		if (event.pidfd >= 0)
			close(event.pidfd);
		if (r < 0)
			return r;
	}
	if (fflush(stdout) != 0)
		return -errno;
	return r;
}

/* --- the loop -----------------------------------------------------------------------------------
 */

/* A mount of shmfs that shows this tmpfs, and that root has made: others' may never answer. */
static bool is_door(const struct watch *watch, const struct shmfs_mount *mount)
{
	return mount->kind == SHMFS_MOUNT_VIEW && mount->user == 0 &&
	       mount->space == watch->survey.holders.space && mount->shows == watch->survey.dev;
}

static int open_sources(struct watch *watch)
{
	const struct shmfs_mount *mount;
	int r = watch_source_open(&watch->sources[0], &watch->survey, NULL);

	if (r < 0)
		return r;
	watch->source_count = 1;
	for (size_t i = 0; (mount = shmfs_mounts_at(watch->survey.holders.mounts, i)) &&
			   watch->source_count < DOORS_MAX;
		i++)
		if (is_door(watch, mount) && watch_source_open(&watch->sources[watch->source_count],
						     &watch->survey, mount) == 0)
			watch->source_count++;
	return watch_known_new(&watch->survey.listing, &watch->known);
}

static int watch_all(struct watch *watch)
{
	struct pollfd polled[DOORS_MAX];
	int r = 0;

	for (size_t i = 0; i < watch->source_count; i++)
		polled[i] = (struct pollfd){.fd = watch->sources[i].fd, .events = POLLIN};
	for (size_t i = 1; i < watch->source_count; i++)
		watch_source_settle(&watch->sources[i]);
	fprintf(stderr, "shmfs watch: watching %s\n", SURVEY_SHM);
	while (r == 0) {
		if (poll(polled, watch->source_count, -1) < 0 && errno != EINTR)
			return -errno;
		for (size_t i = 0; r == 0 && i < watch->source_count; i++)
			if (polled[i].revents)
				r = tell_events(watch, &watch->sources[i]);
		if (r == 0)
			r = tell_events(watch, &watch->sources[0]);
		for (size_t i = 1; i < watch->source_count; i++)
			watch_source_settle(&watch->sources[i]);
	}
	return r;
}

int watch_main(int argc, char **argv)
{
	struct watch watch = {.json = false};
	int r = parse(&watch, argc, argv);

	if (r != 0)
		return r == 1 ? EXIT_SUCCESS : EXIT_FAILURE;
	if (survey_take("watch", &watch.survey) < 0)
		return EXIT_FAILURE;
	r = open_sources(&watch);
	if (r == 0)
		r = watch_all(&watch);
	if (r == -EPERM)
		fprintf(stderr, "shmfs watch: only root can watch what everybody does\n");
	else
		fprintf(stderr, "shmfs watch: %s\n",
			r == -EINVAL ? "needs Linux 5.17" : strerror(-r));
	for (size_t i = 0; i < watch.source_count; i++)
		watch_source_close(&watch.sources[i]);
	watch_known_free(watch.known);
	survey_free(&watch.survey);
	return EXIT_FAILURE;
}

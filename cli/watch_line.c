/* SPDX-License-Identifier: MIT */
#include "watch_line.h"

#include "text.h"

#include <errno.h>
#include <json-c/json.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

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

static bool add_value(
	struct json_object *to, const char *name, struct json_object *value, bool is_null)
{
	return (value || is_null) && json_object_object_add(to, name, value) == 0;
}

static struct json_object *number(bool is_known, int64_t value)
{
	return is_known ? json_object_new_int64(value) : NULL;
}

static int print_json(const struct watch_line *line, FILE *out, const char *now, const char *path,
	const char *to, const char *command)
{
	struct json_object *object = json_object_new_object();
	const struct watch_actor *actor = line->actor;
	int r = -ENOMEM;

	if (object && add_text(object, "time", now) && add_text(object, "action", line->action) &&
		add_text(object, "name", path) && add_text(object, "to", to) &&
		add_text(object, "detail", line->detail) &&
		add_value(object, "ino", number(line->ino, (int64_t)line->ino), !line->ino) &&
		add_value(object, "pid", number(line->pid, line->pid), !line->pid) &&
		add_value(object, "uid", number(actor, actor ? actor->uid : 0), !actor) &&
		add_text(object, "user", actor ? text_user(actor->uid) : NULL) &&
		add_text(object, "command", command) && add_text(object, "door", line->door)) {
		fprintf(out, "%s\n",
			json_object_to_json_string_ext(
				object, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE));
		r = 0;
	}
	json_object_put(object);
	return r;
}

int watch_line_print(const struct watch_line *line, bool json, FILE *out)
{
	char now[TEXT_SHORT], path[TEXT_SIZE], to[TEXT_SIZE], command[4 * SHMFS_COMMAND_SIZE + 8],
		pid[16] = "?";
	const struct watch_actor *actor = line->actor;

	text_now(now);
	text_safe(line->path, path, sizeof(path));
	if (line->to)
		text_safe(line->to, to, sizeof(to));
	if (actor)
		text_safe(actor->command, command, sizeof(command));
	if (json)
		return print_json(
			line, out, now, path, line->to ? to : NULL, actor ? command : NULL);
	if (line->pid)
		snprintf(pid, sizeof(pid), "%d", (int)line->pid);
	fprintf(out, "%s %-7s %s%s%s%s%s pid=%s user=%s command=%s door=%s\n", now, line->action,
		path, line->to ? " -> " : "", line->to ? to : "", line->detail ? " " : "",
		line->detail ? line->detail : "", pid, actor ? text_user(actor->uid) : "?",
		actor ? command : "?", line->door);
	return 0;
}

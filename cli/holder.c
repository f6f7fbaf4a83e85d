/* SPDX-License-Identifier: MIT */
#include "holder.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <json-c/json.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LISTED_MAX 3
#define ID_LENGTH 64 /* of containers, in hexadecimal digits */
#define ID_SHOWN 12  /* of them, as docker ps shows it */

static const struct shmfs_holding_process *process_of(
	const struct survey *survey, const struct shmfs_holder *holder)
{
	return &survey->holders.processes[holder->process];
}

const char *holder_how(const struct shmfs_holder *holder, char ret_text[TEXT_SHORT])
{
	const bool reads = holder->how & SHMFS_HOLD_FD_READ,
		   writes = holder->how & SHMFS_HOLD_FD_WRITE,
		   map_writes = holder->how & SHMFS_HOLD_MAP_WRITE;
	const char *const parts[] = {
		holder->how & SHMFS_HOLD_MAP_READ ? (map_writes ? "map rw" : "map r") : NULL,
		reads    ? (writes ? "fd rw" : "fd r")
		: writes ? "fd w"
			 : NULL,
		holder->how & SHMFS_HOLD_FD_PATH ? "fd path" : NULL,
		holder->how & SHMFS_HOLD_AS_PLACE ? "directory" : NULL,
	};
	size_t length = 0;

	ret_text[0] = '\0';
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
		if (parts[i])
			length += (size_t)snprintf(ret_text + length, TEXT_SHORT - length, "%s%s",
				length ? ", " : "", parts[i]);
	return ret_text;
}

const char *holder_door(const struct shmfs_holder *holder, char *ret_text, size_t size)
{
	const struct shmfs_mount *mount = holder->mount;
	char point[TEXT_SIZE], root[TEXT_SIZE];

	if (!mount)
		snprintf(ret_text, size, "(unmounted)");
	else if (mount->kind == SHMFS_MOUNT_TMPFS && strcmp(mount->root, "/") != 0)
		snprintf(ret_text, size, "%s (%s)", text_safe(mount->point, point, sizeof(point)),
			text_safe(mount->root + 1, root, sizeof(root)));
	else
		text_safe(mount->point, ret_text, size);
	return ret_text;
}

time_t holder_since(const struct survey *survey, const struct shmfs_holder *holder,
	const struct timespec *birth)
{
	const long ticks = sysconf(_SC_CLK_TCK);
	struct timespec up;
	time_t start;

	clock_gettime(CLOCK_BOOTTIME, &up);
	start = survey->now.tv_sec - up.tv_sec +
		(time_t)(process_of(survey, holder)->is.start /
			 (uint64_t)(ticks > 0 ? ticks : 100));
	return start > birth->tv_sec ? start : birth->tv_sec;
}

/* docker-0123...ef.scope: the long number of a container is cut. */
static void shorten_id(char *name)
{
	for (char *at = name; *at; at++) {
		size_t digits = 0;

		while (isxdigit((unsigned char)at[digits]))
			digits++;
		if (digits == ID_LENGTH) {
			memmove(at + ID_SHOWN, at + ID_LENGTH, strlen(at + ID_LENGTH) + 1);
			return;
		}
		at += digits ? digits - 1 : 0;
	}
}

/* The last component: of version 2, or of the hierarchy that systemd or a container manager uses.
 */
const char *holder_unit(pid_t pid, char *ret_text, size_t size)
{
	char path[32], text[8192], *save;
	const char *best = "";
	ssize_t length;

	*ret_text = '\0';
	snprintf(path, sizeof(path), "/proc/%d/cgroup", (int)pid);
	length = shmfs_process_text(AT_FDCWD, path, text, sizeof(text));
	if (length < 0)
		return ret_text;
	for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		const char *group = strchr(line, ':'), *slash;

		group = group ? strchr(group + 1, ':') : NULL;
		slash = group ? strrchr(group, '/') : NULL;
		if (slash && slash[1] && strlen(group) > strlen(best))
			best = group;
	}
	if (*best) {
		text_safe(strrchr(best, '/') + 1, ret_text, size);
		shorten_id(ret_text);
	}
	return ret_text;
}

/* A daemon holds the objects that its clients hold: it is listed only where no client can be seen.
 */
static bool is_worth_telling(
	const struct survey *survey, const struct shmfs_holder *holders, size_t count, size_t i)
{
	if (i > 0 && holders[i].process == holders[i - 1].process)
		return false;
	if (!process_of(survey, &holders[i])->is_daemon)
		return true;
	for (size_t j = 0; j < count; j++)
		if (!process_of(survey, &holders[j])->is_daemon)
			return false;
	return true;
}

const char *holder_list(const struct survey *survey, const struct shmfs_holder *holders,
	size_t count, enum survey_status status, char ret_text[HOLDER_TEXT_SIZE])
{
	size_t length = 0, told = 0;

	snprintf(ret_text, HOLDER_TEXT_SIZE, "%s", status == SURVEY_FREE ? "-" : "?");
	for (size_t i = 0; i < count; i++) {
		const struct shmfs_process *process = &process_of(survey, &holders[i])->is;
		char command[100];

		if (!is_worth_telling(survey, holders, count, i) || ++told > LISTED_MAX)
			continue;
		length += (size_t)snprintf(ret_text + length, HOLDER_TEXT_SIZE - length, "%s%s[%d]",
			told > 1 ? "," : "", text_safe(process->command, command, sizeof(command)),
			(int)process->pid);
	}
	if (told > LISTED_MAX)
		snprintf(ret_text + length, HOLDER_TEXT_SIZE - length, ",+%zu", told - LISTED_MAX);
	return ret_text;
}

static bool add_to_holder(struct json_object *to, const char *name, struct json_object *value)
{
	return value && json_object_object_add(to, name, value) == 0;
}

static struct json_object *holder_json(const struct survey *survey,
	const struct shmfs_holder *holder, const struct timespec *birth)
{
	const struct shmfs_process *process = &process_of(survey, holder)->is;
	struct json_object *object = json_object_new_object();
	char text[TEXT_SIZE], how[TEXT_SHORT], since[TEXT_SHORT];

	if (object && add_to_holder(object, "pid", json_object_new_int(process->pid)) &&
		add_to_holder(object, "uid", json_object_new_int64(process->uid)) &&
		add_to_holder(object, "user", json_object_new_string(text_user(process->uid))) &&
		add_to_holder(object, "command",
			json_object_new_string(text_safe(process->command, text, sizeof(text)))) &&
		add_to_holder(object, "how", json_object_new_string(holder_how(holder, how))) &&
		add_to_holder(object, "door",
			json_object_new_string(holder_door(holder, text, sizeof(text)))) &&
		add_to_holder(object, "daemon",
			json_object_new_boolean(process_of(survey, holder)->is_daemon)) &&
		add_to_holder(object, "since",
			json_object_new_string(
				text_time(holder_since(survey, holder, birth), since))))
		return object;
	json_object_put(object);
	return NULL;
}

struct json_object *holder_list_json(const struct survey *survey,
	const struct shmfs_holder *holders, size_t count, const struct timespec *birth)
{
	struct json_object *array = json_object_new_array();

	for (size_t i = 0; array && i < count; i++) {
		struct json_object *object = holder_json(survey, &holders[i], birth);

		if (!object || json_object_array_add(array, object) < 0) {
			json_object_put(object);
			json_object_put(array);
			return NULL;
		}
	}
	return array;
}

/* SPDX-License-Identifier: MIT */
#include "object_row.h"

#include "holder.h"
#include "sem.h"
#include "text.h"

#include <errno.h>
#include <json-c/json.h>
#include <limits.h>
#include <string.h>

enum column {
	COLUMN_NAMESPACE,
	COLUMN_NAME,
	COLUMN_USED,
	COLUMN_SIZE,
	COLUMN_MODE,
	COLUMN_OWNER,
	COLUMN_AGE,
	COLUMN_HELD_BY,
	COLUMN_STATUS,
	COLUMN_SVAL,
	COLUMN_GROUP,
	COLUMN_LINKS,
	COLUMN_INO,
	COLUMN_UID,
	COLUMN_GID,
	COLUMN_PERMS,
	COLUMN_BTIME,
	COLUMN_CTIME,
	COLUMN_MTIME,
	COLUMN_DELETED,
	COLUMN_SHM,
	COLUMN_COUNT,
};

const struct table_column object_columns[COLUMN_COUNT] = {
	[COLUMN_NAMESPACE] = {"NAMESPACE", "directory that the object lies in"},
	[COLUMN_NAME] = {"NAME", "name of the object"},
	[COLUMN_USED] = {"USED", "memory that it takes", .is_number = true},
	[COLUMN_SIZE] = {"SIZE", "its length", .is_number = true},
	[COLUMN_MODE] = {"MODE", "permissions of owner, group and others"},
	[COLUMN_OWNER] = {"OWNER", "its owner"},
	[COLUMN_AGE] = {"AGE", "time since it was made; seconds in JSON", .is_number = true},
	[COLUMN_HELD_BY] = {"HELD-BY", "processes that map it or have it open", .may_be_cut = true},
	[COLUMN_STATUS] = {"STATUS", "held, free, or unknown"},
	[COLUMN_SVAL] = {"SVAL", "value of a semaphore", .is_number = true},
	[COLUMN_GROUP] = {"GROUP", "its group"},
	[COLUMN_LINKS] = {"LINKS", "number of its names", .is_number = true},
	[COLUMN_INO] = {"INO", "inode number", .is_number = true},
	[COLUMN_UID] = {"UID", "number of the owner", .is_number = true},
	[COLUMN_GID] = {"GID", "number of the group", .is_number = true},
	[COLUMN_PERMS] = {"PERMS", "mode as an octal number"},
	[COLUMN_BTIME] = {"BTIME", "when it was made"},
	[COLUMN_CTIME] = {"CTIME", "when its attributes changed last"},
	[COLUMN_MTIME] = {"MTIME", "when it was written last; not by stores to mappings"},
	[COLUMN_DELETED] = {"DELETED", "has it no name any more?"},
	[COLUMN_SHM] = {"SHM", "whose /dev/shm it is in"},
};
const size_t object_column_count = COLUMN_COUNT;

const char *object_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

static const char *status_text(enum survey_status status)
{
	static const char *const texts[] = {
		[SURVEY_HELD] = "held", [SURVEY_FREE] = "free", [SURVEY_UNKNOWN] = "unknown"};

	return texts[status];
}

static int set_path(struct table *table, const struct object *object)
{
	char text[TEXT_SIZE], space[PATH_MAX];
	const char *name = object_name(object->entry->path);
	const size_t length = (size_t)(name - object->entry->path);
	int r = 0;

	if (length > 1 && length < sizeof(space)) {
		memcpy(space, object->entry->path, length - 1);
		space[length - 1] = '\0';
		r = table_text(table, COLUMN_NAMESPACE, text_safe(space, text, sizeof(text)));
	}
	text_safe(name, text, sizeof(text) - sizeof(" (deleted)"));
	if (object->is_deleted && !table_is_json(table))
		strcat(text, *text ? " (deleted)" : "(deleted)");
	return r < 0 ? r : table_text(table, COLUMN_NAME, text);
}

static int set_time(struct table *table, enum column column, const struct timespec *time)
{
	char text[TEXT_SHORT];

	if (!table_shows(table, column) || !time->tv_sec)
		return 0;
	return table_text(table, column, text_time(time->tv_sec, text));
}

static int set_number(struct table *table, enum column column, uint64_t number, bool exact)
{
	char text[TEXT_SHORT];

	if (!table_shows(table, column))
		return 0;
	return table_number(table, column, text_size(number, exact, text), number);
}

static int set_mode(struct table *table, mode_t mode)
{
	char text[TEXT_SHORT];
	const int r = table_text(table, COLUMN_MODE, text_mode(mode, text));

	if (r < 0 || !table_shows(table, COLUMN_PERMS))
		return r;
	snprintf(text, sizeof(text), "%04o", mode & 07777);
	return table_text(table, COLUMN_PERMS, text);
}

static int set_owner(struct table *table, const struct shmfs_listing_entry *entry)
{
	int r = table_text(table, COLUMN_OWNER, text_user(entry->uid));

	if (r == 0 && table_shows(table, COLUMN_GROUP))
		r = table_text(table, COLUMN_GROUP, text_group(entry->gid));
	if (r == 0)
		r = set_number(table, COLUMN_UID, entry->uid, true);
	return r < 0 ? r : set_number(table, COLUMN_GID, entry->gid, true);
}

static int set_attributes(struct table *table, bool exact, const struct object *object)
{
	const struct shmfs_listing_entry *entry = object->entry;
	char text[TEXT_SHORT];

	if (!object->is_known)
		return 0;
	if (set_number(table, COLUMN_USED, entry->used, exact) < 0 ||
		set_number(table, COLUMN_SIZE, entry->size, exact) < 0 ||
		set_mode(table, entry->mode) < 0 || set_owner(table, entry) < 0 ||
		set_number(table, COLUMN_LINKS, entry->links, true) < 0 ||
		set_time(table, COLUMN_BTIME, &entry->birth) < 0 ||
		set_time(table, COLUMN_CTIME, &entry->change) < 0 ||
		set_time(table, COLUMN_MTIME, &entry->modified) < 0)
		return -ENOMEM;
	if (!entry->birth.tv_sec)
		return 0;
	return table_number(table, COLUMN_AGE, text_age(object->age, text),
		(uint64_t)(object->age > 0 ? object->age : 0));
}

static int set_value(
	struct table *table, const struct survey *survey, const struct shmfs_listing_entry *entry)
{
	char text[TEXT_SHORT];
	unsigned value;

	if (!table_shows(table, COLUMN_SVAL) ||
		!shmfs_semaphore_is(object_name(entry->path), entry->size) ||
		shmfs_semaphore_value(survey->dir, entry->path, entry->ino, &value) < 0)
		return 0;
	return table_number(table, COLUMN_SVAL, text_size(value, true, text), value);
}

static int set_holders(
	struct table *table, const struct survey *survey, const struct object *object)
{
	char text[HOLDER_TEXT_SIZE];

	if (!table_shows(table, COLUMN_HELD_BY))
		return 0;
	if (table_is_json(table))
		return table_json(table, COLUMN_HELD_BY,
			holder_list_json(survey, object->holders, object->holder_count,
				&object->entry->birth));
	return table_text(table, COLUMN_HELD_BY,
		holder_list(survey, object->holders, object->holder_count, object->status, text));
}

bool object_row_shows_status(const struct table *table)
{
	return table_shows(table, COLUMN_STATUS) || table_shows(table, COLUMN_HELD_BY);
}

int object_row(struct table *table, const struct survey *survey, bool exact,
	const struct object *object, const char *where)
{
	int r = table_row(table);

	if (r == 0)
		r = set_path(table, object);
	if (r == 0)
		r = set_attributes(table, exact, object);
	if (r == 0)
		r = set_number(table, COLUMN_INO, object->entry->ino, true);
	if (r == 0 && !object->is_deleted)
		r = set_value(table, survey, object->entry);
	if (r == 0)
		r = table_text(table, COLUMN_STATUS, status_text(object->status));
	if (r == 0)
		r = table_bool(table, COLUMN_DELETED, object->is_deleted);
	if (r == 0)
		r = table_text(table, COLUMN_SHM, where);
	return r == 0 ? set_holders(table, survey, object) : r;
}

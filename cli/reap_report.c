/* SPDX-License-Identifier: MIT */
#include "reap_report.h"

#include "object_row.h"
#include "text.h"

#include <errno.h>
#include <json-c/json.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <syslog.h>
#include <unistd.h>

enum column {
	COLUMN_ACTION,
	COLUMN_NAMESPACE,
	COLUMN_NAME,
	COLUMN_USED,
	COLUMN_SIZE,
	COLUMN_OWNER,
	COLUMN_AGE,
	COLUMN_REASON,
	COLUMN_ERROR,
	COLUMN_TYPE,
	COLUMN_UID,
	COLUMN_INO,
	COLUMN_COUNT,
};

static const struct table_column columns[COLUMN_COUNT] = {
	[COLUMN_ACTION] = {"ACTION", "removed, would-remove, kept, doubt or failed"},
	[COLUMN_NAMESPACE] = {"NAMESPACE", "directory that the object lies in"},
	[COLUMN_NAME] = {"NAME", "name of the object"},
	[COLUMN_USED] = {"USED", "memory that it takes", .is_number = true},
	[COLUMN_SIZE] = {"SIZE", "its length", .is_number = true},
	[COLUMN_OWNER] = {"OWNER", "its owner"},
	[COLUMN_AGE] = {"AGE", "time without a sign of life; seconds in JSON", .is_number = true},
	[COLUMN_REASON] = {"REASON", "why"},
	[COLUMN_ERROR] = {"ERROR", "error of the removal"},
	[COLUMN_TYPE] = {"TYPE", "object, or namespace"},
	[COLUMN_UID] = {"UID", "number of the owner", .is_number = true},
	[COLUMN_INO] = {"INO", "inode number", .is_number = true},
};
#define USUAL "ACTION,NAMESPACE,NAME,USED,SIZE,OWNER,AGE,REASON"

static const char *action_of(enum reap_verdict verdict)
{
	switch (verdict) {
	case REAP_REMOVED:
		return "removed";
	case REAP_WOULD_GO:
		return "would-remove";
	case REAP_DOUBT:
	case REAP_DOUBT_BUSY:
	case REAP_DOUBT_ASIDE:
		return "doubt";
	case REAP_FAILED:
		return "failed";
	default:
		return "kept";
	}
}

void reap_count(struct reap_sum *sum, const struct reap_item *item)
{
	switch (item->verdict) {
	case REAP_NOT_MEANT:
		break;
	case REAP_REMOVED:
	case REAP_WOULD_GO:
		sum->removed++;
		sum->freed +=
			item->entry->used / (item->entry->links > 1 && !S_ISDIR(item->entry->mode)
							    ? item->entry->links
							    : 1);
		break;
	case REAP_DOUBT:
	case REAP_DOUBT_BUSY:
	case REAP_DOUBT_ASIDE:
		sum->doubt++;
		break;
	case REAP_FAILED:
		sum->failed++;
		break;
	default:
		sum->kept++;
	}
}

static int set_names(struct table *table, const struct shmfs_listing_entry *entry)
{
	const char *name = object_name(entry->path);
	const size_t length = (size_t)(name - entry->path);
	char space[PATH_MAX], text[TEXT_SIZE];
	int r = table_text(table, COLUMN_NAME, text_safe(name, text, sizeof(text)));

	if (r < 0 || length <= 1 || length > sizeof(space))
		return r;
	memcpy(space, entry->path, length - 1);
	space[length - 1] = '\0';
	return table_text(table, COLUMN_NAMESPACE, text_safe(space, text, sizeof(text)));
}

static int set_attributes(struct table *table, const struct survey *survey,
	const struct shmfs_listing_entry *entry, bool exact)
{
	const double age = shmfs_listing_age(entry, &survey->now);
	char text[TEXT_SHORT];

	if (table_number(table, COLUMN_USED, text_size(entry->used, exact, text), entry->used) <
			0 ||
		table_number(table, COLUMN_SIZE, text_size(entry->size, exact, text), entry->size) <
			0 ||
		table_text(table, COLUMN_OWNER, text_user(entry->uid)) < 0 ||
		table_number(table, COLUMN_UID, text_size(entry->uid, true, text), entry->uid) <
			0 ||
		table_number(table, COLUMN_INO, text_size(entry->ino, true, text), entry->ino) <
			0 ||
		table_text(table, COLUMN_TYPE, S_ISDIR(entry->mode) ? "namespace" : "object") < 0)
		return -ENOMEM;
	return table_number(table, COLUMN_AGE, text_age(age, text), (uint64_t)(age > 0 ? age : 0));
}

static int add_row(
	struct table *table, const struct survey *survey, const struct reap_item *item, bool exact)
{
	int r = table_row(table);

	if (r == 0)
		r = table_text(table, COLUMN_ACTION, action_of(item->verdict));
	if (r == 0)
		r = set_names(table, item->entry);
	if (r == 0)
		r = set_attributes(table, survey, item->entry, exact);
	if (r == 0)
		r = table_text(table, COLUMN_REASON, reap_verdict_reason(item->verdict));
	if (r == 0 && item->error)
		r = table_text(table, COLUMN_ERROR, strerror(-item->error));
	return r;
}

static struct json_object *sum_json(const struct reap_sum *sum)
{
	const struct {
		const char *name;
		uint64_t value;
	} members[] = {{"removed", sum->removed}, {"kept", sum->kept}, {"doubt", sum->doubt},
		{"failed", sum->failed}, {"freed", sum->freed}};
	struct json_object *object = json_object_new_object();

	for (size_t i = 0; object && i < sizeof(members) / sizeof(members[0]); i++)
		json_object_object_add(
			object, members[i].name, json_object_new_uint64(members[i].value));
	return object;
}

/* Without --verbose: only the changes, and the objects that the user has to see to. */
static bool is_told(enum reap_verdict verdict, bool all)
{
	if (verdict == REAP_NOT_MEANT)
		return false;
	return all || strcmp(action_of(verdict), "kept") != 0 || verdict == REAP_RESTORED;
}

static void print_sum(const struct survey *survey, const struct reap_sum *sum, bool is_dry)
{
	char text[TEXT_SHORT];

	printf("%zu %s, %s%s; %zu kept, %zu in doubt, %zu failed\n", sum->removed,
		is_dry ? "would be removed" : "removed", text_size(sum->freed, false, text),
		is_dry ? "" : " freed", sum->kept, sum->doubt, sum->failed);
	if (sum->doubt)
		survey_print_unseen(survey, stdout);
}

int reap_print(const struct survey *survey, const struct table_form *form, bool exact, bool all,
	const struct reap_item *items, size_t count, const struct reap_sum *sum)
{
	bool is_empty = true, is_dry = false;
	struct table *table;
	int r = table_new(columns, COLUMN_COUNT, sum->failed ? USUAL ",ERROR" : USUAL, "reaped",
		form, &table);

	if (r < 0)
		return r;
	for (size_t i = 0; r == 0 && i < count; i++) {
		is_dry |= items[i].verdict == REAP_WOULD_GO;
		if (!is_told(items[i].verdict, all || form->json))
			continue;
		r = add_row(table, survey, &items[i], exact);
		is_empty = false;
	}
	if (r == 0)
		r = table_member(table, "sum", form->json ? sum_json(sum) : NULL);
	if (r == 0)
		r = table_member(table, "unseen", form->json ? survey_unseen_json(survey) : NULL);
	if (r == 0 && (form->json || !is_empty))
		r = table_print(table);
	if (r == 0 && !form->json && !form->raw && !form->no_headings)
		print_sum(survey, sum, is_dry);
	table_free(table);
	return r;
}

bool reap_can_print(const struct table_form *form)
{
	struct table *table;

	if (table_new(columns, COLUMN_COUNT, USUAL, "reaped", form, &table) < 0)
		return false;
	table_free(table);
	return true;
}

void reap_print_columns(void)
{
	table_print_columns(columns, COLUMN_COUNT);
}

void reap_log(const struct survey *survey, const struct reap_item *items, size_t count)
{
	const char *const user = text_user(getuid());
	char path[TEXT_SIZE], by[TEXT_SHORT], size[TEXT_SHORT], age[TEXT_SHORT];

	snprintf(by, sizeof(by), "%s", user);
	openlog("shmfs", LOG_PID, LOG_USER);
	for (size_t i = 0; i < count; i++) {
		const struct shmfs_listing_entry *entry = items[i].entry;

		if (items[i].verdict != REAP_REMOVED)
			continue;
		syslog(LOG_NOTICE,
			"reap: %s %s removed: %s used, owner %s, no sign of life for %s, held by "
			"no process; asked for by %s",
			S_ISDIR(entry->mode) ? "namespace" : "object",
			text_safe(entry->path, path, sizeof(path)),
			text_size(entry->used, false, size), text_user(entry->uid),
			text_age(shmfs_listing_age(entry, &survey->now), age), by);
	}
	closelog();
}

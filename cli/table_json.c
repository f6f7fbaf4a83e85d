/* SPDX-License-Identifier: MIT */
/* JSON: a row is printed when it is whole, so that it needs the memory of one row. */
#include "table_private.h"

#include <ctype.h>
#include <errno.h>
#include <json-c/json.h>
#include <stdio.h>
#include <string.h>

#define JSON_FORM \
	(JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_SPACED | JSON_C_TO_STRING_NOSLASHESCAPE)

void table_json_name_members(struct table *table)
{
	for (size_t i = 0; i < table->shown_count; i++) {
		char *member = table->members[i];

		snprintf(member, MEMBER_SIZE, "%s\n      \"%s\": ", i ? "," : "",
			table->all[table->shown[i]].name);
		for (; *member; member++)
			*member = (char)tolower((unsigned char)*member);
	}
}

int table_json_value(struct table *table, size_t place, struct json_object *value)
{
	const char *text = value ? json_object_to_json_string_ext(value, JSON_FORM) : NULL;
	const int r = text ? table_keep_cell(table, place, text, strlen(text)) : -ENOMEM;

	json_object_put(value);
	return r;
}

static bool needs_escape(const char *text)
{
	for (; *text; text++)
		if ((unsigned char)*text < ' ' || *text == '"' || *text == '\\')
			return true;
	return false;
}

int table_json_string(struct table *table, size_t place, const char *text)
{
	char quoted[256];
	const size_t length = strlen(text) + 2;

	if (length >= sizeof(quoted) || needs_escape(text))
		return table_json_value(table, place, json_object_new_string(text));
	snprintf(quoted, sizeof(quoted), "\"%s\"", text);
	return table_keep_cell(table, place, quoted, length);
}

/* The first line of the text continues a line; the next ones begin with so many spaces. */
static void print_indented(const char *text, int indent)
{
	for (const char *end; (end = strchr(text, '\n')); text = end + 1)
		printf("%.*s\n%*s", (int)(end - text), text, indent, "");
	fputs(text, stdout);
}

static void begin_rows(const struct table *table)
{
	if (table->row_count == 0)
		printf("{\n  \"%s\": [", table->noun);
}

void table_json_row(const struct table *table)
{
	begin_rows(table);
	fputs(table->row_count ? ",\n    {" : "\n    {", stdout);
	for (size_t i = 0; i < table->shown_count; i++) {
		fputs(table->members[i], stdout);
		print_indented(table_cell(table, i, "null"), 6);
	}
	fputs("\n    }", stdout);
}

void table_json_end(const struct table *table)
{
	begin_rows(table);
	fputs("\n  ]", stdout);
	if (table->after) {
		json_object_object_foreach(table->after, name, value)
		{
			printf(",\n  \"%s\": ", name);
			print_indented(json_object_to_json_string_ext(value, JSON_FORM), 2);
		}
	}
	fputs("\n}\n", stdout);
}

/* SPDX-License-Identifier: MIT */
#include "table.h"

#include <ctype.h>
#include <errno.h>
#include <json-c/json.h>
#include <libsmartcols.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define COLUMNS_MAX 32
#define NAME_MAX_LENGTH 32

struct table {
	const struct table_column *all;
	size_t all_count;
	size_t shown[COLUMNS_MAX]; /* columns, in their order */
	size_t shown_count;
	char members[COLUMNS_MAX][NAME_MAX_LENGTH]; /* what they are called in JSON */
	struct table_form form;
	const char *noun;

	struct libscols_table *scols; /* unless JSON is wanted */
	struct libscols_line *line;
	struct json_object *whole, *rows, *row;
};

static int unknown_column(const char *name, size_t length)
{
	fprintf(stderr, "shmfs: there is no column %.*s\n", (int)length, name);
	return -EINVAL;
}

static int add_column(struct table *table, const char *name, size_t length)
{
	for (size_t i = 0; i < table->all_count; i++) {
		const char *known = table->all[i].name;

		if (strlen(known) != length || strncasecmp(known, name, length) != 0)
			continue;
		if (!table_shows(table, i) && table->shown_count < COLUMNS_MAX)
			table->shown[table->shown_count++] = i;
		return 0;
	}
	return unknown_column(name, length);
}

static int add_columns(struct table *table, const char *names)
{
	int r = 0;

	while (r == 0 && *names) {
		const size_t length = strcspn(names, ",");

		r = add_column(table, names, length);
		names += length + (names[length] == ',');
	}
	return r;
}

static int choose_columns(struct table *table, const char *usual)
{
	const char *wanted = table->form.output;
	const bool in_addition = wanted && *wanted == '+';
	int r = 0;

	if (!wanted && table->form.json) {
		for (size_t i = 0; i < table->all_count; i++)
			table->shown[table->shown_count++] = i;
		return 0;
	}
	if (!wanted || in_addition)
		r = add_columns(table, usual);
	if (r == 0 && wanted)
		r = add_columns(table, wanted + in_addition);
	return r;
}

/* Members have the names of columns in small letters. */
static void name_members(struct table *table)
{
	for (size_t i = 0; i < table->shown_count; i++) {
		const char *name = table->all[table->shown[i]].name;
		size_t length;

		for (length = 0; name[length] && length < NAME_MAX_LENGTH - 1; length++)
			table->members[i][length] = (char)tolower((unsigned char)name[length]);
	}
}

static int begin_scols(struct table *table)
{
	table->scols = scols_new_table();
	if (!table->scols)
		return -ENOMEM;
	scols_table_enable_raw(table->scols, table->form.raw);
	scols_table_enable_noheadings(table->scols, table->form.no_headings);
	for (size_t i = 0; i < table->shown_count; i++) {
		const struct table_column *column = &table->all[table->shown[i]];
		const int flags = (column->is_number ? SCOLS_FL_RIGHT : 0) |
				  (column->may_wrap ? SCOLS_FL_TRUNC : 0);

		if (!scols_table_new_column(table->scols, column->name, 0, flags))
			return -ENOMEM;
	}
	return 0;
}

static int begin_json(struct table *table)
{
	table->whole = json_object_new_object();
	table->rows = json_object_new_array();
	if (!table->whole || !table->rows)
		return -ENOMEM;
	return json_object_object_add(table->whole, table->noun, json_object_get(table->rows)) < 0
		       ? -ENOMEM
		       : 0;
}

int table_new(const struct table_column *all, size_t count, const char *usual, const char *noun,
	const struct table_form *form, struct table **ret_table)
{
	struct table *table = calloc(1, sizeof(*table));
	int r;

	if (!table)
		return -ENOMEM;
	table->all = all;
	table->all_count = count;
	table->form = *form;
	table->noun = noun;
	r = choose_columns(table, usual);
	name_members(table);
	if (r == 0)
		r = form->json ? begin_json(table) : begin_scols(table);
	if (r < 0)
		table_free(table);
	else
		*ret_table = table;
	return r;
}

struct table *table_free(struct table *table)
{
	if (!table)
		return NULL;
	scols_unref_table(table->scols);
	json_object_put(table->rows);
	json_object_put(table->whole);
	free(table);
	return NULL;
}

static size_t place_of(const struct table *table, size_t column)
{
	size_t i = 0;

	while (i < table->shown_count && table->shown[i] != column)
		i++;
	return i;
}

bool table_shows(const struct table *table, size_t column)
{
	return place_of(table, column) < table->shown_count;
}

bool table_is_json(const struct table *table)
{
	return table->form.json;
}

static int set_member(struct table *table, size_t place, struct json_object *value, unsigned flags)
{
	if (json_object_object_add_ex(table->row, table->members[place], value,
		    flags | JSON_C_OBJECT_ADD_CONSTANT_KEY) == 0)
		return 0;
	json_object_put(value);
	return -ENOMEM;
}

int table_row(struct table *table)
{
	int r = 0;

	if (!table->form.json) {
		table->line = scols_table_new_line(table->scols, NULL);
		return table->line ? 0 : -ENOMEM;
	}
	table->row = json_object_new_object();
	if (!table->row || json_object_array_add(table->rows, table->row) < 0)
		return -ENOMEM;
	for (size_t i = 0; r == 0 && i < table->shown_count; i++)
		r = set_member(table, i, NULL, JSON_C_OBJECT_ADD_KEY_IS_NEW);
	return r;
}

static int set_cell(struct table *table, size_t place, const char *text)
{
	return scols_line_set_data(table->line, place, text) < 0 ? -ENOMEM : 0;
}

int table_json(struct table *table, size_t column, const char *text, struct json_object *value)
{
	const size_t place = place_of(table, column);

	if (place < table->shown_count && table->form.json)
		return set_member(table, place, value, 0);
	json_object_put(value);
	return place < table->shown_count ? set_cell(table, place, text) : 0;
}

int table_text(struct table *table, size_t column, const char *text)
{
	return table_json(table, column, text,
		table->form.json && table_shows(table, column) ? json_object_new_string(text)
							       : NULL);
}

int table_number(struct table *table, size_t column, const char *text, uint64_t number)
{
	return table_json(table, column, text,
		table->form.json && table_shows(table, column) ? json_object_new_uint64(number)
							       : NULL);
}

int table_bool(struct table *table, size_t column, bool value)
{
	return table_json(table, column, value ? "yes" : "no",
		table->form.json && table_shows(table, column) ? json_object_new_boolean(value)
							       : NULL);
}

int table_member(struct table *table, const char *name, struct json_object *value)
{
	if (table->form.json && value && json_object_object_add(table->whole, name, value) == 0)
		return 0;
	json_object_put(value);
	return table->form.json ? -ENOMEM : 0;
}

int table_print(struct table *table)
{
	if (table->form.json)
		puts(json_object_to_json_string_ext(
			table->whole, JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_SPACED |
					      JSON_C_TO_STRING_NOSLASHESCAPE));
	else
		scols_print_table(table->scols);
	return fflush(stdout) == 0 && !ferror(stdout) ? 0 : -EIO;
}

void table_print_columns(const struct table_column *all, size_t count)
{
	printf("\nColumns for -o:\n");
	for (size_t i = 0; i < count; i++)
		printf("  %-10s %s\n", all[i].name, all[i].help);
}

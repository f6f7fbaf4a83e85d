/* SPDX-License-Identifier: MIT */
#include "table_private.h"

#include <errno.h>
#include <inttypes.h>
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

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
	table_json_name_members(table);
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
	json_object_put(table->after);
	free(table->cells);
	free(table->rows);
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

/* --- cells --------------------------------------------------------------------------------------
 */

int table_keep_cell(struct table *table, size_t place, const char *text, size_t length)
{
	if (table->cells_length + length + 1 > table->cells_room) {
		const size_t room = 2 * (table->cells_length + length + 1);
		char *cells = realloc(table->cells, room);

		if (!cells)
			return -ENOMEM;
		table->cells = cells;
		table->cells_room = room;
	}
	table->starts[place] = table->cells_length + 1;
	memcpy(table->cells + table->cells_length, text, length);
	table->cells_length += length;
	table->cells[table->cells_length++] = '\0';
	return 0;
}

const char *table_cell(const struct table *table, size_t place, const char *none)
{
	return table->starts[place] ? table->cells + table->starts[place] - 1 : none;
}

static int end_row(struct table *table)
{
	int r = 0;

	if (!table->in_row)
		return 0;
	if (table->form.json)
		table_json_row(table);
	else if (table->form.raw)
		table_raw_row(table);
	else
		r = table_plain_row(table);
	memset(table->starts, 0, sizeof(table->starts));
	table->cells_length = 0;
	table->in_row = false;
	table->row_count += r == 0;
	return r;
}

int table_row(struct table *table)
{
	const int r = end_row(table);

	table->in_row = r == 0;
	return r;
}

int table_text(struct table *table, size_t column, const char *text)
{
	const size_t place = place_of(table, column);

	if (place == table->shown_count)
		return 0;
	return table->form.json ? table_json_string(table, place, text)
				: table_keep_cell(table, place, text, strlen(text));
}

int table_number(struct table *table, size_t column, const char *text, uint64_t number)
{
	const size_t place = place_of(table, column);
	char digits[24];

	if (place == table->shown_count)
		return 0;
	if (table->form.json) {
		snprintf(digits, sizeof(digits), "%" PRIu64, number);
		text = digits;
	}
	return table_keep_cell(table, place, text, strlen(text));
}

int table_bool(struct table *table, size_t column, bool value)
{
	const char *text = value ? "yes" : "no";
	const size_t place = place_of(table, column);

	if (place == table->shown_count)
		return 0;
	if (table->form.json)
		text = value ? "true" : "false";
	return table_keep_cell(table, place, text, strlen(text));
}

int table_json(struct table *table, size_t column, struct json_object *value)
{
	const size_t place = place_of(table, column);

	if (place < table->shown_count && table->form.json)
		return table_json_value(table, place, value);
	json_object_put(value);
	return 0;
}

int table_member(struct table *table, const char *name, struct json_object *value)
{
	if (table->form.json && !table->after)
		table->after = json_object_new_object();
	if (table->after && value && json_object_object_add(table->after, name, value) == 0)
		return 0;
	json_object_put(value);
	return table->form.json ? -ENOMEM : 0;
}

int table_print(struct table *table)
{
	const int r = end_row(table);

	if (r < 0)
		return r;
	if (table->form.json)
		table_json_end(table);
	else if (!table->form.raw)
		table_plain_print(table);
	return fflush(stdout) == 0 && !ferror(stdout) ? 0 : -EIO;
}

void table_print_columns(const struct table_column *all, size_t count)
{
	printf("\nColumns for -o:\n");
	for (size_t i = 0; i < count; i++)
		printf("  %-10s %s\n", all[i].name, all[i].help);
}

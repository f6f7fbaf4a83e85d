/* SPDX-License-Identifier: MIT */
/* Inside cli/table*.c: table_json.c and table_plain.c know the forms, table.c the cells. */
#ifndef SHMFS_CLI_TABLE_PRIVATE_H
#define SHMFS_CLI_TABLE_PRIVATE_H

#include "table.h"

#define COLUMNS_MAX 32
#define MEMBER_SIZE 48

struct table {
	const struct table_column *all;
	size_t all_count;
	size_t shown[COLUMNS_MAX]; /* columns, in their order; a place is an index of this array */
	size_t shown_count;
	char members[COLUMNS_MAX][MEMBER_SIZE]; /* of JSON: the text before each value */
	struct table_form form;
	const char *noun;

	/* The row that has begun. */
	bool in_row;
	char *cells; /* its texts, each with a NUL at its end; of JSON, with quotes and escapes */
	size_t cells_length, cells_room;
	size_t starts[COLUMNS_MAX]; /* of each place's text in cells, plus 1; 0: not set */

	/* The rows before it. */
	size_t row_count;
	char *rows; /* of a table: texts of all cells */
	size_t rows_length, rows_room;
	size_t widths[COLUMNS_MAX]; /* of a table: columns of the terminal */

	struct json_object *after; /* of JSON: members that follow the rows */
};

/* -ENOMEM. */
int table_keep_cell(struct table *table, size_t place, const char *text, size_t length);
/* The text of a cell of the row that has begun, or `none`. */
const char *table_cell(const struct table *table, size_t place, const char *none);

/* Fills `members`: their names are those of the columns in small letters. */
void table_json_name_members(struct table *table);
/* Cells of JSON. The value is taken over, also on failure; NULL: -ENOMEM. */
int table_json_string(struct table *table, size_t place, const char *text);
int table_json_value(struct table *table, size_t place, struct json_object *value);

/* Print the row that has begun, and the rest. */
void table_json_row(const struct table *table);
void table_json_end(const struct table *table);
void table_raw_row(const struct table *table);

/* Keeps the row that has begun; -ENOMEM. Prints all rows. */
int table_plain_row(struct table *table);
void table_plain_print(struct table *table);

#endif

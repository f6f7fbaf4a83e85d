/* SPDX-License-Identifier: MIT */
/*
 * Rows and columns for people and programs, in the forms that util-linux has: a table, --raw,
 * --json and --output COLUMNS. The same columns with the same names are in all of them; in JSON the
 * names are in small letters. Texts have no control characters, as text_safe() makes sure.
 */
#ifndef SHMFS_CLI_TABLE_H
#define SHMFS_CLI_TABLE_H

#include <json-c/json_types.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct table_column {
	const char *name;
	const char *help; /* one line for -h */
	bool is_number;   /* right of its column */
	bool may_be_cut;  /* where the terminal is too narrow */
};

struct table_form {
	bool json, raw, no_headings;
	const char *output; /* columns: "NAME,SIZE", or "+INO" in addition; NULL: the usual ones */
};

struct table;

/*
 * all: all columns there are. usual: the names of the usual ones, with commas between them; JSON
 * has all unless told. noun: the name of the rows in JSON. -EINVAL: form.output names a column that
 * does not exist, and stderr says so; -ENOMEM.
 */
int table_new(const struct table_column *all, size_t count, const char *usual, const char *noun,
	const struct table_form *form, struct table **ret_table);
/* NULL is accepted. Returns NULL. */
struct table *table_free(struct table *table);

/* Is this column shown? Cells of a column that is not shown need not be set. */
bool table_shows(const struct table *table, size_t column);

/* Begins a row; in JSON, prints the one before it. Cells that are not set are empty, and null in
 * JSON. -ENOMEM. */
int table_row(struct table *table);
/* The same text in all forms. */
int table_text(struct table *table, size_t column, const char *text);
/* `text` in a table, the number in JSON and, if raw is to have it, in raw output. */
int table_number(struct table *table, size_t column, const char *text, uint64_t number);
int table_bool(struct table *table, size_t column, bool value);
/* A cell that only JSON has. The value is taken over, also on failure. */
int table_json(struct table *table, size_t column, struct json_object *value);

/* Another member after the rows, for JSON only. The value is taken over, also on failure. */
int table_member(struct table *table, const char *name, struct json_object *value);

bool table_is_json(const struct table *table);

/* Prints to stdout all that is not printed yet. -EIO. */
int table_print(struct table *table);

/* Prints the columns for -h. */
void table_print_columns(const struct table_column *all, size_t count);

#endif

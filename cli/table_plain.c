/* SPDX-License-Identifier: MIT */
/*
 * Raw output, and tables. A raw row is printed when it is whole. The widths of a table's columns
 * follow from all cells, so that its rows are kept until the end.
 *
 * The texts are UTF-8 without control characters (text.h). Where the locale has another encoding,
 * bytes beyond ASCII are escaped, because the terminal may take them for control characters.
 */
#include "table_private.h"

#include <errno.h>
#include <langinfo.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include <wchar.h>

#define ESCAPE_WIDTH 4 /* \xHH */

static bool is_ascii(const char *text)
{
	for (; *text; text++)
		if ((unsigned char)*text >= 0x80)
			return false;
	return true;
}

static bool has_utf8(void)
{
	return strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
}

/* Length in bytes of the character that text begins with; *ret_width: columns of the terminal. */
static size_t character_at(const char *text, bool utf8, size_t *ret_width)
{
	mbstate_t state = {0};
	wchar_t character;
	size_t length;
	int width;

	*ret_width = 1;
	if ((unsigned char)*text < 0x80)
		return 1;
	*ret_width = ESCAPE_WIDTH;
	if (!utf8)
		return 1;
	length = mbrtowc(&character, text, MB_CUR_MAX, &state);
	if (length == 0 || length > MB_CUR_MAX)
		return 1;
	width = wcwidth(character);
	*ret_width = width > 0 ? (size_t)width : 0;
	return length;
}

static size_t width_of(const char *text)
{
	const bool utf8 = has_utf8();
	size_t whole = 0, width;

	if (is_ascii(text))
		return strlen(text);
	for (; *text; text += character_at(text, utf8, &width), whole += width)
		;
	return whole;
}

/* Prints as much as so many columns of the terminal take. Returns how many the text takes. */
static size_t print_text(const char *text, size_t limit, bool is_raw)
{
	const bool utf8 = has_utf8();
	size_t whole = 0, width;

	for (size_t length; *text; text += length) {
		length = character_at(text, utf8, &width);
		if (whole + width > limit)
			break;
		whole += width;
		if (width == ESCAPE_WIDTH || (is_raw && *text == ' '))
			printf("\\x%02x", (unsigned char)*text);
		else
			fwrite(text, 1, length, stdout);
	}
	return whole;
}

/* --- raw output ---------------------------------------------------------------------------------
 */

static void print_raw_cell(const struct table *table, size_t place, const char *text)
{
	print_text(text, SIZE_MAX, true);
	putchar(place + 1 < table->shown_count ? ' ' : '\n');
}

void table_raw_row(const struct table *table)
{
	if (table->row_count == 0 && !table->form.no_headings)
		for (size_t i = 0; i < table->shown_count; i++)
			print_raw_cell(table, i, table->all[table->shown[i]].name);
	for (size_t i = 0; i < table->shown_count; i++)
		print_raw_cell(table, i, table_cell(table, i, ""));
}

/* --- tables -------------------------------------------------------------------------------------
 */

static void widen(struct table *table, size_t place, const char *text)
{
	const size_t width = width_of(text);

	if (table->widths[place] < width)
		table->widths[place] = width;
}

static int reserve_rows(struct table *table, size_t more)
{
	const size_t room = 2 * (table->rows_length + more);
	char *rows;

	if (table->rows_length + more <= table->rows_room)
		return 0;
	rows = realloc(table->rows, room);
	if (!rows)
		return -ENOMEM;
	table->rows = rows;
	table->rows_room = room;
	return 0;
}

int table_plain_row(struct table *table)
{
	/* A cell that is not set takes one byte. */
	if (reserve_rows(table, table->cells_length + table->shown_count) < 0)
		return -ENOMEM;
	for (size_t i = 0; i < table->shown_count; i++) {
		const char *text = table_cell(table, i, "");
		const size_t size = strlen(text) + 1;

		memcpy(table->rows + table->rows_length, text, size);
		table->rows_length += size;
		widen(table, i, text);
	}
	return 0;
}

static void print_cell(const struct table *table, size_t place, const char *text)
{
	const size_t width = table->widths[place], own = width_of(text);
	const int padding = own < width ? (int)(width - own) : 0;
	const bool is_last = place + 1 == table->shown_count;

	if (table->all[table->shown[place]].is_number)
		printf("%*s", padding, "");
	print_text(text, width, false);
	if (!is_last && !table->all[table->shown[place]].is_number)
		printf("%*s", padding, "");
	putchar(is_last ? '\n' : ' ');
}

/* On a terminal that is too narrow, the columns that may be cut are. */
static void fit_widths(struct table *table)
{
	size_t whole = table->shown_count - 1;
	struct winsize size;

	if (!isatty(STDOUT_FILENO) || ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) < 0 || !size.ws_col)
		return;
	for (size_t i = 0; i < table->shown_count; i++)
		whole += table->widths[i];
	for (size_t i = 0; i < table->shown_count && whole > size.ws_col; i++) {
		const struct table_column *column = &table->all[table->shown[i]];
		const size_t least = strlen(column->name), excess = whole - size.ws_col;
		size_t cut = table->widths[i] > least ? table->widths[i] - least : 0;

		if (!column->may_be_cut)
			continue;
		cut = cut < excess ? cut : excess;
		table->widths[i] -= cut;
		whole -= cut;
	}
}

void table_plain_print(struct table *table)
{
	const char *cell = table->rows;

	if (table->row_count == 0)
		return;
	for (size_t i = 0; i < table->shown_count && !table->form.no_headings; i++)
		widen(table, i, table->all[table->shown[i]].name);
	fit_widths(table);
	for (size_t i = 0; i < table->shown_count && !table->form.no_headings; i++)
		print_cell(table, i, table->all[table->shown[i]].name);
	for (size_t row = 0; row < table->row_count; row++)
		for (size_t i = 0; i < table->shown_count; i++, cell += strlen(cell) + 1)
			print_cell(table, i, cell);
}

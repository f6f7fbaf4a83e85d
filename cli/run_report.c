/* SPDX-License-Identifier: MIT */
#include "run_report.h"

#include <stdbool.h>
#include <string.h>

void run_report_list(FILE *out, const char *name, const struct run_objects *left)
{
	fprintf(out, "shmfs run: the program left %zu object%s in %s:\n", left->count,
		left->count == 1 ? "" : "s", name);
	for (size_t i = 0; i < left->count; i++)
		fprintf(out, "    %s, %lld bytes\n", left->object[i].name,
			(long long)left->object[i].st.st_size);
}

/* Length of the UTF-8 sequence at the text; 0: it is none. */
static size_t utf8_length(const unsigned char *text)
{
	const size_t len = text[0] < 0x80 ? 1 : text[0] >= 0xf0 ? 4 : text[0] >= 0xe0 ? 3 : 2;

	if (len == 1)
		return 1;
	if (text[0] < 0xc2 || text[0] > 0xf4)
		return 0;
	for (size_t i = 1; i < len; i++)
		if ((text[i] & 0xc0) != 0x80)
			return 0;
	/* Too long, a surrogate, or above U+10FFFF. */
	if ((text[0] == 0xe0 && text[1] < 0xa0) || (text[0] == 0xed && text[1] > 0x9f) ||
		(text[0] == 0xf0 && text[1] < 0x90) || (text[0] == 0xf4 && text[1] > 0x8f))
		return 0;
	return len;
}

void run_report_json_string(FILE *out, const char *text)
{
	const unsigned char *at = (const unsigned char *)text;

	putc('"', out);
	while (*at) {
		const size_t len = utf8_length(at);

		if (len == 0)
			fprintf(out, "\\udc%02x", *at);
		else if (*at == '"' || *at == '\\')
			fprintf(out, "\\%c", *at);
		else if (*at < 0x20 || *at == 0x7f)
			fprintf(out, "\\u%04x", *at);
		else
			fwrite(at, 1, len, out);
		at += len ? len : 1;
	}
	putc('"', out);
}

static void print_left(FILE *out, const struct run_objects *left)
{
	putc('[', out);
	for (size_t i = 0; i < left->count; i++) {
		const struct stat *st = &left->object[i].st;

		fputs(i ? ", {\"name\": " : "{\"name\": ", out);
		run_report_json_string(out, left->object[i].name);
		fprintf(out, ", \"size\": %lld, \"mode\": \"%04o\", \"uid\": %u}",
			(long long)st->st_size, st->st_mode & 07777, st->st_uid);
	}
	putc(']', out);
}

static void print_number(FILE *out, const char *name, int number, bool exists)
{
	if (exists)
		fprintf(out, ", \"%s\": %d", name, number);
	else
		fprintf(out, ", \"%s\": null", name);
}

void run_report_json(FILE *out, const char *name, const struct run_outcome *outcome,
	const struct run_objects *left)
{
	fputs("{\"namespace\": ", out);
	run_report_json_string(out, name);
	print_number(out, "status", outcome->status, outcome->signal == 0);
	print_number(out, "signal", outcome->signal, outcome->signal != 0);
	fputs(", \"left\": ", out);
	if (left)
		print_left(out, left);
	else
		fputs("null", out);
	fputs("}\n", out);
}

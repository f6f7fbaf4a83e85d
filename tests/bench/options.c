/* SPDX-License-Identifier: MIT */
#include "options.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "measure.h"

#define DEFAULT_ROUNDS 5

static const char usage[] =
	"Usage: bench --target LABEL=DIR --target LABEL=DIR ... [options]\n"
	"Measures the same file operations in several directories, in turns. scripts/bench runs "
	"it\n"
	"on a fresh mount; scripts/bench --help explains the rows and the output.\n"
	"\n"
	"  --target LABEL=DIR  a directory to measure; the first is the reference (a tmpfs)\n"
	"  --rows NAME,...     only these rows\n"
	"  --rounds N          rounds in which the targets take turns (5)\n"
	"  --tsv               output for machines\n"
	"  --smoke             tiny work: does every row run? The times mean nothing\n"
	"  --help              this text\n"
	"\n"
	"Files are named shmfs-bench-PID-... and removed at the end, also on failure and signals.\n"
	"Rows:";

static void print_help(void)
{
	fputs(usage, stdout);
	for (size_t i = 0; i < ROW_COUNT; i++)
		printf(" %s", rows[i].name);
	printf("\n");
}

static _Noreturn void reject(const char *problem, const char *value)
{
	fprintf(stderr, "bench: %s%s%s (try --help)\n", problem, value ? ": " : "",
		value ? value : "");
	exit(2);
}

static void choose_row(struct options *options, const char *name)
{
	for (size_t i = 0; i < ROW_COUNT; i++) {
		if (strcmp(rows[i].name, name) == 0) {
			options->chosen[i] = true;
			return;
		}
	}
	reject("no such row", name);
}

static void choose_rows(struct options *options, char *list)
{
	char *rest = NULL;

	for (char *name = strtok_r(list, ",", &rest); name; name = strtok_r(NULL, ",", &rest))
		choose_row(options, name);
}

static unsigned parse_rounds(const char *text)
{
	char *end;
	const unsigned long n = strtoul(text, &end, 10);

	if (end == text || *end || n < 1 || n > ROUNDS_MAX)
		reject("not a number of rounds", text);
	return (unsigned)n;
}

static void set_option(struct options *options, int option)
{
	switch (option) {
	case 't':
		if (targets_add(&options->targets, optarg) < 0)
			reject("not LABEL=DIR, or one too many", optarg);
		break;
	case 'r':
		choose_rows(options, optarg);
		break;
	case 'n':
		options->rounds = parse_rounds(optarg);
		break;
	case 'v':
		options->tsv = true;
		break;
	case 's':
		options->smoke = true;
		break;
	case 'h':
		print_help();
		exit(0);
	default:
		exit(2);
	}
}

static bool any_chosen(const struct options *options)
{
	return memchr(options->chosen, true, sizeof(options->chosen)) != NULL;
}

void options_parse(struct options *ret_options, int argc, char **argv)
{
	static const struct option known[] = {
		{"target", required_argument, NULL, 't'},
		{"rows", required_argument, NULL, 'r'},
		{"rounds", required_argument, NULL, 'n'},
		{"tsv", no_argument, NULL, 'v'},
		{"smoke", no_argument, NULL, 's'},
		{"help", no_argument, NULL, 'h'},
		{NULL, 0, NULL, 0},
	};
	struct options options = {.rounds = DEFAULT_ROUNDS};
	int option;

	while ((option = getopt_long(argc, argv, "", known, NULL)) != -1)
		set_option(&options, option);
	if (optind < argc)
		reject("unexpected argument", argv[optind]);
	if (options.targets.count < 2)
		reject("two targets are needed, the reference first", NULL);
	if (!any_chosen(&options))
		memset(options.chosen, true, sizeof(options.chosen));
	*ret_options = options;
}

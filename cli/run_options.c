/* SPDX-License-Identifier: MIT */
#include "run_options.h"

#include "run_say.h"
#include "verb.h"

#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	OPTION_RM = 256,
	OPTION_SHELL,
	OPTION_UNIQUE,
	OPTION_FRESH,
	OPTION_SHARED,
	OPTION_SIZE,
	OPTION_RESERVE,
	OPTION_IPC,
	OPTION_SHARE,
	OPTION_SHARE_LATER,
	OPTION_TMP,
	OPTION_CHECK,
	OPTION_JSON,
};

static char default_shell[] = "/bin/sh";

static const struct option options_long[] = {
	{"mount", required_argument, NULL, 'm'},
	{"rm", no_argument, NULL, OPTION_RM},
	{"unique", no_argument, NULL, OPTION_UNIQUE},
	{"fresh", no_argument, NULL, OPTION_FRESH},
	{"shared", no_argument, NULL, OPTION_SHARED},
	{"size", required_argument, NULL, OPTION_SIZE},
	{"reserve", no_argument, NULL, OPTION_RESERVE},
	{"ipc", no_argument, NULL, OPTION_IPC},
	{"share", required_argument, NULL, OPTION_SHARE},
	{"share-later", required_argument, NULL, OPTION_SHARE_LATER},
	{"tmp", required_argument, NULL, OPTION_TMP},
	{"check", no_argument, NULL, OPTION_CHECK},
	{"json", optional_argument, NULL, OPTION_JSON},
	{"shell", no_argument, NULL, OPTION_SHELL},
	{"verbose", no_argument, NULL, 'v'},
	{"help", no_argument, NULL, 'h'},
	{NULL, 0, NULL, 0},
};

void run_options_print_help(void)
{
	printf("usage: shmfs run [options] NAME [--] PROGRAM [ARG...]\n"
	       "       shmfs run [options] --unique [--] PROGRAM [ARG...]\n"
	       "       shmfs run [options] --shell NAME\n"
	       "\n"
	       "Runs PROGRAM in the namespace NAME: the directory /dev/shm/NAME is its /dev/shm.\n"
	       "The directory is made if it is missing. The object /x of PROGRAM is NAME/x for\n"
	       "other programs. Needs no mount, and no root where user namespaces are allowed.\n"
	       "\n"
	       "        --rm              remove NAME and its objects when the last program in it\n"
	       "                          has ended\n"
	       "        --unique          make up a new NAME; implies --rm\n"
	       "        --fresh           begin with an empty NAME; refused while NAME is in use\n"
	       "        --shared          use NAME also if another user owns it or may write to\n"
	       "                          it; a new one gets mode 1777\n"
	       "        --size N[KMGT]    give NAME a tmpfs of N bytes of its own; implies --rm\n"
	       "        --reserve         ftruncate(2) allocates memory, or fails with ENOSPC\n"
	       "        --ipc             NAME has System V IPC and message queues of its own\n"
	       "        --share X[=HOST]  the object HOST (or X) of /dev/shm is X in NAME, too\n"
	       "        --share-later X[=HOST]\n"
	       "                          also if it is made or replaced while PROGRAM runs\n"
	       "        --tmp DIR         DIR is PROGRAM's /tmp\n"
	       "        --check           exit with status 124 and a list if objects are left\n"
	       "        --json[=FILE]     tell status and list as JSON, on stderr or in FILE\n"
	       "    -m, --mount DIR       use DIR/NAME instead, in a mount of shmfs (reserve, ro)\n"
	       "        --shell           run $SHELL\n"
	       "    -v, --verbose         tell the name of the namespace\n"
	       "    -h, --help            print this help\n"
	       "\n"
	       "The exit status is PROGRAM's; 125 if it could not be started for other reasons\n"
	       "than 126 (it cannot be executed) and 127 (it is not found).\n");
}

bool run_options_parse_size(const char *text, uint64_t *ret_size)
{
	static const char units[] = "kmgt";
	const char *unit;
	unsigned shift = 0;
	char *end;
	uint64_t size;

	errno = 0;
	size = strtoull(text, &end, 10);
	if (text[0] < '0' || text[0] > '9' || errno != 0)
		return false;
	unit = *end ? strchr(units, *end | 0x20) : NULL;
	if (unit) {
		shift = (unsigned)(unit - units + 1) * 10;
		end++;
	}
	if (*end || size == 0 || size > (uint64_t)INT64_MAX >> shift)
		return false;
	*ret_size = size << shift;
	return true;
}

static bool is_component(const char *text, size_t len)
{
	return len > 0 && len <= NAME_MAX && !(len == 1 && text[0] == '.') &&
	       !(len == 2 && text[0] == '.' && text[1] == '.');
}

bool run_options_trim_name(char *name)
{
	size_t len = strlen(name), part;

	while (len > 0 && name[len - 1] == '/')
		name[--len] = '\0';
	for (;; name += part + 1) {
		part = strcspn(name, "/");
		if (!is_component(name, part))
			return false;
		if (!name[part])
			return true;
	}
}

static int take_share(struct run_options *options, char *text, bool later)
{
	struct run_share *shares =
		realloc(options->shares, (options->share_count + 1) * sizeof(*options->shares));
	char *equals = strchr(text, '=');
	struct run_share *share;

	if (!shares)
		return run_say("out of memory");
	options->shares = shares;
	share = &shares[options->share_count++];
	*share = (struct run_share){.name = text, .host = text, .later = later};
	if (equals) {
		*equals = '\0';
		share->host = equals + 1;
	}
	if (!is_component(share->name, strlen(share->name)) || strchr(share->name, '/') ||
		!run_options_trim_name(share->host)) {
		verb_misused("run", "--share cannot link %s", share->host);
		return RUN_FAILED;
	}
	return 0;
}

static int take_size(struct run_options *options, const char *text)
{
	if (run_options_parse_size(text, &options->size))
		return 0;
	verb_misused("run", "--size is a number of bytes, as in 64M, not %s", text);
	return RUN_FAILED;
}

static int take_run_option(struct run_options *options, int option)
{
	switch (option) {
	case 'm':
		options->base = optarg;
		return 0;
	case OPTION_RM:
		options->remove = true;
		return 0;
	case OPTION_UNIQUE:
		options->unique = options->remove = true;
		return 0;
	case OPTION_FRESH:
		options->fresh = true;
		return 0;
	case OPTION_SHARED:
		options->shared = true;
		return 0;
	case OPTION_SIZE:
		options->remove = true;
		return take_size(options, optarg);
	case OPTION_RESERVE:
		options->reserve = true;
		return 0;
	case OPTION_IPC:
		options->ipc = true;
		return 0;
	case OPTION_SHARE:
	case OPTION_SHARE_LATER:
		return take_share(options, optarg, option == OPTION_SHARE_LATER);
	case OPTION_TMP:
		options->tmp = optarg;
		return 0;
	case OPTION_CHECK:
		options->check = true;
		return 0;
	case OPTION_JSON:
		options->json = true;
		options->report = optarg;
		return 0;
	case OPTION_SHELL:
		options->shell[0] = getenv("SHELL");
		if (!options->shell[0] || !options->shell[0][0])
			options->shell[0] = default_shell;
		return 0;
	case 'v':
		options->verbose = true;
		return 0;
	default:
		return RUN_FAILED;
	}
}

/* getopt(3) prints nothing: the messages here begin with the verb. */
static int misused(int option, char **argv)
{
	const char *word = argv[optind - 1];

	if (option == ':')
		verb_misused("run", "%s needs a value", word);
	else if (optopt && optopt < 256)
		verb_misused("run", "unknown option -%c", optopt);
	else
		verb_misused("run", "unknown option %s", word);
	return RUN_FAILED;
}

static int take_name(struct run_options *options, char ***rest)
{
	if (options->unique)
		return 0;
	options->name = **rest;
	if (!options->name) {
		verb_misused("run", "no NAME given");
		return RUN_FAILED;
	}
	if (!run_options_trim_name(options->name)) {
		verb_misused("run", "not the name of a namespace: '%s'", options->name);
		return RUN_FAILED;
	}
	++*rest;
	if (**rest && strcmp(**rest, "--") == 0) {
		++*rest;
	} else if (**rest && ***rest == '-') {
		verb_misused("run",
			"%s after NAME: options come before it, and a PROGRAM of that name after "
			"--",
			**rest);
		return RUN_FAILED;
	}
	return 0;
}

static int take_program(struct run_options *options, char **rest)
{
	if (options->shell[0] && *rest) {
		verb_misused("run", "--shell takes no PROGRAM");
		return RUN_FAILED;
	}
	options->program = options->shell[0] ? options->shell : rest;
	if (!options->program[0]) {
		verb_misused("run", "no PROGRAM given");
		return RUN_FAILED;
	}
	return 0;
}

static int exclude(const struct run_options *options)
{
	if (options->size > 0 && (options->share_count > 0 || options->base)) {
		verb_misused("run", "--size and %s exclude each other",
			options->base ? "--mount" : "--share");
		return RUN_FAILED;
	}
	return 0;
}

enum run_options_result run_options_parse(struct run_options *ret_options, int argc, char **argv)
{
	char **rest;
	int option, r = 0;

	*ret_options = (struct run_options){0};
	optind = 0;
	while (r == 0 && (option = getopt_long(argc, argv, "+:m:vh", options_long, NULL)) >= 0) {
		if (option == 'h')
			return RUN_OPTIONS_HELP;
		if (option == '?' || option == ':')
			r = misused(option, argv);
		else
			r = take_run_option(ret_options, option);
	}
	rest = argv + optind;
	if (r == 0)
		r = take_name(ret_options, &rest);
	if (r == 0)
		r = take_program(ret_options, rest);
	if (r == 0)
		r = exclude(ret_options);
	return r == 0 ? RUN_OPTIONS_RUN : RUN_OPTIONS_WRONG;
}

void run_options_free(struct run_options *options)
{
	if (options->unique)
		free(options->name);
	free(options->shares);
}

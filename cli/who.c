/* SPDX-License-Identifier: MIT */
#include "who.h"

#include "detached.h"
#include "holder.h"
#include "table.h"
#include "target.h"
#include "verb.h"

#include <errno.h>
#include <getopt.h>
#include <json-c/json.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>

/* Exit statuses. */
enum { SOMEBODY = 0, NOBODY = 1, CANNOT_TELL = 2 };

enum column {
	COLUMN_OBJECT,
	COLUMN_PID,
	COLUMN_USER,
	COLUMN_COMMAND,
	COLUMN_HOW,
	COLUMN_DOOR,
	COLUMN_SINCE,
	COLUMN_UNIT,
	COLUMN_UID,
	COLUMN_DAEMON,
	COLUMN_INO,
	COLUMN_COUNT,
};

static const struct table_column columns[COLUMN_COUNT] = {
	[COLUMN_OBJECT] = {"OBJECT", "as it is called on the command line"},
	[COLUMN_PID] = {"PID",
		"process; empty: a user inside the kernel, or one that cannot be seen",
		.is_number = true},
	[COLUMN_USER] = {"USER", "whose process it is"},
	[COLUMN_COMMAND] = {"COMMAND", "name of the process"},
	[COLUMN_HOW] = {"HOW", "map: maps it, fd: has it open; r: reads, w: writes"},
	[COLUMN_DOOR] = {"DOOR", "where it is mounted for this process"},
	[COLUMN_SINCE] = {"SINCE",
		"start of the process or birth of the object, whichever is later"},
	[COLUMN_UNIT] = {"UNIT", "container or unit, by the control group"},
	[COLUMN_UID] = {"UID", "number of the user", .is_number = true},
	[COLUMN_DAEMON] = {"DAEMON", "is the process a daemon of FUSE, for its clients?"},
	[COLUMN_INO] = {"INO", "inode number of the object", .is_number = true},
};
#define USUAL "PID,USER,COMMAND,HOW,DOOR,SINCE"

struct who {
	struct table_form form;
	char *const *words;
};

static void print_usage(void)
{
	printf("usage: shmfs who [options] NAME|PATH ...\n"
	       "\n"
	       "Lists the processes that map a shared memory object or have it open. The exit\n"
	       "status is 0 when it is held, 1 when it is not, and 2 when that cannot be told.\n"
	       "\n"
	       "  -o, --output COLUMNS  these columns; +COLUMNS: these too\n"
	       "  -J, --json            JSON\n"
	       "  -r, --raw             columns separated by one space, names escaped\n"
	       "  -n, --noheadings      no headings\n"
	       "  -h, --help            this text\n");
	table_print_columns(columns, COLUMN_COUNT);
}

/* Returns 0, 1 when help was all that was wanted, -EINVAL. */
static int parse_who_arguments(struct who *who, int argc, char **argv)
{
	static const struct option options[] = {{"output", required_argument, NULL, 'o'},
		{"json", no_argument, NULL, 'J'}, {"raw", no_argument, NULL, 'r'},
		{"noheadings", no_argument, NULL, 'n'}, {"help", no_argument, NULL, 'h'},
		{NULL, 0, NULL, 0}};
	int option;

	while ((option = getopt_long(argc, argv, "o:Jrnh", options, NULL)) != -1) {
		switch (option) {
		case 'o':
			who->form.output = optarg;
			break;
		case 'J':
			who->form.json = true;
			break;
		case 'r':
			who->form.raw = true;
			break;
		case 'n':
			who->form.no_headings = true;
			break;
		case 'h':
			print_usage();
			return 1;
		default:
			return -EINVAL;
		}
	}
	who->words = argv + optind;
	if (*who->words)
		return 0;
	verb_misused("who", "the name of an object is missing");
	return -EINVAL;
}

static int set_process(struct table *table, const struct shmfs_holding_process *process)
{
	char text[TEXT_SIZE], number[TEXT_SHORT];

	if (table_number(table, COLUMN_PID, text_size((uint64_t)process->is.pid, true, number),
		    (uint64_t)process->is.pid) < 0 ||
		table_text(table, COLUMN_USER, text_user(process->is.uid)) < 0 ||
		table_number(table, COLUMN_UID, text_size(process->is.uid, true, number),
			process->is.uid) < 0 ||
		table_text(table, COLUMN_COMMAND,
			text_safe(process->is.command, text, sizeof(text))) < 0 ||
		table_bool(table, COLUMN_DAEMON, process->is_daemon) < 0)
		return -ENOMEM;
	if (!table_shows(table, COLUMN_UNIT) || !*holder_unit(process->is.pid, text, sizeof(text)))
		return 0;
	return table_text(table, COLUMN_UNIT, text);
}

static int begin_row(struct table *table, const char *word, const struct target *target)
{
	char text[TEXT_SIZE];
	int r = table_row(table);

	if (r == 0)
		r = table_text(table, COLUMN_OBJECT, text_safe(word, text, sizeof(text)));
	return r < 0 ? r
		     : table_number(
			       table, COLUMN_INO, text_size(target->ino, true, text), target->ino);
}

static int add_holder(struct table *table, const struct survey *survey, const char *word,
	const struct target *target, const struct shmfs_holder *holder)
{
	char text[TEXT_SIZE];
	int r = begin_row(table, word, target);

	if (r == 0)
		r = set_process(table, &survey->holders.processes[holder->process]);
	if (r == 0)
		r = table_text(table, COLUMN_HOW, holder_how(holder, text));
	if (r == 0)
		r = table_text(table, COLUMN_DOOR, holder_door(holder, text, sizeof(text)));
	return r < 0 ? r
		     : table_text(table, COLUMN_SINCE,
			       text_time(holder_since(survey, holder, &target->birth), text));
}

/* The kernel says that it is held, and no process is to be seen that does. */
static int add_unseen(struct table *table, const char *word, const struct target *target)
{
	const int r = begin_row(table, word, target);

	return r < 0 ? r : table_text(table, COLUMN_COMMAND, "(not seen)");
}

/* Returns the exit status for this word, or -errno. */
static int add_word(struct table *table, const struct survey *survey, const char *word)
{
	const struct shmfs_holder *holders;
	enum survey_status status = SURVEY_UNKNOWN;
	struct target target;
	size_t count;
	int r = target_find(survey, word, &target);

	if (r < 0) {
		fprintf(stderr, "shmfs who: %s: %s\n", word,
			r == -EMEDIUMTYPE ? "not shared memory" : strerror(-r));
		return CANNOT_TELL;
	}
	holders = shmfs_holders_of(&survey->holders, target.dev, target.ino, &count);
	for (size_t i = 0; r == 0 && i < count; i++)
		r = add_holder(table, survey, word, &target, &holders[i]);
	if (r < 0 || count)
		return r < 0 ? r : SOMEBODY;
	if (target.entry)
		status = survey_status(survey, target.entry);
	else if (!shmfs_holders_has_blind_spot(&survey->holders))
		status = SURVEY_FREE;
	if (status == SURVEY_HELD)
		r = add_unseen(table, word, &target);
	if (r < 0)
		return r;
	return status == SURVEY_HELD ? SOMEBODY : status == SURVEY_FREE ? NOBODY : CANNOT_TELL;
}

/* A holder of any of them counts first, then an answer that cannot be given. */
static int worse(int one, int other)
{
	static const int ranks[] = {[SOMEBODY] = 2, [NOBODY] = 0, [CANNOT_TELL] = 1};

	return ranks[one] > ranks[other] ? one : other;
}

static int print(
	struct table *table, const struct survey *survey, const struct who *who, int status)
{
	int r = 0;

	if (who->form.json)
		r = table_member(table, "unseen", survey_unseen_json(survey));
	if (r == 0 && (status == SOMEBODY || who->form.json))
		r = table_print(table);
	if (status == CANNOT_TELL)
		survey_print_unseen(survey, stderr);
	return r;
}

static int find_holders(const struct who *who, const struct survey *survey)
{
	struct table *table;
	int status = NOBODY;
	int r = table_new(columns, COLUMN_COUNT, who->words[1] ? "OBJECT," USUAL : USUAL, "holders",
		&who->form, &table);

	if (r < 0)
		return CANNOT_TELL;
	for (char *const *word = who->words; r >= 0 && *word; word++) {
		r = add_word(table, survey, *word);
		if (r >= 0)
			status = worse(status, r);
	}
	if (r >= 0)
		r = print(table, survey, who, status);
	table_free(table);
	if (r < 0)
		fprintf(stderr, "shmfs who: %s\n", strerror(-r));
	return r < 0 ? CANNOT_TELL : status;
}

static int run_who(void *arg)
{
	const struct who *who = arg;
	struct survey survey;
	int status;

	if (survey_take("who", &survey) < 0)
		return CANNOT_TELL;
	status = find_holders(who, &survey);
	survey_free(&survey);
	return status;
}

int who_main(int argc, char **argv)
{
	struct who who = {.words = NULL};
	const int r = parse_who_arguments(&who, argc, argv);

	if (r != 0)
		return r == 1 ? EXIT_SUCCESS : CANNOT_TELL;
	setlocale(LC_CTYPE, "");
	return detached_run(run_who, &who);
}

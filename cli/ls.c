/* SPDX-License-Identifier: MIT */
#include "ls.h"

#include "detached.h"
#include "foreign.h"
#include "holder.h"
#include "objects.h"
#include "text.h"
#include "verb.h"

#include <errno.h>
#include <getopt.h>
#include <json-c/json.h>
#include <locale.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/statvfs.h>
#include <unistd.h>

#define WATCH_SECONDS 2
#define UNIT_SIZE 256
#define ROWS_BESIDE 5 /* of the terminal: headings, sum, "not seen" */

struct ls {
	struct objects_wish wish;
	struct table_form form;
	bool all, is_long;
	unsigned watch; /* seconds; 0: once */
};

static void print_usage(void)
{
	printf("usage: shmfs ls [options] [PATTERN ...]\n"
	       "\n"
	       "Lists the shared memory objects in /dev/shm, its directories included, with the\n"
	       "processes that hold them. PATTERN is for names, or with a slash for paths.\n"
	       "\n"
	       "  -l, --long            more columns\n"
	       "  -a, --all             the /dev/shm of every mount namespace\n"
	       "      --orphans         only objects without a holder\n"
	       "      --deleted         only objects that have no name any more\n"
	       "      --sort ORDER      name (the default), used, size or age\n"
	       "  -o, --output COLUMNS  these columns; +COLUMNS: these too\n"
	       "  -b, --bytes           sizes in bytes\n"
	       "  -J, --json            JSON\n"
	       "  -r, --raw             columns separated by one space, names escaped\n"
	       "  -n, --noheadings      no headings and no sum\n"
	       "      --watch[=SECONDS] again and again, the largest first\n"
	       "  -h, --help            this text\n");
	table_print_columns(object_columns, object_column_count);
}

static bool parse_order(const char *text, enum objects_order *ret_order)
{
	static const char *const names[] = {[ORDER_NAME] = "name",
		[ORDER_USED] = "used",
		[ORDER_SIZE] = "size",
		[ORDER_AGE] = "age"};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(text, names[i]) == 0) {
			*ret_order = (enum objects_order)i;
			return true;
		}
	verb_misused("ls", "no order is called %s", text);
	return false;
}

static bool parse_watch(const char *text, unsigned *ret_seconds)
{
	char *end;
	const unsigned long seconds = text ? strtoul(text, &end, 10) : WATCH_SECONDS;

	if (text && (*end || end == text || seconds == 0 || seconds > 86400)) {
		verb_misused("ls", "--watch takes seconds, not %s", text);
		return false;
	}
	*ret_seconds = (unsigned)seconds;
	return true;
}

enum option_code { OPTION_ORPHANS = 256, OPTION_DELETED, OPTION_SORT, OPTION_WATCH };

/* Returns 0, 1 when help was all that was wanted, -EINVAL. */
static int parse_ls_arguments(struct ls *ls, int argc, char **argv)
{
	static const struct option options[] = {{"long", no_argument, NULL, 'l'},
		{"all", no_argument, NULL, 'a'}, {"orphans", no_argument, NULL, OPTION_ORPHANS},
		{"deleted", no_argument, NULL, OPTION_DELETED},
		{"sort", required_argument, NULL, OPTION_SORT},
		{"output", required_argument, NULL, 'o'}, {"bytes", no_argument, NULL, 'b'},
		{"json", no_argument, NULL, 'J'}, {"raw", no_argument, NULL, 'r'},
		{"noheadings", no_argument, NULL, 'n'},
		{"watch", optional_argument, NULL, OPTION_WATCH}, {"help", no_argument, NULL, 'h'},
		{NULL, 0, NULL, 0}};
	bool has_order = false, is_good = true;
	int option;

	while (is_good && (option = getopt_long(argc, argv, "lao:bJrnh", options, NULL)) != -1) {
		switch (option) {
		case 'l':
			ls->is_long = true;
			break;
		case 'a':
			ls->all = true;
			break;
		case OPTION_ORPHANS:
			ls->wish.only_orphans = true;
			break;
		case OPTION_DELETED:
			ls->wish.only_deleted = true;
			break;
		case OPTION_SORT:
			is_good = has_order = parse_order(optarg, &ls->wish.order);
			break;
		case 'o':
			ls->form.output = optarg;
			break;
		case 'b':
			ls->wish.exact = true;
			break;
		case 'J':
			ls->form.json = true;
			break;
		case 'r':
			ls->form.raw = true;
			break;
		case 'n':
			ls->form.no_headings = true;
			break;
		case OPTION_WATCH:
			is_good = parse_watch(optarg, &ls->watch);
			break;
		case 'h':
			print_usage();
			return 1;
		default:
			is_good = false;
		}
	}
	ls->wish.patterns = argv + optind;
	ls->wish.sums = ls->form.json || (!ls->form.raw && !ls->form.no_headings);
	if (ls->watch && !has_order)
		ls->wish.order = ORDER_USED;
	return is_good ? 0 : -EINVAL;
}

/* --- the sums -----------------------------------------------------------------------------------
 */

static const char *plural(size_t count)
{
	return count == 1 ? "" : "s";
}

static void print_sum(const char *where, const struct objects_sum *sum, const struct statvfs *space)
{
	const uint64_t size = (uint64_t)space->f_blocks * space->f_frsize,
		       used = size - (uint64_t)space->f_bfree * space->f_frsize;
	char text[4][TEXT_SHORT];

	printf("%s%s%zu object%s, %s; %zu not held, %s; %zu without a name, %s", where,
		*where ? ": " : "", sum->objects, plural(sum->objects),
		text_size(sum->used, false, text[0]), sum->free,
		text_size(sum->used_by_free, false, text[1]), sum->deleted,
		text_size(sum->used_by_deleted, false, text[2]));
	if (size)
		printf("; %s of %s used (%.0f %%)", text_size(used, false, text[3]),
			text_size(size, false, text[0]), 100.0 * (double)used / (double)size);
	printf("\n");
}

static bool add_to_sum(struct json_object *to, const char *name, uint64_t value)
{
	return json_object_object_add(to, name, json_object_new_uint64(value)) == 0;
}

static struct json_object *sum_json(
	const char *where, const struct objects_sum *sum, const struct statvfs *space)
{
	const uint64_t size = (uint64_t)space->f_blocks * space->f_frsize;
	struct json_object *object = json_object_new_object();

	if (object && json_object_object_add(object, "shm", json_object_new_string(where)) == 0 &&
		add_to_sum(object, "objects", sum->objects) &&
		add_to_sum(object, "held", sum->held) && add_to_sum(object, "free", sum->free) &&
		add_to_sum(object, "deleted", sum->deleted) &&
		add_to_sum(object, "used", sum->used) &&
		add_to_sum(object, "used-by-free", sum->used_by_free) &&
		add_to_sum(object, "used-by-deleted", sum->used_by_deleted) &&
		add_to_sum(object, "size", size) &&
		add_to_sum(object, "available", (uint64_t)space->f_bavail * space->f_frsize))
		return object;
	json_object_put(object);
	return NULL;
}

/* --- one list -----------------------------------------------------------------------------------
 */

struct part {
	struct table *table;
	struct json_object *sums;
	struct {
		char where[UNIT_SIZE];
		struct objects_sum sum;
		struct statvfs space;
	} * parts;
	size_t count;
	size_t unopened; /* of other namespaces */
};

static int add_part(
	struct part *part, const struct ls *ls, struct survey *survey, const char *where)
{
	struct objects_sum sum = {.objects = 0};
	struct statvfs space = {.f_blocks = 0};
	void *grown;
	int r = objects_add(part->table, survey, &ls->wish, where, &sum);

	if (r < 0)
		return r;
	fstatvfs(survey->dir, &space);
	grown = reallocarray(part->parts, part->count + 1, sizeof(*part->parts));
	if (!grown)
		return -ENOMEM;
	part->parts = grown;
	snprintf(part->parts[part->count].where, UNIT_SIZE, "%s", where);
	part->parts[part->count].sum = sum;
	part->parts[part->count++].space = space;
	return 0;
}

/* Is an earlier mount of the same file system one of those that count? */
static bool is_repeated(const struct survey *survey, size_t number, dev_t own)
{
	const struct shmfs_mounts *mounts = survey->holders.mounts;
	const struct shmfs_mount *mount = shmfs_mounts_at(mounts, number), *earlier;

	if (mount->kind != SHMFS_MOUNT_TMPFS || strcmp(mount->point, SURVEY_SHM) != 0 ||
		mount->dev == own)
		return true;
	for (size_t i = 0; i < number; i++) {
		earlier = shmfs_mounts_at(mounts, i);
		if (earlier->dev == mount->dev && strcmp(earlier->point, SURVEY_SHM) == 0)
			return true;
	}
	return false;
}

static int add_foreign(struct part *part, const struct ls *ls, struct survey *survey)
{
	const struct shmfs_mount *mount;
	const dev_t own = survey->dev;
	int r = 0;

	for (size_t i = 0; r == 0 && (mount = shmfs_mounts_at(survey->holders.mounts, i)); i++) {
		char where[UNIT_SIZE];
		int dir;

		if (is_repeated(survey, i, own))
			continue;
		dir = foreign_open_shm(mount->pid, mount->dev);
		if (dir < 0 || survey_move(survey, dir) < 0) {
			part->unopened++;
			continue;
		}
		if (!*holder_unit(mount->pid, where, sizeof(where)))
			snprintf(where, sizeof(where), "mnt:[%llu]",
				(unsigned long long)mount->space);
		r = add_part(part, ls, survey, where);
	}
	return r;
}

static int print_end(struct part *part, const struct ls *ls, const struct survey *survey)
{
	struct json_object *sums;
	int r;

	if (!ls->form.json) {
		r = table_print(part->table);
		if (!ls->wish.sums)
			return r;
		for (size_t i = 0; i < part->count; i++)
			print_sum(part->count > 1 ? part->parts[i].where : "", &part->parts[i].sum,
				&part->parts[i].space);
		survey_print_unseen(survey, stdout);
		if (part->unopened)
			printf("not seen: /dev/shm of %zu other mount namespace%s\n",
				part->unopened, plural(part->unopened));
		return r;
	}
	sums = json_object_new_array();
	for (size_t i = 0; sums && i < part->count; i++)
		json_object_array_add(sums,
			sum_json(part->parts[i].where, &part->parts[i].sum, &part->parts[i].space));
	r = table_member(part->table, "shm", sums);
	if (r == 0)
		r = table_member(part->table, "unseen", survey_unseen_json(survey));
	return r < 0 ? r : table_print(part->table);
}

static int list_survey(const struct ls *ls, struct survey *survey)
{
	struct part part = {.table = NULL};
	int r = table_new(object_columns, object_column_count,
		ls->all ? (ls->is_long ? "SHM," OBJECT_COLUMNS_LONG : "SHM," OBJECT_COLUMNS_USUAL)
			: (ls->is_long ? OBJECT_COLUMNS_LONG : OBJECT_COLUMNS_USUAL),
		"objects", &ls->form, &part.table);

	if (r == 0)
		r = add_part(&part, ls, survey, SURVEY_SHM);
	if (r == 0 && ls->all)
		r = add_foreign(&part, ls, survey);
	if (r == 0)
		r = print_end(&part, ls, survey);
	table_free(part.table);
	free(part.parts);
	return r;
}

static int list_once(const struct ls *ls)
{
	struct survey survey;
	int r = survey_take("ls", &survey);

	if (r < 0)
		return r;
	r = list_survey(ls, &survey);
	survey_free(&survey);
	if (r < 0 && r != -EINVAL)
		fprintf(stderr, "shmfs ls: %s\n", strerror(-r));
	return r;
}

/* --- again and again ----------------------------------------------------------------------------
 */

static int list_again(struct ls *ls)
{
	const bool is_terminal = isatty(STDOUT_FILENO) && !ls->form.json;
	int r = 0;

	while (r == 0) {
		struct winsize size;

		if (is_terminal && ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0)
			ls->wish.limit = size.ws_row > ROWS_BESIDE ? size.ws_row - ROWS_BESIDE : 1;
		if (is_terminal)
			fputs("\033[H\033[J", stdout);
		r = list_once(ls);
		sleep(ls->watch);
	}
	return r;
}

static int run_ls(void *arg)
{
	struct ls *ls = arg;
	const int r = ls->watch ? list_again(ls) : list_once(ls);

	return r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}

int ls_main(int argc, char **argv)
{
	struct ls ls = {.watch = 0};
	int r = parse_ls_arguments(&ls, argc, argv);

	if (r == 1)
		return EXIT_SUCCESS;
	if (r < 0)
		return EXIT_FAILURE;
	setlocale(LC_CTYPE, "");
	return detached_run(run_ls, &ls);
}

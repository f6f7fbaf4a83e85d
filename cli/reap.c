/* SPDX-License-Identifier: MIT */
#include "reap.h"

#include "detached.h"
#include "reap_report.h"
#include "reap_rules.h"
#include "text.h"
#include "verb.h"

#include <errno.h>
#include <getopt.h>
#include <locale.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>

#define OLDER_THAN 60 /* seconds, unless told */

/* Exit statuses. */
enum { SOMETHING_REMOVED = 0, NOTHING_TO_REMOVE = 1, KEPT_IN_DOUBT = 2, FAILURE = 3 };

struct reap {
	struct reap_rules rules;
	struct table_form form;
	bool dry_run, exact, all;
	char space[4096];
};

static void print_usage(void)
{
	printf("usage: shmfs reap [options]\n"
	       "\n"
	       "Removes the shared memory objects in /dev/shm that no process holds, and empty\n"
	       "namespaces in which no program runs. The exit status is 0 when it removed any,\n"
	       "1 when there was nothing to remove, 2 when an object was kept because it cannot\n"
	       "be told whether it is held, and 3 when a removal failed.\n"
	       "\n"
	       "      --older-than TIME  only without a sign of life for 90s, 5m, 1h, 2d (1m)\n"
	       "      --user USER        only objects of this user\n"
	       "      --name GLOB        only with such a name; with a slash: such a path\n"
	       "      --namespace NAME   only in this directory\n"
	       "      --semaphores       semaphores and locks, too\n"
	       "      --dry-run          remove nothing, list the objects that would be removed\n"
	       "  -v, --verbose          list kept objects, too\n"
	       "  -o, --output COLUMNS   these columns; +COLUMNS: these too\n"
	       "  -b, --bytes            sizes in bytes\n"
	       "  -J, --json             JSON\n"
	       "  -r, --raw              columns separated by one space, names escaped\n"
	       "  -n, --noheadings       no headings and no sum\n"
	       "  -h, --help             this text\n");
	reap_print_columns();
}

static bool parse_user(const char *text, uid_t *ret_uid)
{
	const struct passwd *user = getpwnam(text);
	char *end;
	unsigned long number;

	if (user) {
		*ret_uid = user->pw_uid;
		return true;
	}
	errno = 0;
	number = strtoul(text, &end, 10);
	if (*text < '0' || *text > '9' || *end || errno || number >= (uid_t)-1) {
		verb_misused("reap", "there is no user %s", text);
		return false;
	}
	*ret_uid = (uid_t)number;
	return true;
}

static bool parse_age(const char *text, double *ret_seconds)
{
	if (text_parse_duration(text, ret_seconds))
		return true;
	verb_misused("reap", "%s is no time such as 90s, 5m, 1h, 2d", text);
	return false;
}

/* Slashes at the ends mean nothing. */
static bool parse_space(struct reap *reap, const char *text)
{
	size_t length;

	while (*text == '/')
		text++;
	length = strlen(text);
	while (length > 0 && text[length - 1] == '/')
		length--;
	if (length == 0 || length >= sizeof(reap->space)) {
		verb_misused("reap", "--namespace takes the name of a directory in /dev/shm");
		return false;
	}
	memcpy(reap->space, text, length);
	reap->space[length] = '\0';
	reap->rules.space = reap->space;
	return true;
}

enum option_code {
	OPTION_OLDER = 256,
	OPTION_USER,
	OPTION_NAME,
	OPTION_NAMESPACE,
	OPTION_SEMAPHORES,
	OPTION_DRY_RUN,
};

static bool take_option(struct reap *reap, int option)
{
	switch (option) {
	case OPTION_OLDER:
		return parse_age(optarg, &reap->rules.older_than);
	case OPTION_USER:
		reap->rules.has_user = true;
		return parse_user(optarg, &reap->rules.user);
	case OPTION_NAME:
		reap->rules.glob = optarg;
		return true;
	case OPTION_NAMESPACE:
		return parse_space(reap, optarg);
	case OPTION_SEMAPHORES:
		return reap->rules.semaphores = true;
	case OPTION_DRY_RUN:
		return reap->dry_run = true;
	case 'v':
		return reap->all = true;
	case 'o':
		reap->form.output = optarg;
		return true;
	case 'b':
		return reap->exact = true;
	case 'J':
		return reap->form.json = true;
	case 'r':
		return reap->form.raw = true;
	case 'n':
		return reap->form.no_headings = true;
	default:
		return false;
	}
}

/* Returns 0, 1 when help was all that was wanted, -EINVAL. */
static int parse_reap_arguments(struct reap *reap, int argc, char **argv)
{
	static const struct option options[] = {
		{"older-than", required_argument, NULL, OPTION_OLDER},
		{"user", required_argument, NULL, OPTION_USER},
		{"name", required_argument, NULL, OPTION_NAME},
		{"namespace", required_argument, NULL, OPTION_NAMESPACE},
		{"semaphores", no_argument, NULL, OPTION_SEMAPHORES},
		{"dry-run", no_argument, NULL, OPTION_DRY_RUN}, {"verbose", no_argument, NULL, 'v'},
		{"output", required_argument, NULL, 'o'}, {"bytes", no_argument, NULL, 'b'},
		{"json", no_argument, NULL, 'J'}, {"raw", no_argument, NULL, 'r'},
		{"noheadings", no_argument, NULL, 'n'}, {"help", no_argument, NULL, 'h'},
		{NULL, 0, NULL, 0}};
	int option;

	while ((option = getopt_long(argc, argv, "vo:bJrnh", options, NULL)) != -1) {
		if (option == 'h') {
			print_usage();
			return 1;
		}
		if (!take_option(reap, option))
			return -EINVAL;
	}
	if (optind == argc)
		return reap_can_print(&reap->form) ? 0 : -EINVAL;
	verb_misused("reap", "%s is no option; use --name for names", argv[optind]);
	return -EINVAL;
}

/* Nothing is renamed or removed: the kernel is only asked. */
static enum reap_verdict judge_dry(
	const struct survey *survey, const struct shmfs_listing_entry *entry)
{
	if (S_ISDIR(entry->mode))
		return REAP_WOULD_GO;
	switch (survey_status(survey, entry)) {
	case SURVEY_HELD:
		return REAP_KEPT_HELD;
	case SURVEY_FREE:
		return REAP_WOULD_GO;
	default:
		return REAP_DOUBT;
	}
}

static int judge_all(const struct reap *reap, const struct survey *survey, struct reap_item *items)
{
	struct reap_users *users;
	int r = reap_users_read(&users);

	if (r < 0)
		return r;
	for (size_t i = 0; i < survey->listing.count; i++) {
		const struct shmfs_listing_entry *entry = &survey->listing.entries[i];

		items[i] = (struct reap_item){
			.entry = entry, .verdict = reap_judge(&reap->rules, survey, users, entry)};
		if (items[i].verdict == REAP_MAY_GO && reap->dry_run)
			items[i].verdict = judge_dry(survey, entry);
	}
	reap_users_free(users);
	return 0;
}

static int status_of(const struct reap_sum *sum)
{
	if (sum->failed)
		return FAILURE;
	if (sum->doubt)
		return KEPT_IN_DOUBT;
	return sum->removed ? SOMETHING_REMOVED : NOTHING_TO_REMOVE;
}

/* Returns the exit status, or -errno. */
static int reap_survey(const struct reap *reap, const struct survey *survey)
{
	const size_t count = survey->listing.count;
	struct reap_item *items = calloc(count + 1, sizeof(*items));
	struct reap_sum sum = {.removed = 0};
	int r = items ? judge_all(reap, survey, items) : -ENOMEM;

	if (r == 0)
		r = reap_remove(survey, reap->rules.older_than, items, count);
	for (size_t i = 0; r == 0 && i < count; i++)
		reap_count(&sum, &items[i]);
	if (items && !reap->dry_run)
		reap_log(survey, items, count);
	if (r == 0)
		r = reap_print(survey, &reap->form, reap->exact, reap->all, items, count, &sum);
	free(items);
	return r < 0 ? r : status_of(&sum);
}

static int run_reap(void *arg)
{
	const struct reap *reap = arg;
	struct survey survey;
	int r;

	if (survey_take("reap", &survey) < 0)
		return FAILURE;
	r = reap_survey(reap, &survey);
	survey_free(&survey);
	if (r < 0 && r != -EINVAL)
		fprintf(stderr, "shmfs reap: %s\n", strerror(-r));
	return r < 0 ? FAILURE : r;
}

int reap_main(int argc, char **argv)
{
	struct reap reap = {.rules = {.older_than = OLDER_THAN}};
	const int r = parse_reap_arguments(&reap, argc, argv);

	if (r != 0)
		return r == 1 ? EXIT_SUCCESS : FAILURE;
	setlocale(LC_CTYPE, "");
	return detached_run(run_reap, &reap);
}

/* SPDX-License-Identifier: MIT */
#include "status_verb.h"

#include "mounts.h"
#include "status_ask.h"
#include "text.h"
#include "verb.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <json-c/json.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void print_usage(void)
{
	printf("usage: shmfs status [options] [MOUNTPOINT ...]\n"
	       "\n"
	       "Prints the state of a mount of shmfs and its daemon. Without MOUNTPOINT: all\n"
	       "mounts of shmfs; mounts of other users are named, but not asked.\n"
	       "\n"
	       "  -J, --json  JSON\n"
	       "  -h, --help  this text\n");
}

/* --- JSON ---------------------------------------------------------------------------------------
 */

static void add_text(struct json_object *to, const char *name, const char *text)
{
	char safe[TEXT_SIZE];

	json_object_object_add(
		to, name, json_object_new_string(text_safe(text, safe, sizeof(safe))));
}

/* "1000 1001" becomes [1000, 1001], "none" becomes []. */
static void add_users(struct json_object *to, const char *name, const char *text)
{
	struct json_object *users = json_object_new_array();
	unsigned uid;
	int length;

	for (; sscanf(text, "%u%n", &uid, &length) == 1; text += length)
		json_object_array_add(users, json_object_new_int64(uid));
	json_object_object_add(to, name, users);
}

/* "data path: passthrough" becomes "data-path": "passthrough". */
static void add_fact(struct json_object *to, char *line)
{
	char *value = strstr(line, ": ");

	if (!value)
		return;
	*value = '\0';
	value += strlen(": ");
	for (char *at = line; *at; at++)
		*at = *at == ' ' ? '-' : (char)tolower((unsigned char)*at);
	if (strcmp(line, "users-above-their-share") == 0)
		add_users(to, line, value);
	else if (value[strspn(value, "0123456789")] == '\0')
		json_object_object_add(to, line, json_object_new_int64(strtoll(value, NULL, 10)));
	else
		add_text(to, line, value);
}

static void add_answer(struct json_object *to, struct status *status)
{
	char *save, version[64] = "", *line = strtok_r(status->text, "\n", &save);
	int pid = 0;

	if (line && sscanf(line, STATUS_MAGIC "%63[^,], pid %d", version, &pid) == 2) {
		add_text(to, "version", version);
		json_object_object_add(to, "pid", json_object_new_int(pid));
	}
	while ((line = strtok_r(NULL, "\n", &save)))
		add_fact(to, line);
}

static struct json_object *describe(
	const char *path, const uid_t *user, int result, struct status *status)
{
	struct json_object *object = json_object_new_object();

	add_text(object, "mountpoint", path);
	if (user) {
		json_object_object_add(object, "uid", json_object_new_int64(*user));
		add_text(object, "user", text_user(*user));
	}
	json_object_object_add(object, "answers", json_object_new_boolean(result == 0));
	if (result == 0)
		add_answer(object, status);
	else
		add_text(object, "error", status_error(result));
	return object;
}

/* --- one mount, or all --------------------------------------------------------------------------
 */

struct asking {
	struct json_object *mounts; /* NULL: for people */
	size_t count;
};

/* user: the mounter, if known. Returns the exit status. */
static int tell(struct asking *asking, const char *path, const uid_t *user)
{
	struct status status;
	int r;

	/* Another user's daemon may keep an asking process waiting. */
	r = user && *user != 0 && *user != geteuid() ? -EPERM : status_ask(path, &status);
	if (asking->mounts) {
		json_object_array_add(asking->mounts, describe(path, user, r, &status));
	} else {
		char safe[TEXT_SIZE];

		if (user)
			printf("%s%s, mounted by %s\n", asking->count ? "\n" : "",
				text_safe(path, safe, sizeof(safe)), text_user(*user));
		if (r == 0)
			fputs(status.text, stdout);
		else if (r == -EPERM && user)
			printf("not asked\n");
		else
			fprintf(stderr, "shmfs status: %s: %s\n", path, status_error(r));
	}
	asking->count++;
	return r < 0 && !(r == -EPERM && user) ? EXIT_FAILURE : EXIT_SUCCESS;
}

static int tell_mounts(struct asking *asking, const struct shmfs_mounts *mounts)
{
	const struct shmfs_mount *mount;
	int status = EXIT_SUCCESS;

	for (size_t i = 0; (mount = shmfs_mounts_at(mounts, i)); i++)
		if (mount->kind == SHMFS_MOUNT_VIEW &&
			tell(asking, mount->point, &mount->user) != EXIT_SUCCESS)
			status = EXIT_FAILURE;
	return status;
}

static int tell_all(struct asking *asking)
{
	const int self = open("/proc/self", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct shmfs_mounts *mounts = NULL;
	int status = EXIT_FAILURE, r = self < 0 ? -errno : shmfs_mounts_new(&mounts);
	uint64_t space;

	if (r == 0)
		r = shmfs_mounts_add(mounts, getpid(), self, false, &space);
	if (r == 0)
		status = tell_mounts(asking, mounts);
	else
		fprintf(stderr, "shmfs status: %s\n", strerror(-r));
	if (self >= 0)
		close(self);
	shmfs_mounts_free(mounts);
	if (r == 0 && asking->count == 0 && !asking->mounts)
		printf("no mount of shmfs\n");
	return status;
}

static void print_json(struct asking *asking)
{
	struct json_object *whole = json_object_new_object();

	json_object_object_add(whole, "mounts", asking->mounts);
	puts(json_object_to_json_string_ext(whole, JSON_C_TO_STRING_PRETTY |
							   JSON_C_TO_STRING_SPACED |
							   JSON_C_TO_STRING_NOSLASHESCAPE));
	json_object_put(whole);
}

int status_main(int argc, char **argv)
{
	static const struct option options[] = {{"json", no_argument, NULL, 'J'},
		{"help", no_argument, NULL, 'h'}, {NULL, 0, NULL, 0}};
	struct asking asking = {.mounts = NULL};
	bool wants_json = false;
	int option, status = EXIT_SUCCESS;

	while ((option = getopt_long(argc, argv, "Jh", options, NULL)) != -1) {
		if (option == 'h') {
			print_usage();
			return EXIT_SUCCESS;
		}
		if (option != 'J')
			return EXIT_FAILURE;
		wants_json = true;
	}
	if (wants_json)
		asking.mounts = json_object_new_array();
	if (optind == argc)
		status = tell_all(&asking);
	for (int i = optind; i < argc; i++)
		if (tell(&asking, argv[i], NULL) != EXIT_SUCCESS)
			status = EXIT_FAILURE;
	if (wants_json)
		print_json(&asking);
	return status;
}

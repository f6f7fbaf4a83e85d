/* SPDX-License-Identifier: MIT */
#include "survey.h"

#include "lease.h"
#include "progress.h"

#include <errno.h>
#include <fcntl.h>
#include <json-c/json.h>
#include <linux/magic.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statfs.h>
#include <unistd.h>

static int compare_paths(const void *a, const void *b)
{
	const struct shmfs_listing_entry *one = a, *other = b;

	return strcmp(one->path, other->path);
}

int survey_move(struct survey *survey, int dir)
{
	struct shmfs_listing listing;
	const int r = shmfs_listing_read(dir, &listing);

	if (survey->dir >= 0)
		close(survey->dir);
	survey->dir = dir;
	if (r < 0)
		return r;
	shmfs_listing_free(&survey->listing);
	survey->listing = listing;
	survey->dev = listing.dev;
	if (listing.count)
		qsort(listing.entries, listing.count, sizeof(*listing.entries), compare_paths);
	return 0;
}

static int open_shm(void)
{
	const int fd = open(SURVEY_SHM, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct statfs fs;

	if (fd < 0)
		return -errno;
	if (fstatfs(fd, &fs) == 0 && fs.f_type == TMPFS_MAGIC)
		return fd;
	close(fd);
	return -EMEDIUMTYPE;
}

static int take(struct survey *survey)
{
	struct progress progress;
	const int dir = open_shm();
	int r;

	if (dir < 0)
		return dir;
	/* It comes when somebody wants to open what this process has a lease on. */
	signal(SIGIO, SIG_IGN);
	clock_gettime(CLOCK_REALTIME, &survey->now);
	r = survey_move(survey, dir);
	if (r < 0)
		return r;
	progress_begin(&progress, "looking at processes");
	r = shmfs_holders_scan(survey->dev, progress_tell, &progress, &survey->holders);
	progress_end(&progress);
	return r;
}

int survey_take(const char *verb, struct survey *ret_survey)
{
	struct survey survey = {.dir = -1};
	const int r = take(&survey);

	if (r == 0) {
		*ret_survey = survey;
		return 0;
	}
	survey_free(&survey);
	fprintf(stderr, "shmfs %s: %s: %s\n", verb, SURVEY_SHM,
		r == -EMEDIUMTYPE ? "not a tmpfs" : strerror(-r));
	return r;
}

void survey_free(struct survey *survey)
{
	if (survey->dir >= 0)
		close(survey->dir);
	shmfs_listing_free(&survey->listing);
	shmfs_holders_free(&survey->holders);
	survey->dir = -1;
}

const struct shmfs_holder *survey_holders(
	const struct survey *survey, const struct shmfs_listing_entry *entry, size_t *ret_count)
{
	return shmfs_holders_of(&survey->holders, survey->dev, entry->ino, ret_count);
}

enum survey_status survey_status(
	const struct survey *survey, const struct shmfs_listing_entry *entry)
{
	size_t count;
	int fd;

	if (survey_holders(survey, entry, &count))
		return SURVEY_HELD;
	if (!shmfs_holders_has_blind_spot(&survey->holders))
		return SURVEY_FREE;
	fd = shmfs_lease_take(survey->dir, entry->path, entry->ino);
	if (fd < 0)
		return fd == -EBUSY ? SURVEY_HELD : SURVEY_UNKNOWN;
	close(fd);
	return SURVEY_FREE;
}

const struct shmfs_listing_entry *survey_find(const struct survey *survey, uint64_t ino)
{
	for (size_t i = 0; i < survey->listing.count; i++)
		if (survey->listing.entries[i].ino == ino &&
			!S_ISDIR(survey->listing.entries[i].mode))
			return &survey->listing.entries[i];
	return NULL;
}

void survey_print_unseen(const struct survey *survey, FILE *out)
{
	const struct shmfs_unseen *unseen = &survey->holders.unseen;
	const char *comma = "";

	if (!shmfs_holders_has_blind_spot(&survey->holders) && !survey->listing.unread)
		return;
	fprintf(out, "not seen: ");
	if (unseen->processes) {
		fprintf(out, "%zu process%s of other users", unseen->processes,
			unseen->processes == 1 ? "" : "es");
		comma = ", ";
	}
	if (unseen->hidden) {
		fprintf(out, "%sprocesses that /proc hides", comma);
		comma = ", ";
	}
	if (unseen->pid_namespace) {
		fprintf(out, "%sprocesses outside this PID namespace", comma);
		comma = ", ";
	}
	if (unseen->in_flight) {
		fprintf(out, "%s%zu descriptors on their way between processes", comma,
			unseen->in_flight);
		comma = ", ";
	}
	if (survey->listing.unread)
		fprintf(out, "%s%zu director%s that cannot be read", comma, survey->listing.unread,
			survey->listing.unread == 1 ? "y" : "ies");
	fprintf(out, "\n");
}

static int add(struct json_object *to, const char *name, struct json_object *value)
{
	return value && json_object_object_add(to, name, value) == 0 ? 0 : -ENOMEM;
}

struct json_object *survey_unseen_json(const struct survey *survey)
{
	const struct shmfs_unseen *unseen = &survey->holders.unseen;
	struct json_object *object = json_object_new_object();

	if (object &&
		(add(object, "processes", json_object_new_uint64(unseen->processes)) < 0 ||
			add(object, "in-flight", json_object_new_uint64(unseen->in_flight)) < 0 ||
			add(object, "pid-namespace",
				json_object_new_boolean(unseen->pid_namespace)) < 0 ||
			add(object, "hidden", json_object_new_boolean(unseen->hidden)) < 0 ||
			add(object, "directories", json_object_new_uint64(survey->listing.unread)) <
				0)) {
		json_object_put(object);
		return NULL;
	}
	return object;
}

/* SPDX-License-Identifier: MIT */
#include "survey.h"

#include "lease.h"
#include "progress.h"

#include <errno.h>
#include <fcntl.h>
#include <json-c/json.h>
#include <linux/magic.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
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

static int read_survey(struct survey *survey)
{
	struct progress progress;
	const int dir = open_shm();
	int r;

	if (dir < 0)
		return dir;
	/* It comes when a process wants to open an object on which this process has a lease. */
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
	const int r = read_survey(&survey);

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

/* --- the status of all --------------------------------------------------------------------------
 */

#define THREADS_MAX 4
#define SLICE 512 /* entries that a thread takes at once */

struct probe {
	const struct survey *survey;
	enum survey_status *statuses;
	atomic_size_t next; /* the first entry that no thread has taken */
};

/* Two leases of one object contradict each other: its names are probed one after another. */
static bool has_one_name(const struct shmfs_listing_entry *entry)
{
	return entry->links == 1 && !S_ISDIR(entry->mode);
}

static void probe_slices(struct probe *probe, struct progress *progress)
{
	const struct shmfs_listing *listing = &probe->survey->listing;
	size_t from;

	while ((from = atomic_fetch_add(&probe->next, SLICE)) < listing->count) {
		for (size_t i = from; i < listing->count && i < from + SLICE; i++)
			if (has_one_name(&listing->entries[i]))
				probe->statuses[i] =
					survey_status(probe->survey, &listing->entries[i]);
		if (progress)
			progress_tell(from, listing->count, progress);
	}
}

/* A table of descriptors of its own: threads that share one wait for each other. */
static void *run_probe_thread(void *arg)
{
	unshare(CLONE_FILES);
	probe_slices(arg, NULL);
	return NULL;
}

static size_t start_probe_threads(struct probe *probe, pthread_t threads[THREADS_MAX])
{
	const size_t slices = probe->survey->listing.count / SLICE;
	const long processors = sysconf(_SC_NPROCESSORS_ONLN);
	size_t wanted = processors > 1 ? (size_t)processors - 1 : 0, count = 0;

	if (!shmfs_holders_has_blind_spot(&probe->survey->holders))
		return 0; /* no lease is asked for */
	if (wanted > slices)
		wanted = slices;
	while (count < wanted && count < THREADS_MAX &&
		pthread_create(&threads[count], NULL, run_probe_thread, probe) == 0)
		count++;
	return count;
}

void survey_statuses(const struct survey *survey, enum survey_status *ret_statuses)
{
	const struct shmfs_listing *listing = &survey->listing;
	struct probe probe = {.survey = survey, .statuses = ret_statuses};
	pthread_t threads[THREADS_MAX];
	const size_t count = start_probe_threads(&probe, threads);
	struct progress progress;

	progress_begin(&progress, "looking at objects");
	probe_slices(&probe, &progress);
	for (size_t i = 0; i < count; i++)
		pthread_join(threads[i], NULL);
	for (size_t i = 0; i < listing->count; i++)
		if (listing->entries[i].links > 1 && !S_ISDIR(listing->entries[i].mode))
			ret_statuses[i] = survey_status(survey, &listing->entries[i]);
	progress_end(&progress);
}

/* --- results ------------------------------------------------------------------------------
 */

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

static int add_to_unseen(struct json_object *to, const char *name, struct json_object *value)
{
	return value && json_object_object_add(to, name, value) == 0 ? 0 : -ENOMEM;
}

struct json_object *survey_unseen_json(const struct survey *survey)
{
	const struct shmfs_unseen *unseen = &survey->holders.unseen;
	struct json_object *object = json_object_new_object();

	if (object && (add_to_unseen(object, "processes",
			       json_object_new_uint64(unseen->processes)) < 0 ||
			      add_to_unseen(object, "in-flight",
				      json_object_new_uint64(unseen->in_flight)) < 0 ||
			      add_to_unseen(object, "pid-namespace",
				      json_object_new_boolean(unseen->pid_namespace)) < 0 ||
			      add_to_unseen(object, "hidden",
				      json_object_new_boolean(unseen->hidden)) < 0 ||
			      add_to_unseen(object, "directories",
				      json_object_new_uint64(survey->listing.unread)) < 0)) {
		json_object_put(object);
		return NULL;
	}
	return object;
}

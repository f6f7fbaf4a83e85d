/* SPDX-License-Identifier: MIT */
#include "watch.h"

#include "verb.h"
#include "watch_priority.h"
#include "watch_tell.h"

#include <errno.h>
#include <getopt.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void print_usage(void)
{
	printf("usage: shmfs watch [options] [DIRECTORY ...]\n"
	       "\n"
	       "Prints a line when an object in /dev/shm is made, removed, renamed or linked,\n"
	       "and when its size, mode, owner or times change, with the process that did it: in\n"
	       "any mount namespace, or through a mount of shmfs. DIRECTORY: only in this\n"
	       "directory of /dev/shm. Needs root, and Linux 5.17.\n"
	       "\n"
	       "  -w, --writes   write(2), too, which leaves the size as it is\n"
	       "  -J, --json     a JSON object for each line\n"
	       "  -h, --help     this text\n");
}

/* Returns 0, 1 when help was all that was wanted, -EINVAL. */
static int parse_watch_arguments(struct watch *watch, int argc, char **argv)
{
	static const struct option options[] = {{"writes", no_argument, NULL, 'w'},
		{"json", no_argument, NULL, 'J'}, {"help", no_argument, NULL, 'h'},
		{NULL, 0, NULL, 0}};
	int option;

	while ((option = getopt_long(argc, argv, "wJh", options, NULL)) != -1) {
		switch (option) {
		case 'w':
			watch->writes = true;
			break;
		case 'J':
			watch->json = true;
			break;
		case 'h':
			print_usage();
			return 1;
		default:
			return -EINVAL;
		}
	}
	watch->spaces = argv + optind;
	return 0;
}

/* --- the loop -----------------------------------------------------------------------------------
 */

/* A mount of shmfs that shows this tmpfs, and that root has made: mounts of other users may never
 * answer. */
static bool is_door(const struct watch *watch, const struct shmfs_mount *mount)
{
	return mount->kind == SHMFS_MOUNT_VIEW && mount->user == 0 &&
	       mount->space == watch->survey.holders.space && mount->shows == watch->survey.dev;
}

static int open_sources(struct watch *watch)
{
	const struct shmfs_mount *mount;
	int r = watch_source_open(&watch->sources[0], &watch->survey, NULL, watch->actors);

	if (r < 0)
		return r;
	watch->source_count = 1;
	for (size_t i = 0; (mount = shmfs_mounts_at(watch->survey.holders.mounts, i)) &&
			   watch->source_count < WATCH_DOORS_MAX;
		i++)
		if (is_door(watch, mount) && watch_source_open(&watch->sources[watch->source_count],
						     &watch->survey, mount, watch->actors) == 0)
			watch->source_count++;
	return watch_known_new(&watch->survey.listing, &watch->known);
}

/* While standard output takes nothing any more, events wait in the kernel. */
static int wait_for_events(struct watch *watch)
{
	struct pollfd polled[WATCH_DOORS_MAX + 1] = {
		{.fd = watch_output_waits(&watch->output) ? STDOUT_FILENO : -1, .events = POLLOUT}};
	const size_t sources = watch_output_is_full(&watch->output) ? 0 : watch->source_count;

	for (size_t i = 0; i < sources; i++)
		polled[i + 1] = (struct pollfd){.fd = watch->sources[i].fd, .events = POLLIN};
	return poll(polled, sources + 1, -1) < 0 && errno != EINTR ? -errno : 0;
}

/* The processes of all events come first, because they may be about to end. The events of the tmpfs
 * come last: a directory that a view tells from now on has been told there until now. */
static int tell_all(struct watch *watch)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < watch->source_count; i++)
		r = watch_source_fill(&watch->sources[i]);
	for (size_t i = watch->source_count; r == 0 && i-- > 0;)
		r = watch_tell_all(watch, &watch->sources[i]);
	for (size_t i = 1; i < watch->source_count; i++)
		watch_source_settle(&watch->sources[i]);
	return r;
}

static int watch_all(struct watch *watch)
{
	struct watch_priority priority = {.is_real_time = false};
	int r = 0;

	for (size_t i = 1; i < watch->source_count; i++)
		watch_source_settle(&watch->sources[i]);
	fprintf(stderr, "shmfs watch: watching %s\n", SURVEY_SHM);
	while (r == 0) {
		watch_priority_adjust(&priority);
		r = wait_for_events(watch);
		if (r == 0 && watch_output_is_full(&watch->output))
			r = watch_output_write(&watch->output);
		else if (r == 0)
			r = tell_all(watch);
	}
	return r;
}

int watch_main(int argc, char **argv)
{
	struct watch watch = {.json = false};
	int r = parse_watch_arguments(&watch, argc, argv);

	if (r != 0)
		return r == 1 ? EXIT_SUCCESS : EXIT_FAILURE;
	if (survey_take("watch", &watch.survey) < 0)
		return EXIT_FAILURE;
	r = watch_output_open(&watch.output);
	if (r == 0)
		r = watch_actors_new(&watch.actors);
	if (r == 0)
		r = open_sources(&watch);
	if (r == 0)
		r = watch_all(&watch);
	if (r == -EPERM)
		fprintf(stderr, "shmfs watch: only root can watch the processes of all users\n");
	else
		fprintf(stderr, "shmfs watch: %s\n",
			r == -EINVAL ? "needs Linux 5.17" : strerror(-r));
	for (size_t i = 0; i < watch.source_count; i++)
		watch_source_close(&watch.sources[i]);
	watch_known_free(watch.known);
	watch_actors_free(watch.actors);
	watch_output_close(&watch.output);
	survey_free(&watch.survey);
	return EXIT_FAILURE;
}

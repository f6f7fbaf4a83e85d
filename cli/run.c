/* SPDX-License-Identifier: MIT */
#include "run.h"

#include "run_enter.h"
#include "run_front.h"
#include "run_guard.h"
#include "run_left.h"
#include "run_lock.h"
#include "run_program.h"
#include "run_remove.h"
#include "run_say.h"
#include "run_share.h"
#include "run_use.h"
#include "run_wire.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* The lock's descriptor is kept out of the way of those that programs open and expect. */
#define LOCK_FD 200

/* How often a namespace may be removed just when it was opened. */
#define ATTEMPTS_MAX 1000

/* How often a guard that holds something is looked for while other programs run. */
#define PLACE_ATTEMPTS 20

/* Descriptors that are opened from here on must not become standard streams. */
static void fill_standard_streams(void)
{
	int fd;

	do
		fd = open("/dev/null", O_RDWR);
	while (fd >= 0 && fd <= STDERR_FILENO);
	if (fd >= 0)
		close(fd);
}

/* --- the namespace ---------------------------------------------------------------------------- */

static int refuse(const struct run *run, const char *what)
{
	return run_use_refuse(run->options.name, run_use_find(&run->directory), what);
}

/* Other starts may be at this point, too, so that none of them is alone. One of them will be. */
static int refuse_or_try_again(const struct run *run, const char *what)
{
	const struct timespec moment = {.tv_nsec = 1000000 * (run->attempts + getpid() % 5)};

	if (run->attempts >= PLACE_ATTEMPTS)
		return refuse(run, what);
	nanosleep(&moment, NULL);
	return RUN_AGAIN;
}

static int check_place(const struct run *run)
{
	const struct run_options *options = &run->options;

	if (options->size > 0 && !run->place.has_tmpfs)
		return refuse_or_try_again(run, ", which has no --size");
	if (options->ipc && !run->place.has_ipc)
		return refuse_or_try_again(run, ", which has no --ipc");
	if (options->share_count > 0 && run->place.has_tmpfs)
		return run_say("%s: has a tmpfs of its own (--size), so nothing can be shared",
			options->name);
	return 0;
}

static int empty_namespace(const struct run *run)
{
	struct run_removal removal;
	pid_t pid = run_use_find(&run->directory);

	if (pid == 0)
		pid = run_use_find_holder(&run->directory);
	if (pid < 0)
		return run_say("%s: cannot tell whether its objects are held: %s",
			run->options.name, strerror(-pid));
	if (pid > 0)
		return run_use_refuse(run->options.name, pid, "");
	run_remove_contents(run->directory.fd, &removal);
	if (removal.error != 0)
		return run_say("%s/%s: cannot empty the namespace: %s: %s", run->base,
			run->options.name, removal.name, strerror(-removal.error));
	return 0;
}

static bool has_entries(const struct run *run)
{
	struct run_objects objects;
	bool found;

	found = run_objects_list(&objects, run->directory.fd) < 0 || objects.count > 0;
	run_objects_free(&objects);
	return found;
}

static int prepare_namespace(struct run *run)
{
	const struct run_options *options = &run->options;
	int r = 0;

	run->place = RUN_PLACE_NONE;
	if (!run->alone) {
		if (options->fresh)
			return refuse(run, "");
		run_place_find(&run->place, &run->directory);
		r = check_place(run);
	} else if (options->fresh && !run->directory.is_new) {
		r = empty_namespace(run);
	} else if (options->size > 0 && has_entries(run)) {
		r = run_say("%s: has objects, which a tmpfs would hide (--fresh removes them)",
			options->name);
	}
	return r == 0 ? run_share_link_all(options, &run->directory) : r;
}

static int open_directory(struct run *run)
{
	struct run_options *options = &run->options;

	if (!options->unique)
		return run_directory_open(
			&run->directory, run->base, options->name, options->shared);
	free(options->name);
	return run_directory_open_unique(
		&run->directory, run->base, options->program[0], options->shared, &options->name);
}

/* Opens and locks the namespace. RUN_AGAIN: it was removed just then. */
static int open_namespace(struct run *run)
{
	int r = open_directory(run);

	if (r != 0)
		return r;
	r = run_lock_take(run->directory.fd);
	if (r == -ETIMEDOUT)
		return refuse(run, ", which has locked it for too long");
	if (r < 0)
		return run_say(
			"%s/%s: cannot lock it: %s", run->base, run->options.name, strerror(-r));
	run->alone = r == 1;
	return run_directory_is_linked(&run->directory) ? prepare_namespace(run) : RUN_AGAIN;
}

static void close_namespace(struct run *run)
{
	run_directory_close(&run->directory);
	run_place_close(&run->place);
}

/* --- the program ------------------------------------------------------------------------------ */

int run_enter(struct run *run)
{
	const struct run_options *options = &run->options;
	const struct run_place *place = &run->place;
	int tree, r = place->guard >= 0 ? run_place_join(place) : 0;

	if (r == 0)
		r = run_enter_new(CLONE_NEWNS);
	if (r == 0 && options->tmp)
		r = run_enter_tmp(options->tmp);
	if (r != 0)
		return r;
	if (options->ipc || place->has_ipc)
		run_enter_queues();
	if (place->has_tmpfs) {
		tree = run_place_clone_tmpfs(place);
		if (tree < 0)
			return run_say("cannot join the tmpfs of process %d: %s", place->pid,
				strerror(-tree));
		r = run_enter_tree(tree);
		return r == 0 && options->size > 0 ? run_enter_check_size(options->size) : r;
	}
	/* The guard's tmpfs has come along into the copy of its mount namespace. */
	return options->size > 0 ? 0
				 : run_enter_directory(&run->directory, run->base, options->name);
}

/* The lock of a program without a guard is a descriptor of its own /dev/shm, which leads nowhere
   else. */
static int keep_lock(void)
{
	const int fd = open(RUN_OBJECTS, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	const int r = fd < 0 ? -errno : run_lock_share(fd);

	if (r < 0)
		return run_say("cannot lock the namespace: %s", strerror(-r));
	if (fcntl(fd, F_DUPFD, LOCK_FD) < 0 && fcntl(fd, F_DUPFD, STDERR_FILENO + 1) < 0)
		return run_say("cannot keep the lock: %s", strerror(errno));
	return 0;
}

/* Where nothing remains to be done afterwards, this process becomes the program. */
static int become_program(struct run *run)
{
	int r = run->alone ? run_lock_share(run->directory.fd) : 0;

	if (r < 0)
		return run_say("cannot lock the namespace: %s", strerror(-r));
	if (run->alone && !run_directory_is_linked(&run->directory))
		return RUN_AGAIN;
	r = run_enter(run);
	if (r == 0)
		r = keep_lock();
	if (r != 0)
		return r;
	run_front_unblock(run);
	return run_program_exec(run->options.program);
}

static int open_report(const struct run *run)
{
	const char *path = run->options.report;

	return path ? open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666) : -1;
}

static int guard_program(struct run *run)
{
	const int report = open_report(run);
	int ends[2], status, r = run_wire_pair(ends);
	pid_t guard;

	if (run->options.report && report < 0)
		return run_say("%s: %s", run->options.report, strerror(errno));
	if (r < 0)
		return run_say("cannot make a socket: %s", strerror(-r));
	guard = fork();
	if (guard < 0)
		return run_say("cannot start a process: %s", strerror(errno));
	if (guard == 0) {
		close(ends[0]);
		run_guard_live(run, ends[1], report);
		_exit(0);
	}
	close(ends[1]);
	close_namespace(run); /* the lock is the guard's alone */
	status = run_front_wait(ends[0], guard);
	close(ends[0]);
	if (report >= 0)
		close(report);
	return status;
}

static int start(struct run *run)
{
	int r = open_namespace(run);

	if (r != 0)
		return r;
	if (run->options.verbose)
		fprintf(stderr, "shmfs run: namespace %s\n", run->options.name);
	if (!run_guard_is_needed(run))
		return become_program(run);
	run_front_block(run);
	return guard_program(run);
}

static int run_program(struct run *run)
{
	int r = RUN_AGAIN;

	run->base = run->options.base ? run->options.base : RUN_OBJECTS;
	if (run_guard_is_needed(run))
		run_front_block(run);
	for (; r == RUN_AGAIN && run->attempts < ATTEMPTS_MAX; run->attempts++) {
		close_namespace(run);
		r = start(run);
	}
	if (r == RUN_AGAIN)
		return run_say("%s: other processes keep removing it", run->options.name);
	return r;
}

int run_main(int argc, char **argv)
{
	struct run run = {
		.directory = {.base = -1, .parent = -1, .fd = -1}, .place = RUN_PLACE_NONE};
	int status = RUN_FAILED;

	fill_standard_streams();
	switch (run_options_parse(&run.options, argc, argv)) {
	case RUN_OPTIONS_HELP:
		run_options_print_help();
		status = EXIT_SUCCESS;
		break;
	case RUN_OPTIONS_WRONG:
		break;
	case RUN_OPTIONS_RUN:
		status = run_program(&run);
		break;
	}
	run_options_free(&run.options);
	return status;
}

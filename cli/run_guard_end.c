/* SPDX-License-Identifier: MIT */
/* The guard's work when the program, and when all its descendants have ended. */
#include "run_guard_private.h"

#include "kernel.h"
#include "run_inhabitant.h"
#include "run_lock.h"
#include "run_remove.h"
#include "run_say.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

static void tell_outcome(struct guard *guard, bool stays)
{
	const struct run_outcome *outcome = &guard->outcome;
	const bool killed = outcome->signal != 0;

	if (!guard->told)
		run_wire_send(
			guard->front, &(struct run_wire_message){
					      .kind = killed ? RUN_WIRE_KILLED : RUN_WIRE_EXITED,
					      .value = killed ? outcome->signal : outcome->status,
					      .stays = stays,
					      .fds = {-1, -1}});
	guard->told = true;
}

static void write_report(const struct guard *guard, const struct run_objects *left)
{
	const struct run_options *options = &guard->run->options;
	FILE *out = guard->report >= 0 ? fdopen(guard->report, "w") : stderr;

	if (left && left->count > 0 && (!options->json || guard->report >= 0))
		run_report_list(stderr, options->name, left);
	if (!out || !options->json)
		return;
	run_report_json(out, options->name, &guard->outcome, left);
	if (fflush(out) != 0)
		run_say("%s: %s", options->report ? options->report : "stderr", strerror(errno));
}

void run_guard_check(struct guard *guard)
{
	struct run_objects left = {0};
	const bool checks = guard->run->options.check && guard->objects >= 0;
	int r = 0;

	if (checks) {
		r = run_objects_list(&left, guard->objects);
		run_objects_subtract(&left, &guard->before);
	}
	if (r < 0)
		run_say("cannot list the objects that are left: %s", strerror(-r));
	write_report(guard, checks ? &left : NULL);
	if (r < 0 || left.count > 0)
		guard->outcome = (struct run_outcome){.status = r < 0 ? RUN_FAILED : RUN_LEFT};
	run_objects_free(&left);
}

static void remove_namespace(struct guard *guard)
{
	const struct run *run = guard->run;
	struct run_removal removal;

	run_remove_directory(&run->directory, &removal);
	if (removal.error == 0 || guard->told)
		return;
	run_say("%s/%s: cannot remove the namespace: %s: %s", run->base, run->options.name,
		removal.name, strerror(-removal.error));
	if (guard->outcome.signal == 0 && guard->outcome.status == 0)
		guard->outcome.status = RUN_FAILED;
}

static void be_silent(void)
{
	const int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	if (null >= 0)
		dup2(null, STDERR_FILENO);
	close(null);
}

static void wait_for_end(pid_t pid)
{
	struct pollfd end = {.fd = kernel_open_process(pid), .events = POLLIN};

	if (end.fd < 0)
		return;
	while (poll(&end, 1, -1) < 0 && errno == EINTR)
		;
	close(end.fd);
}

/*
 * Returns true with the lock held alone, and no program in the namespace; or false. A process that
 * closed all its descriptors has no lock, and is found by its mounts only.
 */
static bool wait_for_others(const struct run_directory *directory)
{
	for (;;) {
		pid_t pid;

		if (run_lock_wait_alone(directory->fd) < 0)
			return false;
		pid = run_inhabitant_find(directory);
		if (pid == 0)
			return true;
		run_lock_share(directory->fd);
		wait_for_end(pid);
	}
}

static bool waits_to_remove(const struct run_lock *lock)
{
	return lock->waits && lock->pid != getpid() && run_place_removes(lock->pid);
}

/* Other programs run in the namespace: one guard that waits for their end is enough. */
static void outlive_others(struct guard *guard)
{
	const struct run *run = guard->run;
	const struct run_directory *directory = &run->directory;

	tell_outcome(guard, true);
	be_silent();
	if (!run_guard_holds_tmpfs(run) && !run_guard_holds_ipc(run) &&
		run_lock_find(directory->st.st_dev, directory->st.st_ino, waits_to_remove))
		return;
	if (wait_for_others(directory) && run->options.remove)
		remove_namespace(guard);
}

void run_guard_finish(struct guard *guard)
{
	const struct run *run = guard->run;
	const bool lasts = run->options.remove || run_guard_holds_ipc(run);

	if (lasts && (run_lock_alone(run->directory.fd) < 0 ||
			     (!run->directory.is_new && run_inhabitant_find(&run->directory) != 0)))
		outlive_others(guard);
	else if (run->options.remove)
		remove_namespace(guard);
	tell_outcome(guard, false);
}

void run_guard_release_front(struct guard *guard)
{
	run_guard_check(guard);
	tell_outcome(guard, true);
	be_silent();
}

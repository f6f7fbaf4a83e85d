/* SPDX-License-Identifier: MIT */
/* How the guard starts the program. */
#include "run_guard_private.h"

#include "kernel.h"
#include "run_front.h"
#include "run_program.h"
#include "run_reserve.h"
#include "run_say.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

/* The guard's part inside the namespaces. It answers when all is prepared. */
static int show_inside(const struct run *run, int end)
{
	struct run_wire_message message = {.kind = RUN_WIRE_INSIDE, .fds = {-1, -1}};
	int r = 0;

	message.fds[0] = open(RUN_OBJECTS, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (message.fds[0] < 0)
		return run_say("%s: %s", RUN_OBJECTS, strerror(errno));
	if (run->options.reserve) {
		message.fds[1] = run_reserve_install();
		if (message.fds[1] == -EBUSY)
			return run_say("--reserve: another --reserve, or a container, is around "
				       "this program already");
		if (message.fds[1] < 0)
			return run_say("--reserve: %s", strerror(-message.fds[1]));
	}
	r = run_wire_send(end, &message);
	if (r == 0 && run_wire_receive(end, &message) != 1)
		r = -EPIPE;
	if (r < 0)
		return run_say("the guard process is gone");
	close(message.fds[0]);
	return 0;
}

/* In the new child. Descriptors of the run are close-on-exec. */
static void become_program(struct guard *guard, pid_t group, int end)
{
	struct run *run = guard->run;
	int r;

	setpgid(0, group);
	run_front_unblock(run);
	r = run_enter(run);
	if (r == 0 && (run->options.check || run->options.reserve))
		r = show_inside(run, end);
	if (r == 0)
		r = run_program_exec(run->options.program);
	_exit(r);
}

static int take_inside(struct guard *guard, const struct run_wire_message *message)
{
	struct stat st;
	int r = 0;

	guard->objects = message->fds[0];
	if (guard->run->options.check)
		r = run_objects_list(&guard->before, guard->objects);
	if (r == 0 && message->fds[1] >= 0)
		r = fstat(guard->objects, &st) < 0 ? -errno
						   : run_reserve_serve(message->fds[1], st.st_dev);
	return r;
}

static void meet_program(struct guard *guard, int end)
{
	struct run_wire_message message;
	int r;

	if (run_wire_receive(end, &message) != 1)
		return; /* it has ended, and said why */
	r = take_inside(guard, &message);
	if (r < 0)
		run_say("cannot prepare the namespace: %s", strerror(-r));
	else
		run_wire_send(
			end, &(struct run_wire_message){.kind = RUN_WIRE_GO, .fds = {-1, -1}});
}

int run_guard_start(struct guard *guard, pid_t group)
{
	const struct run_options *options = &guard->run->options;
	int ends[2], pidfd, r = run_wire_pair(ends);

	if (r < 0)
		return r;
	guard->program = fork();
	if (guard->program < 0)
		return -errno;
	if (guard->program == 0)
		become_program(guard, group, ends[1]);
	close(ends[1]);
	pidfd = kernel_open_process(guard->program);
	run_guard_tell(guard, RUN_WIRE_STARTED, guard->program, pidfd);
	if (pidfd >= 0)
		close(pidfd);
	if (options->check || options->reserve)
		meet_program(guard, ends[0]);
	close(ends[0]);
	return 0;
}

/* SPDX-License-Identifier: MIT */
#include "detached.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

#define WAIT_MS 1000

void detached_leave_output(void)
{
	const int nothing = open("/dev/null", O_RDWR);

	for (int fd = STDIN_FILENO; nothing >= 0 && fd <= STDERR_FILENO; fd++)
		dup2(nothing, fd);
	if (nothing > STDERR_FILENO)
		close(nothing);
}

static _Noreturn void be_child(int (*work)(void *arg), void *arg, int to)
{
	unsigned char status;

	prctl(PR_SET_PDEATHSIG, SIGTERM);
	status = (unsigned char)work(arg);
	fflush(NULL);
	detached_leave_output();
	/* Without it the parent finds the status when this process has ended. */
	(void)!write(to, &status, 1);
	_exit(status);
}

/* The child ended without a result: so does this process. */
static int end_like(pid_t child)
{
	int status;

	if (waitpid(child, &status, 0) != child)
		return EXIT_FAILURE;
	if (WIFEXITED(status))
		return WEXITSTATUS(status);
	signal(WTERMSIG(status), SIG_DFL);
	raise(WTERMSIG(status));
	return 128 + WTERMSIG(status);
}

/* It has told its result, and is nearly always about to end: nothing is left behind then. */
static void wait_a_moment(pid_t child)
{
	struct pollfd end = {.events = POLLIN};

	end.fd = (int)syscall(SYS_pidfd_open, child, 0);
	if (end.fd < 0)
		return;
	if (poll(&end, 1, WAIT_MS) == 1)
		waitpid(child, NULL, 0);
	close(end.fd);
}

int detached_run(int (*work)(void *arg), void *arg)
{
	unsigned char status;
	int ends[2];
	ssize_t length;
	pid_t child;

	fflush(NULL);
	if (pipe2(ends, O_CLOEXEC) < 0)
		return work(arg);
	child = fork();
	if (child == 0) {
		close(ends[0]);
		be_child(work, arg, ends[1]);
	}
	close(ends[1]);
	if (child < 0) {
		close(ends[0]);
		return work(arg);
	}
	do
		length = read(ends[0], &status, 1);
	while (length < 0 && errno == EINTR);
	close(ends[0]);
	if (length != 1)
		return end_like(child);
	wait_a_moment(child);
	return status;
}

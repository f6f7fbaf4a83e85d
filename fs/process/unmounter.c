/* SPDX-License-Identifier: MIT */
#include "unmounter.h"

#include "request/clock.h"
#include "request/descriptors.h"
#include "request/log.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* The time limit for fusermount3, and the interval for checking whether it has ended, in ms. */
#define RUN_MS 500
#define LOOK_MS 2

/* The prepared process (0: there is none), and the pipe through which it gets the path. */
static pid_t prepared;
static int orders;

static _Noreturn void become_fusermount(const char *path)
{
	execlp("fusermount3", "fusermount3", "-u", "-z", "-q", "--", path, (char *)NULL);
	_exit(127);
}

static void close_unless(void *arg, int fd)
{
	if (fd > STDERR_FILENO && fd != *(const int *)arg)
		close(fd);
}

/*
 * This process closes the other descriptors, so that it neither keeps the mount alive nor blocks a
 * reader of the daemon's messages.
 */
static _Noreturn void wait_for_path(int pipe_fd)
{
	const int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	char path[PATH_MAX];
	ssize_t n;

	prctl(PR_SET_NAME, "shmfs-unmount");
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		if (null < 0 || dup2(null, fd) < 0)
			close(fd);
	descriptors_visit(close_unless, &pipe_fd);
	n = read(pipe_fd, path, sizeof(path));
	if (n <= 0)
		_exit(EXIT_SUCCESS);
	become_fusermount(path);
}

int unmounter_prepare(void)
{
	int pipe_fds[2];

	if (pipe2(pipe_fds, O_CLOEXEC) < 0)
		return -errno;
	prepared = fork();
	if (prepared < 0)
		return -errno;
	if (prepared == 0)
		wait_for_path(pipe_fds[0]);
	close(pipe_fds[0]);
	orders = pipe_fds[1];
	return 0;
}

/* Returns the process of fusermount3, or -1. */
static pid_t start_fusermount(const char *path)
{
	const size_t size = strlen(path) + 1;
	pid_t child;

	if (prepared > 0)
		return write(orders, path, size) == (ssize_t)size ? prepared : -1;
	child = fork();
	if (child == 0)
		become_fusermount(path);
	return child;
}

bool unmounter_run(const char *path)
{
	const struct timespec pause = clock_timespec_of_ms(LOOK_MS);
	const int64_t end = clock_now_ms() + RUN_MS;
	const pid_t child = start_fusermount(path);
	int status = -1;

	if (child < 0)
		return false;
	while (waitpid(child, &status, WNOHANG) == 0) {
		if (clock_now_ms() >= end) {
			log_error("fusermount3 does not end: not waiting for it");
			kill(child, SIGKILL);
			return false;
		}
		nanosleep(&pause, NULL);
	}
	return status == 0;
}

/* SPDX-License-Identifier: MIT */
#include "startup.h"

#include "harden.h"
#include "identity.h"
#include "request/log.h"
#include "request/weight.h"
#include "sigbus.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

/* The write end of the pipe on which the parent waits; -1: no parent waits. */
static int parent = -1;

static bool background;

static void open_standard(void)
{
	int fd;

	do
		fd = open("/dev/null", O_RDWR);
	while (fd >= 0 && fd <= STDERR_FILENO);
	if (fd >= 0)
		close(fd);
}

/*
 * Unblocks all signals except those that the daemon waits for: a successor may have one of them
 * pending.
 */
static void reset_signals(void)
{
	static const int waited_for[] = {SIGTERM, SIGINT, SIGHUP, SIGCHLD, SIGUSR1, SIGALRM};
	sigset_t set;

	sigfillset(&set);
	for (size_t i = 0; i < sizeof(waited_for) / sizeof(waited_for[0]); i++)
		sigdelset(&set, waited_for[i]);
	sigprocmask(SIG_UNBLOCK, &set, NULL);
	signal(SIGTERM, SIG_DFL);
	signal(SIGCHLD, SIG_DFL);
}

void startup_reset(void)
{
	open_standard();
	reset_signals();
}

int startup_fork(void)
{
	int pipe_fds[2];
	pid_t child;
	char ready;

	if (pipe2(pipe_fds, O_CLOEXEC) < 0)
		return -errno;
	child = fork();
	if (child < 0)
		return -errno;
	if (child > 0) {
		close(pipe_fds[1]);
		_exit(read(pipe_fds[0], &ready, 1) == 1 ? EXIT_SUCCESS : EXIT_FAILURE);
	}
	close(pipe_fds[0]);
	parent = pipe_fds[1];
	background = true;
	signal(SIGHUP, SIG_DFL); /* no terminal sends it any more */
	return 0;
}

int startup_parent(void)
{
	return parent;
}

bool startup_is_background(void)
{
	return background;
}

void startup_detach(void)
{
	if (!background)
		return;
	log_to_syslog();
	setsid();
	if (chdir("/") < 0)
		log_error("cannot leave the working directory");
}

void startup_continue_in_background(void)
{
	background = true;
	log_to_syslog();
}

void startup_ready(void)
{
	const char ready = 1;
	int null;

	if (parent < 0)
		return;
	startup_detach();
	null = open("/dev/null", O_RDWR | O_CLOEXEC);
	for (int fd = STDIN_FILENO; null >= 0 && fd <= STDERR_FILENO; fd++)
		dup2(null, fd);
	if (null > STDERR_FILENO)
		close(null);
	if (write(parent, &ready, 1) != 1)
		log_error("the process that started the mount is gone");
	close(parent);
	parent = -1;
}

/* With fewer descriptors the daemon could open no objects, or not even list them. */
#define DESCRIPTORS_MIN 32

/* The system's maximum for one process, for a daemon that may raise its hard limit. */
static rlim_t descriptors_of_system(void)
{
	FILE *file = fopen("/proc/sys/fs/nr_open", "re");
	unsigned long max = 0;

	if (file && fscanf(file, "%lu", &max) != 1)
		max = 0;
	if (file)
		fclose(file);
	return max;
}

static void raise_descriptors(struct rlimit *limit)
{
	const struct rlimit wanted = {descriptors_of_system(), descriptors_of_system()};

	if (wanted.rlim_max > limit->rlim_max && setrlimit(RLIMIT_NOFILE, &wanted) == 0) {
		*limit = wanted;
		return;
	}
	limit->rlim_cur = limit->rlim_max;
	setrlimit(RLIMIT_NOFILE, limit);
}

static int raise_limits(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_FSIZE, &limit) == 0) {
		limit.rlim_cur = limit.rlim_max;
		setrlimit(RLIMIT_FSIZE, &limit);
	}
	if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
		raise_descriptors(&limit);
		if (limit.rlim_cur < DESCRIPTORS_MIN)
			return -EMFILE;
	}
	return 0;
}

/* nohup(1), and shells without job control, ignore signals for the program on purpose. */
static void block_unless_ignored(int sig)
{
	struct sigaction action;
	sigset_t set;

	if (sigaction(sig, NULL, &action) == 0 && action.sa_handler == SIG_IGN)
		return;
	sigemptyset(&set);
	sigaddset(&set, sig);
	sigprocmask(SIG_BLOCK, &set, NULL);
}

/*
 * Makes the OOM killer prefer other processes, unless the administrator has set a value for this
 * one. The kernel refuses it to an ordinary user's daemon.
 */
static void avoid_oom_killer(void)
{
	const int fd = open("/proc/self/oom_score_adj", O_RDWR | O_CLOEXEC);
	char text[16] = "";

	if (fd >= 0 && read(fd, text, sizeof(text) - 1) > 0 && strcmp(text, "0\n") == 0 &&
		pwrite(fd, "-900", 4, 0) < 0 && errno != EACCES)
		log_error("cannot avoid the OOM killer: %s", strerror(errno));
	if (fd >= 0)
		close(fd);
}

int startup_prepare(void)
{
	int r;

	block_unless_ignored(SIGTERM);
	block_unless_ignored(SIGINT);
	block_unless_ignored(SIGHUP);
	signal(SIGPIPE, SIG_IGN);
	/* The kernel has checked each caller's limit; the daemon's own must not end it. */
	signal(SIGXFSZ, SIG_IGN);
	umask(0);
	avoid_oom_killer();
	r = raise_limits();
	if (r == 0)
		r = shmfs_sigbus_install();
	if (r == 0)
		r = shmfs_identity_init();
	if (r == 0)
		r = harden_process(!weight_allow());
	if (r == 0)
		weight_try();
	return r;
}

/* SPDX-License-Identifier: MIT */
#include "successor.h"

#include "harden.h"
#include "request/log.h"
#include "request/shared.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* The variable that tells a new program its task: "continue PID FD", or "probe". */
#define ENVIRONMENT "SHMFS_KEEPER"

/* A probed program that can take over exits with this status. */
#define PROBE_STATUS (64 + SHARED_VERSION)

void successor_init(struct successor *successor, char **argv)
{
	const size_t room = sizeof(successor->program) - 1;
	const ssize_t len = readlink("/proc/self/exe", successor->program, room);

	successor->program[len < 0 ? 0 : len] = '\0';
	successor->argv = argv;
}

pid_t successor_ask(const struct successor *successor)
{
	const pid_t child = fork();

	if (child < 0)
		return -errno;
	if (child == 0) {
		harden_raise_rights();
		setenv(ENVIRONMENT, "probe", 1);
		execv(successor->program, successor->argv);
		_exit(EXIT_FAILURE);
	}
	return child;
}

bool successor_agrees(int status)
{
	return WIFEXITED(status) && WEXITSTATUS(status) == PROBE_STATUS;
}

static void set_close_on_exec(void *arg, int fd)
{
	if (fd > STDERR_FILENO)
		fcntl(fd, F_SETFD, *(const bool *)arg ? FD_CLOEXEC : 0);
}

void successor_become(const struct successor *successor)
{
	bool close_on_exec = false;
	char value[64];
	int r;

	r = descriptors_visit(set_close_on_exec, &close_on_exec);
	if (r < 0) {
		log_error("cannot hand over: %s: this program goes on", strerror(-r));
		return;
	}
	snprintf(value, sizeof(value), "continue %d %d", (int)getpid(), successor->memory);
	setenv(ENVIRONMENT, value, 1);
	harden_raise_rights();
	execv(successor->program, successor->argv);
	log_error("%s: %s: this program goes on", successor->program, strerror(errno));
	harden_lower_rights();
	unsetenv(ENVIRONMENT);
	close_on_exec = true;
	descriptors_visit(set_close_on_exec, &close_on_exec);
}

bool successor_is(int *ret_memory)
{
	const char *value = getenv(ENVIRONMENT);
	bool close_on_exec = true;
	int pid;

	/* A child that merely inherited the variable has another process id. */
	if (!value || sscanf(value, "continue %d %d", &pid, ret_memory) != 2 || pid != getpid())
		return false;
	unsetenv(ENVIRONMENT);
	descriptors_visit(set_close_on_exec, &close_on_exec);
	return true;
}

int successor_probed(void)
{
	const char *value = getenv(ENVIRONMENT);

	return value && strcmp(value, "probe") == 0 ? PROBE_STATUS : 0;
}

/* SPDX-License-Identifier: MIT */
#include "world.h"

#include "private_mounts.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

static pid_t keeper; /* read by the signal handler */

/* TAP has its own way to say skip, and meson takes 77 for an error there. */
int world_skip(const char *reason)
{
	const char *format = getenv("CMOCKA_MESSAGE_OUTPUT");
	const bool tap = format && strcasecmp(format, "TAP") == 0;

	printf(tap ? "1..0 # SKIP %s\n" : "skipped: %s\n", reason);
	return tap ? 0 : 77;
}

static int refuse(const char *reason)
{
	const char *must_run = getenv("SHMFS_TEST_MUST_RUN");

	if (must_run && strcmp(must_run, "1") == 0) {
		fprintf(stderr, "cannot run here, and SHMFS_TEST_MUST_RUN is set: %s\n", reason);
		return 1;
	}
	return world_skip(reason);
}

static const char *because(const char *what, int error)
{
	static char reason[128];

	snprintf(reason, sizeof(reason), "%s: %s", what, strerror(error));
	return reason;
}

static const char *missing_feature(void)
{
	int fd, r;

	if (geteuid() != 0)
		return "mounting needs root";
	fd = open("/dev/fuse", O_RDWR | O_CLOEXEC);
	if (fd < 0)
		return because("no usable /dev/fuse", errno);
	close(fd);
	if (unshare(CLONE_NEWNS | CLONE_NEWPID) < 0)
		return because("no private namespaces", errno);
	r = private_mounts();
	return r < 0 ? because("no private mounts", -r) : NULL;
}

static int wait_status(pid_t pid)
{
	int status;

	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return 1;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static int mount_own(const struct world *world)
{
	if (mount("proc", "/proc", "proc", 0, NULL) < 0 ||
		mount("tmpfs", "/dev/shm", "tmpfs", 0, WORLD_SHM_OPTIONS) < 0 ||
		mount("tmpfs", world->base, "tmpfs", 0, "mode=0755") < 0) {
		perror("private mounts");
		return -errno;
	}
	return 0;
}

/* The first process of the namespace: when it ends, the kernel ends all the rest. */
static int be_init(const struct world *world, int (*inside)(const struct world *))
{
	pid_t pid;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (mount_own(world) < 0)
		return 1;
	pid = fork();
	if (pid < 0)
		return 1;
	if (pid == 0) {
		prctl(PR_SET_CHILD_SUBREAPER, 1);
		setvbuf(stdout, NULL, _IOLBF, 0);
		exit(inside(world));
	}
	return wait_status(pid);
}

/*
 * Holds the namespaces. A process of its own, because after unshare(2) it cannot make threads any
 * more, which leak checkers do at the end.
 */
static int be_keeper(const struct world *world, int (*inside)(const struct world *))
{
	const char *missing;
	pid_t init;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	missing = missing_feature();
	if (missing)
		return refuse(missing);
	init = fork();
	if (init == 0)
		_exit(be_init(world, inside));
	return init < 0 ? 1 : wait_status(init);
}

static void on_end(int sig)
{
	(void)sig;
	kill(keeper, SIGKILL);
}

int world_run(int (*inside)(const struct world *world))
{
	struct world world = {.base = "/tmp/shmfs-t-XXXXXX"};
	int status;

	if (!mkdtemp(world.base)) {
		perror(world.base);
		return 1;
	}
	keeper = fork();
	if (keeper == 0) {
		status = be_keeper(&world, inside);
		fflush(stdout);
		_exit(status);
	}
	signal(SIGTERM, on_end);
	signal(SIGINT, on_end);
	status = keeper < 0 ? 1 : wait_status(keeper);
	if (rmdir(world.base) < 0)
		perror(world.base);
	return status;
}

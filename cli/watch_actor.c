/* SPDX-License-Identifier: MIT */
#include "watch_actor.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#define REMEMBERED_SECONDS 2

static struct watch_actor *find_known(struct watch_actors *actors, pid_t pid)
{
	for (size_t i = 0; i < WATCH_ACTORS; i++)
		if (actors->actors[i].pid == pid)
			return &actors->actors[i];
	return NULL;
}

/* The number is not another process's by now. */
static bool lives(int pidfd)
{
	struct pollfd end = {.fd = pidfd, .events = POLLIN};

	return pidfd >= 0 && poll(&end, 1, 0) == 0;
}

struct search {
	int process; /* its directory in /proc */
	dev_t view;
};

static int look_at_descriptor(uint64_t number, void *arg)
{
	struct search *search = arg;
	char path[48], text[1024];
	const char *connection;

	snprintf(path, sizeof(path), "fd/%llu", (unsigned long long)number);
	memset(text, 0, sizeof(text));
	if (readlinkat(search->process, path, text, sizeof(text) - 1) < 0 ||
		strcmp(text, "/dev/fuse") != 0)
		return 0;
	snprintf(path, sizeof(path), "fdinfo/%llu", (unsigned long long)number);
	if (shmfs_process_text(search->process, path, text, sizeof(text)) < 0)
		return 0;
	connection = strstr(text, "\nfuse_connection:\t");
	if (connection)
		search->view = makedev(0, (unsigned)atoi(connection + 18));
	return search->view != 0;
}

static dev_t served_by(int proc, pid_t pid)
{
	struct search search = {.view = 0};
	char path[32];
	int fds;

	snprintf(path, sizeof(path), "%d", (int)pid);
	search.process = openat(proc, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (search.process < 0)
		return 0;
	fds = openat(search.process, "fd", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fds >= 0) {
		shmfs_process_numbers(fds, look_at_descriptor, &search);
		close(fds);
	}
	close(search.process);
	return search.view;
}

/* known: what was found of this number before; NULL. Descriptors are looked at once. */
static bool read_actor(struct watch_actor *actor, const struct watch_actor *known, pid_t pid)
{
	const int proc = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct shmfs_process process = {.pid = 0};
	bool is_read;

	*actor = (struct watch_actor){.pid = pid};
	is_read = proc >= 0 && shmfs_process_read(proc, pid, &process) == 0 &&
		  shmfs_process_user(proc, pid, &actor->uid) == 0;
	memcpy(actor->command, process.command, sizeof(actor->command));
	actor->start = process.start;
	if (is_read)
		actor->view =
			known && known->start == process.start ? known->view : served_by(proc, pid);
	if (proc >= 0)
		close(proc);
	return is_read;
}

/* Later the number may be that of another process. */
static bool is_recent(const struct watch_actor *actor)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec - actor->seen.tv_sec <= REMEMBERED_SECONDS;
}

/* A process may have another name or user each time: it is read anew as long as it lives. */
const struct watch_actor *watch_actor_find(struct watch_actors *actors, pid_t pid, int pidfd)
{
	struct watch_actor *known = find_known(actors, pid), actor;

	if (!read_actor(&actor, known, pid) || !lives(pidfd))
		return known && is_recent(known) ? known : NULL;
	clock_gettime(CLOCK_MONOTONIC, &actor.seen);
	if (!known) {
		known = &actors->actors[actors->next];
		actors->next = (actors->next + 1) % WATCH_ACTORS;
	}
	*known = actor;
	return known;
}

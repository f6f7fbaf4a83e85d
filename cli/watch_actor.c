/* SPDX-License-Identifier: MIT */
#include "watch_actor.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#define DAEMONS 16

/* A process that was asked whether it serves a mount. */
struct served {
	pid_t pid;
	uint64_t start;
	dev_t view;
};

struct watch_actors {
	int proc; /* /proc */
	struct served served[DAEMONS];
	size_t next;
};

int watch_actors_new(struct watch_actors **ret_actors)
{
	struct watch_actors *actors = calloc(1, sizeof(*actors));

	if (!actors)
		return -ENOMEM;
	actors->proc = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (actors->proc < 0) {
		free(actors);
		return -errno;
	}
	*ret_actors = actors;
	return 0;
}

struct watch_actors *watch_actors_free(struct watch_actors *actors)
{
	if (actors)
		close(actors->proc);
	free(actors);
	return NULL;
}

/* Has the number of this process not been given to another one yet? It stays its own until its
 * parent has waited for it. */
static bool has_number(int pidfd)
{
	return pidfd >= 0 &&
	       (syscall(SYS_pidfd_send_signal, pidfd, 0, NULL, 0) == 0 || errno == EPERM);
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

bool watch_actor_find(
	const struct watch_actors *actors, pid_t pid, int pidfd, struct watch_actor *ret_actor)
{
	struct watch_actor actor = {.pid = pid};
	struct shmfs_process process;

	if (pidfd < 0 || shmfs_process_read(actors->proc, pid, &process) < 0 ||
		shmfs_process_user(actors->proc, pid, &actor.uid) < 0 || !has_number(pidfd))
		return false;
	memcpy(actor.command, process.command, sizeof(actor.command));
	actor.start = process.start;
	*ret_actor = actor;
	return true;
}

dev_t watch_actor_view(struct watch_actors *actors, const struct watch_actor *actor)
{
	struct served *served = actors->served + actors->next;

	for (size_t i = 0; i < DAEMONS; i++)
		if (actors->served[i].pid == actor->pid && actors->served[i].start == actor->start)
			return actors->served[i].view;
	*served = (struct served){.pid = actor->pid,
		.start = actor->start,
		.view = served_by(actors->proc, actor->pid)};
	actors->next = (actors->next + 1) % DAEMONS;
	return served->view;
}

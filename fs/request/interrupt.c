/* SPDX-License-Identifier: MIT */
/*
 * The kernel sends FUSE_INTERRUPT for every signal that comes while a caller waits, also for a
 * signal that the caller handles. On a tmpfs only a fatal signal ends stat(2) or unlink(2). So this
 * file answers a waiting request with EINTR only when its caller has SIGKILL pending, which the
 * kernel sets for every fatal signal. With any other signal the request keeps its place, and the
 * thread that serves it passes the interrupt on to libfuse.
 */
#include "interrupt.h"

#include "loop_private.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SIGKILL_BIT (1ULL << (SIGKILL - 1))

static bool has_kill(const char *status, const char *key)
{
	const char *line = strstr(status, key);

	return line && (strtoull(line + strlen(key), NULL, 16) & SIGKILL_BIT);
}

/* A thread whose status cannot be read counts as dying: the user must be able to kill it. */
bool interrupt_kills(pid_t thread)
{
	char path[32], status[4096];
	ssize_t n = -1;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/status", (int)thread);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd >= 0) {
		n = read(fd, status, sizeof(status) - 1);
		close(fd);
	}
	if (n <= 0)
		return true;
	status[n] = '\0';
	return has_kill(status, "\nSigPnd:") || has_kill(status, "\nShdPnd:");
}

bool interrupt_waiting(struct loop *loop, const struct fuse3_request *interrupt)
{
	struct queue_job *job;
	pid_t pid = 0;
	bool dying;

	pthread_mutex_lock(&loop->lock);
	job = queue_find(&loop->queue, interrupt->interrupts);
	if (job) {
		pid = fuse3_request(job->bytes).pid;
		job->interrupted = true;
	}
	pthread_mutex_unlock(&loop->lock);
	if (!job)
		return false;

	dying = interrupt_kills(pid);
	pthread_mutex_lock(&loop->lock);
	job = dying ? queue_take_out(&loop->queue, interrupt->interrupts) : NULL;
	pthread_mutex_unlock(&loop->lock);
	if (job)
		fuse3_refuse(loop->session, job->bytes, -EINTR);
	free(job);
	return true;
}

/* SPDX-License-Identifier: MIT */
#include "run_lock.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/sysmacros.h>
#include <time.h>

/* Setting up takes milliseconds, removing as long as the kernel needs to free the memory. */
#define PATIENCE_MS 30000

static int lock(int fd, int operation)
{
	while (flock(fd, operation) < 0)
		if (errno != EINTR)
			return -errno;
	return 0;
}

static void wait_a_moment(void)
{
	const struct timespec moment = {.tv_nsec = 1000000};

	nanosleep(&moment, NULL);
}

int run_lock_take(int fd)
{
	int r = lock(fd, LOCK_EX | LOCK_NB);

	if (r == 0)
		return 1;
	for (int i = 0; r == -EWOULDBLOCK && i < PATIENCE_MS; i++) {
		r = lock(fd, LOCK_SH | LOCK_NB);
		if (r == -EWOULDBLOCK)
			wait_a_moment();
	}
	return r == -EWOULDBLOCK ? -ETIMEDOUT : r;
}

int run_lock_share(int fd)
{
	int r = lock(fd, LOCK_SH | LOCK_NB);

	for (int i = 0; r == -EWOULDBLOCK && i < PATIENCE_MS; i++) {
		wait_a_moment();
		r = lock(fd, LOCK_SH | LOCK_NB);
	}
	return r;
}

int run_lock_alone(int fd)
{
	return lock(fd, LOCK_EX | LOCK_NB);
}

int run_lock_wait_alone(int fd)
{
	return lock(fd, LOCK_EX);
}

bool run_lock_parse(const char *line, struct run_lock *ret_lock)
{
	unsigned major_number, minor_number;
	unsigned long long ino;
	char arrow[3] = "", kind[16];
	int pid;

	if (sscanf(line, "%*[0-9]: %2[->] %15s %*s %*s %d %x:%x:%llu", arrow, kind, &pid,
		    &major_number, &minor_number, &ino) != 6 &&
		sscanf(line, "%*[0-9]: %15s %*s %*s %d %x:%x:%llu", kind, &pid, &major_number,
			&minor_number, &ino) != 5)
		return false;
	*ret_lock = (struct run_lock){.is_flock = strcmp(kind, "FLOCK") == 0,
		.waits = strcmp(arrow, "->") == 0,
		.pid = pid,
		.dev = makedev(major_number, minor_number),
		.ino = ino};
	return true;
}

pid_t run_lock_find(dev_t dev, uint64_t ino, bool (*accept)(const struct run_lock *lock))
{
	FILE *table = fopen("/proc/locks", "re");
	struct run_lock found;
	char line[256];
	pid_t pid = 0;

	if (!table)
		return 0;
	while (pid == 0 && fgets(line, sizeof(line), table))
		if (run_lock_parse(line, &found) && found.is_flock && found.dev == dev &&
			found.ino == ino && found.pid > 0 && accept(&found))
			pid = found.pid;
	fclose(table);
	return pid;
}

/* SPDX-License-Identifier: MIT */
#include "patience.h"

#include "util.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Between two looks at the processes: short waits never look. */
#define LOOK_SECONDS 0.5

/* State R of proc(5): the thread has a CPU or waits for one. */
static bool is_running(const char *process, const char *thread)
{
	char path[600], stat[512];
	const char *end_of_name;
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "/proc/%s/task/%s/stat", process, thread);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	n = fd < 0 ? -1 : read(fd, stat, sizeof(stat) - 1);
	if (fd >= 0)
		close(fd);
	if (n <= 0)
		return false;
	stat[n] = '\0';
	end_of_name = strrchr(stat, ')');
	return end_of_name && strncmp(end_of_name, ") R", 3) == 0;
}

static bool has_running_thread(const char *process)
{
	const struct dirent *entry;
	bool found = false;
	char path[300];
	DIR *threads;

	snprintf(path, sizeof(path), "/proc/%s/task", process);
	threads = opendir(path);
	while (threads && !found && (entry = readdir(threads)))
		found = entry->d_name[0] != '.' && is_running(process, entry->d_name);
	if (threads)
		closedir(threads);
	return found;
}

/* /proc shows the processes of the world alone. */
static bool another_process_runs(void)
{
	const struct dirent *entry;
	bool found = false;
	DIR *processes = opendir("/proc");

	while (processes && !found && (entry = readdir(processes))) {
		const long pid = strtol(entry->d_name, NULL, 10);

		found = pid > 0 && pid != getpid() && has_running_thread(entry->d_name);
	}
	if (processes)
		closedir(processes);
	return found;
}

bool patience_is_over(struct patience *patience)
{
	const double now = seconds_now();
	const double elapsed = now - patience->last;

	if (patience->last == 0) {
		patience->begun = patience->last = now;
		return false;
	}
	if (elapsed < LOOK_SECONDS)
		return false;
	/* Not all of a long pause: the machine may have stood still. */
	if (!another_process_runs())
		patience->idle += elapsed < 2 * LOOK_SECONDS ? elapsed : LOOK_SECONDS;
	patience->last = now;
	return patience->idle > PATIENCE_SECONDS || now - patience->begun > PATIENCE_MOST;
}

/* SPDX-License-Identifier: MIT */
#include "target.h"

#include "status_wire.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

/* Away from the names that rows use. */
#define PROBE_SERIAL 999000000u

void name_make(struct name *ret_name, const char *prefix, unsigned long serial)
{
	snprintf(ret_name->text, sizeof(ret_name->text), "%s%09lu", prefix, serial);
}

int targets_add(struct targets *targets, char *text)
{
	char *equals = strchr(text, '=');

	if (!equals || equals == text || equals[1] == '\0')
		return -EINVAL;
	if (targets->count == TARGETS_MAX)
		return -E2BIG;

	*equals = '\0';
	targets->at[targets->count++] =
		(struct target){.label = text, .path = equals + 1, .dir = -1};
	return 0;
}

/* The first target before `target` that shows the file `name` made in it. */
static const struct target *find_home(
	const struct targets *targets, const struct target *target, const struct name *probes)
{
	for (size_t i = 0; &targets->at[i] < target; i++) {
		if (targets->at[i].home == &targets->at[i] &&
			faccessat(target->dir, probes[i].text, F_OK, 0) == 0)
			return &targets->at[i];
	}
	return target;
}

static int open_one(struct target *target, const struct name *probe)
{
	int fd;

	target->dir = open(target->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (target->dir < 0)
		return -errno;
	fd = openat(target->dir, probe->text, O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, 0600);
	if (fd < 0)
		return -errno;
	close(fd);
	return 0;
}

int targets_open(struct targets *targets, const char *prefix, const struct target **ret_failed)
{
	struct name probes[TARGETS_MAX];
	int r = 0;

	for (size_t i = 0; i < targets->count && r == 0; i++) {
		name_make(&probes[i], prefix, PROBE_SERIAL + i);
		r = open_one(&targets->at[i], &probes[i]);
		if (r < 0)
			*ret_failed = &targets->at[i];
		else
			targets->at[i].home = find_home(targets, &targets->at[i], probes);
	}
	for (size_t i = 0; i < targets->count && r == 0; i++)
		unlinkat(targets->at[i].home->dir, probes[i].text, 0);
	return r;
}

static bool is_dots(const char *name)
{
	return strcmp(name, ".") == 0 || strcmp(name, "..") == 0;
}

/* Removing while reading may hide entries from the reader: repeat until none is found. */
static int sweep_once(DIR *dir, const char *prefix, bool *ret_found)
{
	const size_t len = strlen(prefix);
	const struct dirent *entry;
	int r;

	*ret_found = false;
	rewinddir(dir);
	for (errno = 0; (entry = readdir(dir)); errno = 0) {
		if (strncmp(entry->d_name, prefix, len) != 0)
			continue;
		if (is_dots(entry->d_name))
			continue;
		r = target_remove(dirfd(dir), entry->d_name);
		if (r < 0)
			return r;
		*ret_found = true;
	}
	return -errno;
}

/* In a directory that is closed then. */
static int sweep(int fd, const char *prefix)
{
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	bool found = true;
	int r = 0;

	if (!dir)
		return -errno;
	while (found && r == 0)
		r = sweep_once(dir, prefix, &found);
	closedir(dir);
	return r;
}

int target_remove(int dir, const char *name)
{
	int r;

	if (unlinkat(dir, name, 0) == 0 || errno == ENOENT)
		return 0;
	if (errno != EISDIR)
		return -errno;
	r = sweep(openat(dir, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC), "");
	return r == 0 && unlinkat(dir, name, AT_REMOVEDIR) < 0 ? -errno : r;
}

int targets_sweep(const struct targets *targets, const char *prefix)
{
	int result = 0;

	for (size_t i = 0; i < targets->count; i++) {
		const int r = sweep(
			open(targets->at[i].path, O_RDONLY | O_DIRECTORY | O_CLOEXEC), prefix);

		if (r < 0)
			result = r;
	}
	return result;
}

long target_requests(const struct target *target)
{
	struct status status;
	const char *answered;
	long requests = -1;

	if (ioctl(target->dir, STATUS_ASK, &status) < 0)
		return -1;
	status.text[sizeof(status.text) - 1] = '\0';
	answered = strstr(status.text, "requests answered: ");
	return answered && sscanf(answered, "requests answered: %ld", &requests) == 1 ? requests
										      : -1;
}

/* SPDX-License-Identifier: MIT */
#include "cgroup.h"

#include "process.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Of /proc/PID/cgroup, which has a line for each hierarchy. */
#define TEXT_SIZE 16384

/* A limit of version 1 that is none: the largest number of whole pages. */
#define NO_LIMIT (UINT64_MAX / 4)

/* Is "memory" in the list of words, which ends with `end` or white space? */
static bool has_memory(const char *list, const char *separators, char end)
{
	while (*list != end && *list != '\0' && *list != '\n') {
		const size_t len = strcspn(list, separators);

		if (len == strlen("memory") && strncmp(list, "memory", len) == 0)
			return true;
		list += len + (list[len] != end && list[len] != '\0');
	}
	return false;
}

int shmfs_cgroups_parse(const char *text, bool version1, char ret_path[PATH_MAX])
{
	for (const char *line = text; *line != '\0'; line += strspn(line, "\n")) {
		const char *list = strchr(line, ':');
		const char *path = list ? strchr(++list, ':') : NULL;
		const size_t len = path ? strcspn(++path, "\n") : 0;

		if (!path)
			break;
		if (version1 ? has_memory(list, ",:", ':') : *list == ':') {
			/* "/.." leads out of what this process sees. */
			if (len >= PATH_MAX || *path != '/' || strncmp(path, "/..", 3) == 0)
				break;
			memcpy(ret_path, path, len);
			ret_path[len] = '\0';
			return 0;
		}
		line = path + len;
	}
	return -ENOENT;
}

int shmfs_cgroups_find(const struct shmfs_cgroups *cgroups, pid_t process, char ret_path[PATH_MAX])
{
	char name[32], text[TEXT_SIZE];
	ssize_t n;

	snprintf(name, sizeof(name), "/proc/%d/cgroup", (int)process);
	n = shmfs_process_text(AT_FDCWD, name, text, sizeof(text));
	return n < 0 ? (int)n : shmfs_cgroups_parse(text, cgroups->version1, ret_path);
}

/* Opens a file of a cgroup; len: of the path. */
static int open_file(const struct shmfs_cgroups *cgroups, const char *path, size_t len,
	const char *file, int flags)
{
	char whole[PATH_MAX];
	int fd;

	if (snprintf(whole, sizeof(whole), ".%.*s/%s", (int)len, path, file) >= PATH_MAX)
		return -ENAMETOOLONG;
	fd = openat(cgroups->root, whole, flags | O_CLOEXEC | O_NOFOLLOW);
	return fd < 0 ? -errno : fd;
}

/* Of the path of the cgroup above. */
static size_t parent_of(const char *path, size_t len)
{
	while (len > 0 && path[len - 1] != '/')
		len--;
	return len > 0 ? len - 1 : 0;
}

static int move_to(const struct shmfs_cgroups *cgroups, pid_t process, const char *path, size_t len)
{
	const int fd = open_file(cgroups, path, len, "cgroup.procs", O_WRONLY);
	int r;

	if (fd < 0)
		return fd;
	r = dprintf(fd, "%d", (int)process) < 0 ? -errno : 0;
	close(fd);
	return r;
}

int shmfs_cgroups_move(const struct shmfs_cgroups *cgroups, pid_t process, const char *path)
{
	size_t len = strlen(path);
	int r;

	for (;;) {
		r = move_to(cgroups, process, path, len);
		if (r != -EOPNOTSUPP || len == 0)
			return r;
		len = parent_of(path, len);
	}
}

static uint64_t limit_of(const struct shmfs_cgroups *cgroups, const char *path, size_t len)
{
	const int fd = open_file(cgroups, path, len,
		cgroups->version1 ? "memory.limit_in_bytes" : "memory.max", O_RDONLY);
	char text[32] = "";
	uint64_t limit;

	if (fd < 0)
		return UINT64_MAX;
	if (read(fd, text, sizeof(text) - 1) < 0)
		text[0] = '\0';
	close(fd);
	limit = text[0] >= '0' && text[0] <= '9' ? strtoull(text, NULL, 10) : UINT64_MAX;
	return limit >= NO_LIMIT ? UINT64_MAX : limit;
}

uint64_t shmfs_cgroups_limit(const struct shmfs_cgroups *cgroups, const char *path)
{
	uint64_t lowest = UINT64_MAX;

	for (size_t len = strlen(path); len > 0; len = parent_of(path, len)) {
		const uint64_t limit = limit_of(cgroups, path, len);

		if (limit < lowest)
			lowest = limit;
	}
	return lowest;
}

/* The root cgroup of version 2 tells which controllers are there. */
static bool accounts_memory(const struct shmfs_cgroups *cgroups)
{
	char text[256];

	if (cgroups->version1)
		return faccessat(cgroups->root, "memory.limit_in_bytes", F_OK, 0) == 0;
	return shmfs_process_text(cgroups->root, "cgroup.controllers", text, sizeof(text)) > 0 &&
	       has_memory(text, " \n", '\0');
}

static bool may_open(const struct shmfs_cgroups *cgroups, int flags)
{
	const int fd =
		open_file(cgroups, cgroups->own, strlen(cgroups->own), "cgroup.procs", flags);

	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

static int try_place(struct shmfs_cgroups *cgroups, const char *place)
{
	int r;

	cgroups->root = open(place, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (cgroups->root < 0)
		return -errno;
	r = accounts_memory(cgroups) ? shmfs_cgroups_find(cgroups, getpid(), cgroups->own)
				     : -ENOENT;
	if (r == 0)
		r = may_open(cgroups, O_RDONLY) ? 0 : -ENOENT;
	if (r < 0)
		shmfs_cgroups_close(cgroups);
	else
		cgroups->may_move = may_open(cgroups, O_WRONLY);
	return r;
}

int shmfs_cgroups_open(struct shmfs_cgroups *ret_cgroups)
{
	static const struct {
		const char *path;
		bool version1;
	} places[] = {{"/sys/fs/cgroup/memory", true}, {"/sys/fs/cgroup", false},
		{"/sys/fs/cgroup/unified", false}};
	int r = -ENOENT;

	*ret_cgroups = (struct shmfs_cgroups){.root = -1};
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]) && r == -ENOENT; i++) {
		ret_cgroups->version1 = places[i].version1;
		r = try_place(ret_cgroups, places[i].path);
	}
	return r;
}

void shmfs_cgroups_close(struct shmfs_cgroups *cgroups)
{
	if (cgroups->root >= 0)
		close(cgroups->root);
	cgroups->root = -1;
}

/* SPDX-License-Identifier: MIT */
/*
 * Each level holds a descriptor, so the depth is limited: a directory beyond is moved up to the top
 * first, and is met there again.
 */
#include "run_remove.h"

#include "kernel.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define DEPTH_MAX 32

/* Entries can be made, or moved up, while the directory is read. */
#define PASSES_MAX 1000

struct removal {
	struct run_removal *result;
	int top;
	unsigned moved; /* directories, up to the top */
	unsigned removed;
};

static void note_error(struct removal *removal, int error, const char *name)
{
	if (removal->result->error != 0)
		return;
	removal->result->error = error;
	snprintf(removal->result->name, sizeof(removal->result->name), "%s", name);
}

static bool is_dot(const char *name)
{
	return strcmp(name, ".") == 0 || strcmp(name, "..") == 0;
}

/* The owner of a directory may have taken the own permissions away. */
static void allow_owner(int fd)
{
	char path[32];
	struct stat st;

	if (fstat(fd, &st) < 0 || st.st_uid != geteuid() || (st.st_mode & 0700) == 0700)
		return;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd); /* fchmod(2) takes no O_PATH */
	(void)(chmod(path, (st.st_mode & 07777) | 0700) == 0);
}

static int open_directory(int dir, const char *name)
{
	const int flags = O_DIRECTORY | O_NOFOLLOW;
	const int path = kernel_open_below(dir, name, flags | O_PATH);
	int fd;

	if (path < 0)
		return path;
	allow_owner(path);
	fd = openat(path, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		fd = -errno;
	close(path);
	return fd;
}

static int move_up(struct removal *removal, int dir, const char *name)
{
	char free_name[64];
	int r;

	do {
		snprintf(free_name, sizeof(free_name), "shmfs-removed-%u", removal->moved++);
		r = renameat2(dir, name, removal->top, free_name, RENAME_NOREPLACE);
	} while (r < 0 && errno == EEXIST);
	return r < 0 ? -errno : 0;
}

static void empty(struct removal *removal, int dir, unsigned depth);

static void remove_subdirectory(struct removal *removal, int dir, const char *name, unsigned depth)
{
	int fd = depth < DEPTH_MAX ? open_directory(dir, name) : move_up(removal, dir, name);

	if (depth >= DEPTH_MAX && fd == 0) {
		removal->removed++;
		return;
	}
	if (fd < 0) {
		if (fd != -ENOENT)
			note_error(removal, fd, name);
		return;
	}
	empty(removal, fd, depth + 1);
	if (unlinkat(dir, name, AT_REMOVEDIR) == 0)
		removal->removed++;
	else if (errno != ENOENT && errno != ENOTEMPTY)
		note_error(removal, -errno, name);
}

static void remove_entry(struct removal *removal, int dir, const char *name, unsigned depth)
{
	if (unlinkat(dir, name, 0) == 0)
		removal->removed++;
	else if (errno == EISDIR)
		remove_subdirectory(removal, dir, name, depth);
	else if (errno != ENOENT)
		note_error(removal, -errno, name);
}

/* Takes the descriptor over. */
static void empty(struct removal *removal, int dir, unsigned depth)
{
	DIR *list = fdopendir(dir);
	const struct dirent *entry;

	if (!list) {
		note_error(removal, -errno, ".");
		close(dir);
		return;
	}
	while ((entry = readdir(list)))
		if (!is_dot(entry->d_name))
			remove_entry(removal, dir, entry->d_name, depth);
	closedir(list);
}

static bool is_empty(int dir)
{
	const int fd = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *list = fd < 0 ? NULL : fdopendir(fd);
	const struct dirent *entry;
	bool found = false;

	if (!list) {
		if (fd >= 0)
			close(fd);
		return false;
	}
	while (!found && (entry = readdir(list)))
		found = !is_dot(entry->d_name);
	closedir(list);
	return !found;
}

void run_remove_contents(int dir, struct run_removal *ret_removal)
{
	struct removal removal = {.result = ret_removal, .top = dir};
	unsigned before;

	*ret_removal = (struct run_removal){0};
	allow_owner(dir);
	for (int pass = 0; pass < PASSES_MAX; pass++) {
		const int fd = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

		if (fd < 0) {
			note_error(&removal, -errno, ".");
			return;
		}
		before = removal.removed;
		empty(&removal, fd, 0);
		if (is_empty(dir))
			return;
		if (removal.removed == before)
			break;
	}
	note_error(&removal, -ENOTEMPTY, ".");
}

void run_remove_directory(const struct run_directory *directory, struct run_removal *ret_removal)
{
	run_remove_contents(directory->fd, ret_removal);
	if (ret_removal->error != 0 || !run_directory_is_linked(directory))
		return;
	if (unlinkat(directory->parent, directory->component, AT_REMOVEDIR) < 0 &&
		errno != ENOENT) {
		ret_removal->error = -errno;
		snprintf(ret_removal->name, sizeof(ret_removal->name), "%s", directory->component);
	}
}

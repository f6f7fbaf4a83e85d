/* SPDX-License-Identifier: MIT */
#include "mountpoint.h"

#include "log.h"
#include "object.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <mntent.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define TYPE "fuse.shmfs"

/* Mounts of dead daemons may lie on top of each other; nobody has more than a few. */
#define STALE_MAX 16

/*
 * The absolute path without asking the last component anything: a dead mount answers nothing.
 * The caller frees it. NULL with errno.
 */
static char *absolute(const char *path)
{
	char *slash, *parent, *result = NULL, *copy = strdup(path);
	size_t len;

	if (!copy)
		return NULL;
	if (copy[0] == '\0') {
		free(copy);
		errno = ENOENT;
		return NULL;
	}
	for (len = strlen(copy); len > 1 && copy[len - 1] == '/'; len--)
		copy[len - 1] = '\0';
	slash = strrchr(copy, '/');
	if (slash)
		*slash = '\0';
	parent = realpath(!slash ? "." : slash == copy ? "/" : copy, NULL);
	if (parent && asprintf(&result, "%s/%s", strcmp(parent, "/") == 0 ? "" : parent,
			      slash ? slash + 1 : copy) < 0)
		result = NULL;
	free(parent);
	free(copy);
	return result;
}

/* Type of the uppermost mount at exactly this path; "" if there is none. */
static void mount_type(const char *path, char *ret_type, size_t size)
{
	FILE *table = setmntent("/proc/self/mounts", "re");
	struct mntent entry;
	char line[8192];

	ret_type[0] = '\0';
	if (!table)
		return;
	while (getmntent_r(table, &entry, line, sizeof(line)))
		if (strcmp(entry.mnt_dir, path) == 0)
			snprintf(ret_type, size, "%s", entry.mnt_type);
	endmntent(table);
}

static bool run_fusermount(const char *path)
{
	const pid_t child = fork();
	int status;

	if (child == 0) {
		execlp("fusermount3", "fusermount3", "-u", "-z", "-q", "--", path, (char *)NULL);
		_exit(127);
	}
	return child > 0 && waitpid(child, &status, 0) == child && status == 0;
}

/* Where a link to a dead mount leads to: realpath(3) would ask the mount. Else the name itself. */
static void follow(const char *name, char *ret_path, size_t size)
{
	const int dir = (int)(strrchr(name, '/') - name);
	char target[PATH_MAX];
	const ssize_t len = readlink(name, target, sizeof(target) - 1);

	if (len < 0) {
		snprintf(ret_path, size, "%s", name);
		return;
	}
	target[len] = '\0';
	if (target[0] == '/')
		snprintf(ret_path, size, "%s", target);
	else
		snprintf(ret_path, size, "%.*s/%s", dir, name, target);
}

static int remove_stale(const char *name)
{
	char type[64], path[2 * PATH_MAX];

	follow(name, path, sizeof(path));
	mount_type(path, type, sizeof(type));
	if (strcmp(type, TYPE) != 0) {
		log_error("%s: a dead mount is in the way, and not one of ours", path);
		return -1;
	}
	if (umount2(path, MNT_DETACH | UMOUNT_NOFOLLOW) < 0 && !run_fusermount(path)) {
		log_error("%s: cannot unmount what a dead daemon left here", path);
		return -1;
	}
	log_info("%s: unmounted what a dead daemon left here", path);
	return 0;
}

static int check_empty(const char *path)
{
	DIR *dir = opendir(path);
	const struct dirent *entry;
	bool empty = true;

	if (!dir) {
		log_error("%s: %s", path, strerror(errno));
		return -1;
	}
	while (empty && (entry = readdir(dir)))
		empty = strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0;
	closedir(dir);
	if (!empty)
		log_error("%s: directory is not empty (-o nonempty mounts over it)", path);
	return empty ? 0 : -1;
}

static bool is_above_objects(const char *path)
{
	const size_t len = strlen(path);

	return strcmp(path, "/") == 0 ||
	       (strncmp(SHMFS_OBJECT_DIR, path, len) == 0 && SHMFS_OBJECT_DIR[len] == '/');
}

static int check_objects(const struct stat *mount_point, const char *path)
{
	struct stat objects;

	if (stat(SHMFS_OBJECT_DIR, &objects) < 0) {
		log_error("%s: %s", SHMFS_OBJECT_DIR, strerror(errno));
		return -1;
	}
	/* The daemon would be its own client, and wait for itself. */
	if ((objects.st_dev == mount_point->st_dev && objects.st_ino == mount_point->st_ino) ||
		is_above_objects(path)) {
		log_error("%s: this would cover %s, where the objects are", path, SHMFS_OBJECT_DIR);
		return -1;
	}
	return 0;
}

/* Takes dead mounts away until the path answers. */
static int revive(const char *path)
{
	struct stat st;

	for (int stale = 0; stat(path, &st) < 0; stale++) {
		if (errno != ENOTCONN || stale == STALE_MAX) {
			log_error("%s: %s", path, strerror(errno));
			return -1;
		}
		if (remove_stale(path) < 0)
			return -1;
	}
	return 0;
}

static int check(const char *path, bool nonempty)
{
	struct stat st;
	char type[64];

	if (stat(path, &st) < 0 || !S_ISDIR(st.st_mode)) {
		log_error("%s: %s", path, strerror(ENOTDIR));
		return -1;
	}
	mount_type(path, type, sizeof(type));
	if (strcmp(type, TYPE) == 0) {
		log_error("%s: busy: shmfs is mounted here already", path);
		return -1;
	}
	if (check_objects(&st, path) < 0)
		return -1;
	return nonempty ? 0 : check_empty(path);
}

int mountpoint_prepare(const char *path, bool nonempty, char **ret_path)
{
	char *lexical = absolute(path);
	char *real;

	if (!lexical) {
		log_error("%s: %s", path, strerror(errno));
		return -1;
	}
	if (revive(lexical) < 0) {
		free(lexical);
		return -1;
	}
	real = realpath(lexical, NULL);
	free(lexical);
	if (!real) {
		log_error("%s: %s", path, strerror(errno));
		return -1;
	}
	if (check(real, nonempty) < 0) {
		free(real);
		return -1;
	}
	*ret_path = real;
	return 0;
}

bool mountpoint_is_gone(int device)
{
	struct pollfd poller = {.fd = device};

	return poll(&poller, 1, 0) == 1 && (poller.revents & POLLERR);
}

void mountpoint_unmount(const char *path, int device)
{
	const bool gone = mountpoint_is_gone(device);

	/* Before, because unmounting asks whoever serves the mount. */
	close(device);
	if (!gone && umount2(path, MNT_DETACH | UMOUNT_NOFOLLOW) < 0 && !run_fusermount(path))
		log_error("%s: cannot unmount", path);
}

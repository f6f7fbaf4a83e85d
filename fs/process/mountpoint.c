/* SPDX-License-Identifier: MIT */
#include "mountpoint.h"

#include "object.h"
#include "request/log.h"
#include "unmounter.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <mntent.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#define TYPE "fuse.shmfs"

/* The limit for mounts of dead daemons on top of each other; more than a few do not occur. */
#define STALE_MAX 16

/*
 * Returns the absolute path without a system call on the last component: on a dead mount it would
 * fail. The caller frees the path. NULL with errno.
 */
static char *absolute_path(const char *path)
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

/* The type of the uppermost mount at exactly this path; "" if no mount is there. */
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

/*
 * Returns the target of a link to a dead mount, or the name itself. realpath(3) would fail: it asks
 * the mount.
 */
static void follow_link(const char *name, char *ret_path, size_t size)
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

/* The functions below that return bool log the reason before they return false. */

static bool remove_stale(const char *path)
{
	char type[64];

	mount_type(path, type, sizeof(type));
	if (strcmp(type, TYPE) != 0) {
		log_error("%s: the dead mount of another file system is in the way", path);
		return false;
	}
	if (umount2(path, MNT_DETACH | UMOUNT_NOFOLLOW) < 0 && !unmounter_run(path)) {
		log_error("%s: cannot unmount the mount of a dead daemon", path);
		return false;
	}
	return true;
}

static bool check_empty(const char *path)
{
	DIR *dir = opendir(path);
	const struct dirent *entry;
	bool empty = true;

	if (!dir) {
		log_error("%s: %s", path, strerror(errno));
		return false;
	}
	while (empty && (entry = readdir(dir)))
		empty = strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0;
	closedir(dir);
	if (!empty)
		log_error("%s: directory is not empty (-o nonempty mounts over it)", path);
	return empty;
}

static bool is_above_objects(const char *path)
{
	const size_t len = strlen(path);

	return strcmp(path, "/") == 0 ||
	       (strncmp(SHMFS_OBJECT_DIR, path, len) == 0 && SHMFS_OBJECT_DIR[len] == '/');
}

/*
 * Is the path below the directory of the objects, or in the file system whose root that directory
 * is?
 */
static bool is_among_objects(const char *path, const struct stat *mount_point)
{
	struct stat objects, above;

	if (strncmp(path, SHMFS_OBJECT_DIR "/", strlen(SHMFS_OBJECT_DIR "/")) == 0)
		return true;
	return stat(SHMFS_OBJECT_DIR, &objects) == 0 && stat(SHMFS_OBJECT_DIR "/..", &above) == 0 &&
	       objects.st_dev != above.st_dev && objects.st_dev == mount_point->st_dev;
}

/*
 * A daemon whose mount covers the objects, or lies among them, would be its own client and wait for
 * itself.
 */
static bool check_objects(const struct stat *mount_point, const char *path)
{
	struct stat objects;

	if (stat(SHMFS_OBJECT_DIR, &objects) < 0) {
		log_error("%s: %s", SHMFS_OBJECT_DIR, strerror(errno));
		return false;
	}
	if ((objects.st_dev == mount_point->st_dev && objects.st_ino == mount_point->st_ino) ||
		is_above_objects(path)) {
		log_error("%s: this would cover %s, where the objects are", path, SHMFS_OBJECT_DIR);
		return false;
	}
	if (is_among_objects(path, mount_point)) {
		log_error("%s: this lies in %s, among the objects", path, SHMFS_OBJECT_DIR);
		return false;
	}
	return true;
}

/* Calls statfs(2), too: the kernel may answer stat(2) from its cache for a moment. */
static bool path_answers(const char *name)
{
	struct statvfs fs;
	struct stat st;

	return stat(name, &st) == 0 && statvfs(name, &fs) == 0;
}

/* Unmounts dead mounts until the path answers. ret_removed: the last one's path, or "". */
static bool remove_dead_mounts(const char *name, char *ret_removed, size_t size)
{
	char path[2 * PATH_MAX];

	ret_removed[0] = '\0';
	for (int stale = 0; !path_answers(name); stale++) {
		if (errno != ENOTCONN || stale == STALE_MAX) {
			log_error("%s: %s", name, strerror(errno));
			return false;
		}
		follow_link(name, path, sizeof(path));
		if (!remove_stale(path))
			return false;
		snprintf(ret_removed, size, "%s", path);
	}
	return true;
}

static bool check_directory(const char *path, bool nonempty)
{
	struct stat st;
	char type[64];

	if (stat(path, &st) < 0 || !S_ISDIR(st.st_mode)) {
		log_error("%s: %s", path, strerror(ENOTDIR));
		return false;
	}
	mount_type(path, type, sizeof(type));
	if (strcmp(type, TYPE) == 0) {
		log_error("%s: busy: shmfs is mounted here already", path);
		return false;
	}
	return check_objects(&st, path) && (nonempty || check_empty(path));
}

/* Returns the real path of `name`, which the caller frees; NULL: a check failed. */
static char *resolve_and_check(const char *name, bool nonempty)
{
	char *path = realpath(name, NULL);

	if (!path) {
		log_error("%s: %s", name, strerror(errno));
	} else if (!check_directory(path, nonempty)) {
		free(path);
		path = NULL;
	}
	return path;
}

char *mountpoint_prepare(const char *path, bool nonempty)
{
	char *lexical = absolute_path(path), *prepared = NULL;
	char removed[2 * PATH_MAX];

	if (!lexical) {
		log_error("%s: %s", path, strerror(errno));
		return NULL;
	}
	if (remove_dead_mounts(lexical, removed, sizeof(removed)))
		prepared = resolve_and_check(lexical, nonempty);
	free(lexical);
	if (prepared && removed[0] != '\0')
		log_info("%s: unmounted the mount of a dead daemon", removed);
	return prepared;
}

bool mountpoint_is_gone(int device)
{
	struct pollfd poller = {.fd = device};

	return poll(&poller, 1, 0) == 1 && (poller.revents & POLLERR);
}

/*
 * The kernel checks the capabilities before the path, and this path is no mount, so the call cannot
 * unmount.
 */
bool mountpoint_can_unmount(void)
{
	return umount2("/proc/self/task", MNT_EXPIRE | UMOUNT_NOFOLLOW) < 0 && errno == EINVAL;
}

int mountpoint_number(const char *path, dev_t *ret_number)
{
	struct statx st;

	if (statx(AT_FDCWD, path, AT_STATX_DONT_SYNC | AT_NO_AUTOMOUNT, 0, &st) < 0)
		return -errno;
	*ret_number = makedev(st.stx_dev_major, st.stx_dev_minor);
	return 0;
}

/*
 * Ends all requests with an error. A worker whose threads are stuck in the kernel still has the
 * device open, and callers would wait for it for ever. Best effort: the control file system may not
 * be mounted.
 */
static void abort_requests(dev_t number)
{
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "/sys/fs/fuse/connections/%u/abort", minor(number));
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return;
	if (write(fd, "1", 1) != 1)
		log_info("%s: %s", path, strerror(errno));
	close(fd);
}

void mountpoint_unmount(const char *path, dev_t number, int device)
{
	const bool gone = mountpoint_is_gone(device);
	dev_t there;

	/* Must come before umount2(2), which would send requests to this unserved device. */
	close(device);
	if (gone)
		return;
	abort_requests(number);
	/* A mount that covers the objects would leave them unreachable: unmount it there, too. */
	if (mountpoint_number(SHMFS_OBJECT_DIR, &there) == 0 && there == number)
		umount2(SHMFS_OBJECT_DIR, MNT_FORCE | MNT_DETACH | UMOUNT_NOFOLLOW);
	if (mountpoint_number(path, &there) < 0 || there != number)
		log_info("%s: the mount of this daemon is not here any more: not unmounted", path);
	else if (umount2(path, MNT_FORCE | MNT_DETACH | UMOUNT_NOFOLLOW) < 0 &&
		 !unmounter_run(path))
		log_error("%s: cannot unmount", path);
}

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

/* All that can be false below has logged why then. */

static bool remove_stale(const char *path)
{
	char type[64];

	mount_type(path, type, sizeof(type));
	if (strcmp(type, TYPE) != 0) {
		log_error("%s: a dead mount is in the way, and not one of ours", path);
		return false;
	}
	if (umount2(path, MNT_DETACH | UMOUNT_NOFOLLOW) < 0 && !unmounter_run(path)) {
		log_error("%s: cannot unmount what a dead daemon left here", path);
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

/* Below their directory, or elsewhere in a file system that it is the root of. */
static bool is_among_objects(const char *path, const struct stat *mount_point)
{
	struct stat objects, above;

	if (strncmp(path, SHMFS_OBJECT_DIR "/", strlen(SHMFS_OBJECT_DIR "/")) == 0)
		return true;
	return stat(SHMFS_OBJECT_DIR, &objects) == 0 && stat(SHMFS_OBJECT_DIR "/..", &above) == 0 &&
	       objects.st_dev != above.st_dev && objects.st_dev == mount_point->st_dev;
}

/* The daemon would be its own client, and wait for itself. */
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

/* Asks statfs(2), too: the kernel may remember for a moment what stat(2) asks. */
static bool answers(const char *name)
{
	struct statvfs fs;
	struct stat st;

	return stat(name, &st) == 0 && statvfs(name, &fs) == 0;
}

/* Takes dead mounts away until the path answers. */
static bool revive(const char *name, char *ret_removed, size_t size)
{
	char path[2 * PATH_MAX];

	ret_removed[0] = '\0';
	for (int stale = 0; !answers(name); stale++) {
		if (errno != ENOTCONN || stale == STALE_MAX) {
			log_error("%s: %s", name, strerror(errno));
			return false;
		}
		follow(name, path, sizeof(path));
		if (!remove_stale(path))
			return false;
		snprintf(ret_removed, size, "%s", path);
	}
	return true;
}

static bool check(const char *path, bool nonempty)
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

/* What `name` leads to, which answers. */
static char *prepare(const char *name, bool nonempty)
{
	char *path = realpath(name, NULL);

	if (!path) {
		log_error("%s: %s", name, strerror(errno));
	} else if (!check(path, nonempty)) {
		free(path);
		path = NULL;
	}
	return path;
}

char *mountpoint_prepare(const char *path, bool nonempty)
{
	char *lexical = absolute(path), *prepared = NULL;
	char removed[2 * PATH_MAX];

	if (!lexical) {
		log_error("%s: %s", path, strerror(errno));
		return NULL;
	}
	if (revive(lexical, removed, sizeof(removed)))
		prepared = prepare(lexical, nonempty);
	free(lexical);
	if (prepared && removed[0] != '\0')
		log_info("%s: unmounted what a dead daemon left here", removed);
	return prepared;
}

bool mountpoint_is_gone(int device)
{
	struct pollfd poller = {.fd = device};

	return poll(&poller, 1, 0) == 1 && (poller.revents & POLLERR);
}

/* The kernel looks at the capabilities first, and here is no mount that it could take away. */
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
 * Ends all requests with an error. A worker that the kernel does not let go has the device open,
 * and callers would wait for it for ever. Best effort: the control file system may not be mounted.
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

	/* Before, because unmounting asks whoever serves the mount. */
	close(device);
	if (gone)
		return;
	abort_requests(number);
	/* Without this the objects could not be reached any more. */
	if (mountpoint_number(SHMFS_OBJECT_DIR, &there) == 0 && there == number)
		umount2(SHMFS_OBJECT_DIR, MNT_FORCE | MNT_DETACH | UMOUNT_NOFOLLOW);
	if (mountpoint_number(path, &there) < 0 || there != number)
		log_info("%s: is another mount, or none: left alone", path);
	else if (umount2(path, MNT_FORCE | MNT_DETACH | UMOUNT_NOFOLLOW) < 0 &&
		 !unmounter_run(path))
		log_error("%s: cannot unmount", path);
}

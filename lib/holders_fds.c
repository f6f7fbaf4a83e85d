/* SPDX-License-Identifier: MIT */
/*
 * The descriptors of a process, from its fd and fdinfo in /proc. The text of a link only tells
 * files from sockets, pipes and the like: it begins with a slash for a file, and for nothing else.
 * The device and inode number come from fdinfo.
 */
#include "holders_private.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#define FUSE_DEVICE "/dev/fuse"

struct descriptors {
	struct scan *scan;
	int task, fds;
};

struct info {
	unsigned flags;
	uint64_t mount, ino;
	bool has_ino;        /* since Linux 5.14 */
	size_t waiting;      /* a Unix socket's: descriptors to be received */
	unsigned connection; /* of FUSE; 0: none */
};

static const char *value_of(const char *text, const char *key)
{
	const char *at = strstr(text, key);

	return at ? at + strlen(key) : NULL;
}

/* Keys stand at the beginning of a line, and all that is wanted before anything that names itself.
 */
static void parse_info(const char *text, struct info *ret_info)
{
	const char *flags = value_of(text, "\nflags:\t"), *mount = value_of(text, "\nmnt_id:\t"),
		   *ino = value_of(text, "\nino:\t"), *waiting = value_of(text, "\nscm_fds: "),
		   *connection = value_of(text, "\nfuse_connection:\t");

	*ret_info = (struct info){
		.flags = flags ? (unsigned)strtoul(flags, NULL, 8) : 0,
		.mount = mount ? strtoull(mount, NULL, 10) : 0,
		.ino = ino ? strtoull(ino, NULL, 10) : 0,
		.has_ino = ino != NULL,
		.waiting = waiting ? strtoul(waiting, NULL, 10) : 0,
		.connection = connection ? (unsigned)strtoul(connection, NULL, 10) : 0,
	};
}

static int read_info(const struct descriptors *of, uint64_t number, struct info *ret_info)
{
	char path[48], text[4096];
	ssize_t length;

	snprintf(path, sizeof(path), "fdinfo/%" PRIu64, number);
	length = shmfs_process_text(of->task, path, text, sizeof(text));
	if (length == -ENOSPC) { /* many locks or watches; the wanted lines stand before them */
		text[sizeof(text) - 1] = '\0';
		length = sizeof(text) - 1;
	}
	if (length < 0)
		return (int)length;
	parse_info(text, ret_info);
	return 0;
}

/*
 * The kernel answers this from memory: FUSE and network file systems do not ask their servers when
 * no attributes are wanted and none need be fresh. Device and inode number are always told.
 */
static int look_at_file(int dir, const char *name, struct statx *ret_stx)
{
	if (statx(dir, name, AT_STATX_DONT_SYNC | AT_NO_AUTOMOUNT, 0, ret_stx) < 0)
		return errno == ENOENT ? -ESRCH : -errno;
	return 0;
}

static int look_by_number(const struct descriptors *of, uint64_t number, struct statx *ret_stx)
{
	char name[24];

	snprintf(name, sizeof(name), "%" PRIu64, number);
	return look_at_file(of->fds, name, ret_stx);
}

/* The device of a mount that is in no namespace known so far: perhaps in that of a process in a
   chroot, perhaps in none. *ret_mount may be NULL. */
static int find_unknown(
	struct descriptors *of, uint64_t number, uint64_t id, const struct shmfs_mount **ret_mount)
{
	struct scan *scan = of->scan;
	struct statx stx;
	uint64_t space;
	int r;

	if (!scan->has_asked) {
		scan->has_asked = true;
		r = shmfs_mounts_add(scan->out->mounts, scan->process.pid, of->task, true, &space);
		if (r < 0)
			return r;
		*ret_mount = shmfs_mounts_by_id(scan->out->mounts, id);
		if (*ret_mount)
			return 0;
	}
	r = look_by_number(of, number, &stx);
	if (r < 0)
		return r;
	r = shmfs_mounts_note(scan->out->mounts, id, makedev(stx.stx_dev_major, stx.stx_dev_minor));
	*ret_mount = shmfs_mounts_by_id(scan->out->mounts, id);
	return r;
}

static uint16_t how_of(unsigned flags)
{
	if (flags & O_PATH)
		return SHMFS_HOLD_FD_PATH;
	switch (flags & O_ACCMODE) {
	case O_RDONLY:
		return SHMFS_HOLD_FD_READ;
	case O_WRONLY:
		return SHMFS_HOLD_FD_WRITE;
	default:
		return SHMFS_HOLD_FD_READ | SHMFS_HOLD_FD_WRITE;
	}
}

static int take_file(struct descriptors *of, uint64_t number, struct info *info)
{
	struct scan *scan = of->scan;
	const struct shmfs_mount *mount = shmfs_mounts_by_id(scan->out->mounts, info->mount);
	struct statx stx;
	int r = mount ? 0 : find_unknown(of, number, info->mount, &mount);

	if (r < 0 || !mount || !scan_wants(scan, mount->dev))
		return r;
	if (!info->has_ino) {
		r = look_by_number(of, number, &stx);
		if (r < 0)
			return r;
		info->ino = stx.stx_ino;
	}
	return scan_found(scan, &(struct shmfs_holder){.dev = mount->dev,
					.ino = info->ino,
					.fd = (int)number,
					.mount = mount->point ? mount : NULL,
					.how = how_of(info->flags)});
}

static int take_descriptor(uint64_t number, void *arg)
{
	struct descriptors *of = arg;
	char name[24], text[16] = "";
	struct info info;
	int r;

	snprintf(name, sizeof(name), "%" PRIu64, number);
	if (readlinkat(of->fds, name, text, sizeof(text) - 1) < 0)
		return 0; /* closed meanwhile */
	if (text[0] != '/' && strncmp(text, "socket:", 7) != 0)
		return 0;
	r = read_info(of, number, &info);
	if (r == 0) {
		of->scan->out->unseen.in_flight += info.waiting;
		if (text[0] == '/')
			r = take_file(of, number, &info);
		if (r == 0 && info.connection && strcmp(text, FUSE_DEVICE) == 0)
			r = scan_found_daemon(of->scan, makedev(0, info.connection));
	}
	return r == -ENOMEM ? r : 0;
}

int scan_descriptors(struct scan *scan, int task)
{
	struct descriptors of = {.scan = scan, .task = task};
	int r;

	of.fds = openat(task, "fd", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (of.fds < 0)
		return errno == ENOENT ? -ESRCH : -errno;
	r = shmfs_process_numbers(of.fds, take_descriptor, &of);
	close(of.fds);
	return r;
}

/* Does this path lead into a file system that counts? Only then it is looked at. */
static bool leads_in(const struct scan *scan, const char *path)
{
	const struct shmfs_mount *mount;

	for (size_t i = 0; (mount = shmfs_mounts_at(scan->out->mounts, i)); i++)
		if (mount->space == scan->space && scan_wants(scan, mount->dev) &&
			strncmp(path, mount->point, strlen(mount->point)) == 0)
			return true;
	return false;
}

/* Directories have no fdinfo where a process only lives in them. */
static int take_place(struct scan *scan, int task, const char *name)
{
	const struct shmfs_mount *mount;
	char path[PATH_MAX] = "";
	struct statx stx;
	dev_t dev;

	if (readlinkat(task, name, path, sizeof(path) - 1) < 0 || !leads_in(scan, path) ||
		look_at_file(task, name, &stx) < 0)
		return 0;
	dev = makedev(stx.stx_dev_major, stx.stx_dev_minor);
	if (!scan_wants(scan, dev))
		return 0;
	mount = shmfs_mounts_of(scan->out->mounts, dev, scan->space);
	return scan_found(scan, &(struct shmfs_holder){.dev = dev,
					.ino = stx.stx_ino,
					.fd = -1,
					.mount = mount,
					.how = SHMFS_HOLD_AS_PLACE});
}

int scan_places(struct scan *scan, int task)
{
	const int r = take_place(scan, task, "cwd");

	return r < 0 ? r : take_place(scan, task, "root");
}

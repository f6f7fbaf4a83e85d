/* SPDX-License-Identifier: MIT */
#include "run_share.h"

#include "kernel.h"
#include "run_say.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

static bool has(int dir, const char *name, const struct stat *object)
{
	struct stat st;

	return fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && st.st_dev == object->st_dev &&
	       st.st_ino == object->st_ino;
}

/* The descriptor is linked, because the name may lead to another object by now. */
static int link_object(int object, int dir, const char *name)
{
	char path[32];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", object);
	return linkat(AT_FDCWD, path, dir, name, AT_SYMLINK_FOLLOW) < 0 ? -errno : 0;
}

static int replace(int object, int dir, const char *name)
{
	char free_name[64];
	int r;

	snprintf(free_name, sizeof(free_name), ".shmfs-share-%d", getpid());
	r = link_object(object, dir, free_name);
	if (r == 0 && renameat(dir, free_name, dir, name) < 0) {
		r = -errno;
		unlinkat(dir, free_name, 0);
	}
	return r;
}

static int link_share(
	const struct run_share *share, const struct run_directory *directory, bool replaces)
{
	const int object = kernel_open_below(directory->base, share->host, O_PATH | O_NOFOLLOW);
	struct stat st;
	int r = 0;

	if (object < 0)
		return object;
	if (fstat(object, &st) < 0)
		r = -errno;
	else if (!S_ISREG(st.st_mode))
		r = -EINVAL;
	else if (!has(directory->fd, share->name, &st))
		r = link_object(object, directory->fd, share->name);
	if (r == -EEXIST && replaces)
		r = replace(object, directory->fd, share->name);
	close(object);
	return r;
}

static const char *reason_of(int error)
{
	switch (error) {
	case -EEXIST:
		return "the namespace has another object of this name";
	case -EINVAL:
	case -ELOOP:
		return "not an object";
	case -EPERM:
		return "only an object that is yours, or that you may read and write, can be "
		       "shared";
	default:
		return strerror(-error);
	}
}

int run_share_link_all(const struct run_options *options, const struct run_directory *directory)
{
	for (size_t i = 0; i < options->share_count; i++) {
		const struct run_share *share = &options->shares[i];
		const int r = link_share(share, directory, share->later);

		if (r < 0 && !(r == -ENOENT && share->later))
			return run_say("cannot share %s: %s", share->host, reason_of(r));
	}
	return 0;
}

/* The directory that the object is in, or will be. */
static int watch_directory(int watch, int base, const char *host)
{
	const char *slash = strrchr(host, '/');
	char parent[PATH_MAX], path[32];
	int dir, r = 0;

	snprintf(parent, sizeof(parent), "%.*s", slash ? (int)(slash - host) : 1,
		slash ? host : ".");
	dir = kernel_open_below(base, parent, O_PATH | O_DIRECTORY);
	if (dir < 0)
		return dir;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", dir);
	/* An owner or a mode that is set later may make it possible to link the object. */
	if (inotify_add_watch(watch, path, IN_CREATE | IN_MOVED_TO | IN_ATTRIB | IN_ONLYDIR) < 0)
		r = -errno;
	close(dir);
	return r;
}

int run_share_watch(const struct run_options *options, const struct run_directory *directory)
{
	int watch = -1, r = 0;

	for (size_t i = 0; i < options->share_count && r == 0; i++) {
		if (!options->shares[i].later)
			continue;
		if (watch < 0)
			watch = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
		r = watch < 0 ? -errno
			      : watch_directory(watch, directory->base, options->shares[i].host);
	}
	if (r < 0 && watch >= 0)
		close(watch);
	return r < 0 ? r : watch;
}

/* Any event can mean any of the objects: there are few of them. */
void run_share_follow(
	int watch, const struct run_options *options, const struct run_directory *directory)
{
	char events[4096];

	while (read(watch, events, sizeof(events)) > 0)
		;
	for (size_t i = 0; i < options->share_count; i++)
		if (options->shares[i].later)
			link_share(&options->shares[i], directory, true);
}

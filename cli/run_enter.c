/* SPDX-License-Identifier: MIT */
#include "run_enter.h"

#include "kernel.h"
#include "run_obstacle.h"
#include "run_say.h"
#include "top.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/statfs.h>
#include <unistd.h>

static int write_file(const char *path, const char *text)
{
	const int fd = open(path, O_WRONLY | O_CLOEXEC);
	int r = 0;

	if (fd < 0)
		return -errno;
	if (write(fd, text, strlen(text)) < 0)
		r = -errno;
	close(fd);
	return r;
}

static int map_id(const char *path, unsigned id)
{
	char text[64];

	snprintf(text, sizeof(text), "%u %u 1", id, id);
	return write_file(path, text);
}

/* The kernel wants the groups fixed before an ordinary user maps one: see user_namespaces(7). */
static int map_ids(uid_t uid, gid_t gid)
{
	int r = map_id("/proc/self/uid_map", uid);

	if (r == 0)
		r = write_file("/proc/self/setgroups", "deny");
	if (r == -ENOENT || r == 0)
		r = map_id("/proc/self/gid_map", gid);
	return r;
}

/*
 * In a chroot whose / is no mount point only the top of the mount namespace can be told that
 * nothing is to get out. This process goes there and comes back.
 */
static int stop_propagation_from_the_top(void)
{
	const int root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	const int here = open(".", O_PATH | O_DIRECTORY | O_CLOEXEC);
	int r = root < 0 || here < 0 ? -errno : shmfs_top_enter(RUN_OBJECTS);

	if (r == 0 && mount(NULL, ".", NULL, MS_REC | MS_SLAVE, NULL) < 0)
		r = -errno;
	if (root >= 0 && (fchdir(root) < 0 || chroot(".") < 0))
		r = -errno;
	if (here >= 0 && fchdir(here) < 0)
		r = -errno;
	close(root);
	close(here);
	return r;
}

static int stop_propagation(void)
{
	if (mount(NULL, "/", NULL, MS_REC | MS_SLAVE, NULL) == 0)
		return 0;
	return errno == EINVAL ? stop_propagation_from_the_top() : -errno;
}

int run_enter_new(int flags)
{
	const uid_t uid = geteuid();
	const gid_t gid = getegid();
	int r = 0;

	if (unshare(flags) < 0) {
		if (errno != EPERM)
			return run_obstacle_say(-errno);
		if (unshare(flags | CLONE_NEWUSER) < 0)
			return run_obstacle_say(-errno);
		/* In a new user namespace the kernel itself has stopped the propagation. */
		r = map_ids(uid, gid);
	} else if (flags & CLONE_NEWNS) {
		r = stop_propagation();
	}
	return r == 0 ? 0 : run_obstacle_say(r);
}

/* Ordinary users cannot unmount the present mount there. It is mounted over then. */
static void clear_objects(void)
{
	while (umount2(RUN_OBJECTS, MNT_DETACH) == 0)
		;
}

static bool is_in_objects(void)
{
	struct stat here, objects;

	return stat(".", &here) == 0 && stat(RUN_OBJECTS, &objects) == 0 &&
	       here.st_dev == objects.st_dev && here.st_ino == objects.st_ino;
}

/* A program that is started in /dev/shm finds its own. */
static int come_along(bool was_in_objects)
{
	if (was_in_objects && chdir(RUN_OBJECTS) < 0)
		return run_say("%s: %s", RUN_OBJECTS, strerror(errno));
	return 0;
}

int run_enter_tree(int tree)
{
	const bool was_in_objects = is_in_objects();
	int r;

	clear_objects();
	r = kernel_attach_mount(tree, RUN_OBJECTS);
	if (r < 0)
		return run_say("cannot mount at %s: %s", RUN_OBJECTS, strerror(-r));
	return come_along(was_in_objects);
}

int run_enter_directory(const struct run_directory *directory, const char *base, const char *name)
{
	int tree, r, fd = run_directory_open_again(directory, base, name);

	if (fd < 0)
		return run_say("%s/%s: not the namespace any more: %s", base, name, strerror(-fd));
	tree = kernel_clone_mount(fd);
	close(fd);
	if (tree < 0)
		return run_obstacle_say(tree);
	r = run_enter_tree(tree);
	close(tree);
	return r;
}

int run_enter_tmpfs(uint64_t size)
{
	const bool was_in_objects = is_in_objects();
	char options[64];

	clear_objects();
	snprintf(options, sizeof(options), "mode=1777,size=%" PRIu64, size);
	if (mount("shmfs-run", RUN_OBJECTS, "tmpfs", MS_NOSUID | MS_NODEV, options) < 0)
		return run_obstacle_say(-errno);
	return come_along(was_in_objects);
}

int run_enter_tmp(const char *path)
{
	const int fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	int tree, r = fd < 0 ? -errno : 0;

	if (r < 0)
		return run_say("%s: %s", path, strerror(-r));
	tree = kernel_clone_mount(fd);
	close(fd);
	r = tree < 0 ? tree : kernel_attach_mount(tree, "/tmp");
	if (tree >= 0)
		close(tree);
	return r < 0 ? run_say("cannot mount %s at /tmp: %s", path, strerror(-r)) : 0;
}

int run_enter_check_size(uint64_t size)
{
	struct statfs fs;
	uint64_t block, given;

	if (statfs(RUN_OBJECTS, &fs) < 0)
		return run_say("%s: %s", RUN_OBJECTS, strerror(errno));
	block = (uint64_t)fs.f_bsize;
	given = (uint64_t)fs.f_blocks * block;
	if (given == (size + block - 1) / block * block)
		return 0;
	return run_say("the namespace has another --size already: %" PRIu64 " bytes", given);
}

void run_enter_queues(void)
{
	mount("mqueue", "/dev/mqueue", "mqueue", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL);
}

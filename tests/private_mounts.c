/* SPDX-License-Identifier: MIT */
#include "private_mounts.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static bool is_same(const struct stat *one, const struct stat *other)
{
	return one->st_dev == other->st_dev && one->st_ino == other->st_ino;
}

/* Once the working directory is not below the root directory, ".." leads up to the top. */
static int go_to_the_top(void)
{
	struct stat here, above;

	if (chdir("/") < 0 || chroot("/proc") < 0 || stat(".", &here) < 0)
		return -errno;
	for (;;) {
		if (chdir("..") < 0 || stat(".", &above) < 0)
			return -errno;
		if (is_same(&here, &above))
			return 0;
		here = above;
	}
}

/*
 * Makes the root directory a mount point, the root of the namespace: elsewhere the kernel refuses
 * user namespaces, too.
 */
static int make_root(int dir)
{
	const int tree = open_tree(
		dir, "", AT_EMPTY_PATH | AT_RECURSIVE | OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
	int r = 0;

	if (tree < 0 ||
		move_mount(tree, "", dir, "", MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH) <
			0 ||
		fchdir(tree) < 0 || syscall(SYS_pivot_root, ".", ".") < 0 ||
		umount2(".", MNT_DETACH) < 0)
		r = -errno;
	close(tree);
	return r;
}

/* The kernel sets the propagation of mount points only: this process goes to one. */
static int private_chroot(void)
{
	const int root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	char here[PATH_MAX];
	int r;

	if (root < 0 || !getcwd(here, sizeof(here)))
		return -errno;
	r = go_to_the_top();
	if (r == 0 && (chroot(".") < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0))
		r = -errno;
	if (r == 0)
		r = make_root(root);
	if (r == 0 && chdir(here) < 0)
		r = -errno;
	close(root);
	return r;
}

int private_mounts(void)
{
	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0)
		return 0;
	return errno == EINVAL ? private_chroot() : -errno;
}

/* SPDX-License-Identifier: MIT */
#include "private_mounts.h"

#include "top.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <unistd.h>

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
	r = shmfs_top_enter("/proc");
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

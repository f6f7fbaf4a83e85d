/* SPDX-License-Identifier: MIT */
#include "kernel.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Not in the headers of C libraries before glibc 2.36. */
#ifndef OPEN_TREE_CLONE
#define OPEN_TREE_CLONE 1
#endif
#ifndef OPEN_TREE_CLOEXEC
#define OPEN_TREE_CLOEXEC O_CLOEXEC
#endif
#ifndef MOVE_MOUNT_F_EMPTY_PATH
#define MOVE_MOUNT_F_EMPTY_PATH 0x04
#endif
#ifndef MOVE_MOUNT_T_SYMLINKS
#define MOVE_MOUNT_T_SYMLINKS 0x10
#endif

static int result(long r)
{
	return r < 0 ? -errno : (int)r;
}

int kernel_open_below(int dir, const char *path, int flags)
{
	const struct open_how how = {.flags = (unsigned)(flags | O_CLOEXEC),
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_XDEV};

	return result(syscall(SYS_openat2, dir, path, &how, sizeof(how)));
}

int kernel_clone_mount(int dir)
{
	return result(syscall(
		SYS_open_tree, dir, "", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH));
}

int kernel_attach_mount(int tree, const char *path)
{
	return result(syscall(SYS_move_mount, tree, "", AT_FDCWD, path,
		MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_SYMLINKS));
}

int kernel_open_process(pid_t pid)
{
	return result(syscall(SYS_pidfd_open, pid, 0));
}

int kernel_signal_process(int pidfd, int sig, siginfo_t *info)
{
	return result(syscall(SYS_pidfd_send_signal, pidfd, sig, info, 0));
}

int kernel_take_descriptor(int pidfd, int fd)
{
	return result(syscall(SYS_pidfd_getfd, pidfd, fd, 0));
}

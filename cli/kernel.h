/* SPDX-License-Identifier: MIT */
/*
 * System calls that older C libraries have no functions for. As everywhere here they return 0 or
 * a descriptor, or -errno; descriptors are close-on-exec.
 */
#ifndef SHMFS_CLI_KERNEL_H
#define SHMFS_CLI_KERNEL_H

#include <signal.h>
#include <sys/types.h>

/*
 * openat2(2) of an entry of the directory: flags are those of open(2). The path is walked without
 * symbolic links, without "..", and without another mount; -ELOOP, -EXDEV say so.
 */
int kernel_open_below(int dir, const char *path, int flags);

/* open_tree(2): a copy of the mount that the directory lies in, with the directory as its root. */
int kernel_clone_mount(int dir);

/* move_mount(2): attaches what kernel_clone_mount() returned. */
int kernel_attach_mount(int tree, const char *path);

/* pidfd_open(2), pidfd_send_signal(2) with info for signals of sigqueue(3) or NULL. */
int kernel_open_process(pid_t pid);
int kernel_signal_process(int pidfd, int sig, siginfo_t *info);

/* pidfd_getfd(2): the descriptor of another process. */
int kernel_take_descriptor(int pidfd, int fd);

#endif

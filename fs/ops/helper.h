/* SPDX-License-Identifier: MIT */
/*
 * A process that allocates in place of the calling thread. The kernel charges its allocations to
 * the memory cgroup of that process, and a signal ends its system call, which takes back the
 * memory allocated so far.
 *
 * Each thread has a helper of its own, from its first call until a while after its last one. The
 * helper shares the descriptors of the daemon.
 */
#ifndef SHMFS_HELPER_H
#define SHMFS_HELPER_H

#include <stddef.h>
#include <sys/types.h>

struct shmfs_cgroups;

/* fallocate(2), or with `from` copy_file_range(2). */
struct allocation {
	int fd;
	int mode; /* of fallocate(2) */
	off_t offset, length;
	int from; /* -1: no copy */
	off_t from_offset;
};

/* In the calling thread. Returns 0, the number of bytes copied, or -errno. */
ssize_t allocation_run(const struct allocation *allocation);

/* Asked again and again meanwhile: the signal to send, SIGUSR2 or SIGKILL, or 0. */
typedef int helper_signal_fn(void *arg);

/*
 * In the helper, and in the cgroup with this path; NULL: in the daemon's own. Returns as above:
 * -ENOMEM when the kernel has killed the helper because memory is short, -EINTR after a signal,
 * -ESRCH when there can be no helper in that cgroup. The thread has the daemon's own identity.
 */
ssize_t helper_run(const struct shmfs_cgroups *cgroups, const char *path,
	const struct allocation *allocation, helper_signal_fn *signal, void *arg);

/* Before the first call. No child process of the daemon can be waited for until helper_end(). */
void helper_init(void);
void helper_end(void);

#endif

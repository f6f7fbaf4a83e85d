/* SPDX-License-Identifier: MIT */
/*
 * Preloaded into the daemon (LD_PRELOAD): lets it die just before it answers a request: all is
 * done, and the kernel does not know. SHMFS_TEST_DIE is a file with a number (int): how many
 * answers from now it is; 0: never; below 0: each of them is a fault of its own. While the second
 * number is not 0 each rename ends the daemon by a fault of its own. SHMFS_TEST_NO_HANDLES: the
 * daemon may not use file handles.
 */
#include "no_handles.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <unistd.h>

static atomic_int *countdown;
static ssize_t (*real_writev)(int fd, const struct iovec *iov, int count);
static int (*real_renameat2)(
	int from_dir, const char *from, int to_dir, const char *to, unsigned flags);

__attribute__((constructor)) static void prepare(void)
{
	const char *path = getenv("SHMFS_TEST_DIE");
	const int fd = path ? open(path, O_RDWR | O_CLOEXEC) : -1;
	void *map = MAP_FAILED;

	/* As POSIX wants it to be written; ISO C knows no such conversion. */
	*(void **)&real_writev = dlsym(RTLD_NEXT, "writev");
	*(void **)&real_renameat2 = dlsym(RTLD_NEXT, "renameat2");
	if (fd >= 0)
		map = mmap(NULL, 2 * sizeof(*countdown), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (map != MAP_FAILED)
		countdown = map;
	if (fd >= 0)
		close(fd);
	if (getenv("SHMFS_TEST_NO_HANDLES"))
		lose_handles();
}

static void count(void)
{
	int left = countdown ? atomic_load(countdown) : 0;

	while (left > 0 && !atomic_compare_exchange_weak(countdown, &left, left - 1))
		;
	if (left < 0)
		abort();
	if (left == 1)
		kill(getpid(), SIGKILL);
}

ssize_t writev(int fd, const struct iovec *iov, int iov_count)
{
	count();
	return real_writev(fd, iov, iov_count);
}

int renameat2(int from_dir, const char *from, int to_dir, const char *to, unsigned flags)
{
	if (countdown && atomic_load(&countdown[1]) != 0)
		abort();
	return real_renameat2(from_dir, from, to_dir, to, flags);
}

/* SPDX-License-Identifier: MIT */
/* In the daemon, linked with --wrap for each of these calls: see faults.h. */
#include "faults.h"

#include "../mount/no_handles.h"

#include "../../fs/request/fuse3.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>

#include <pthread.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/syscall.h>
#include <unistd.h>

static struct faults *faults;

/* The next allocation of this thread is not one that fails. */
static _Thread_local bool spared;

__attribute__((constructor)) static void map_faults(void)
{
	const char *path = getenv("SHMFS_TEST_FAULTS");
	const int fd = path ? open(path, O_RDWR | O_CLOEXEC) : -1;
	void *map = MAP_FAILED;

	if (fd >= 0) {
		map = mmap(NULL, sizeof(*faults), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
		close(fd);
	}
	if (map != MAP_FAILED)
		faults = map;
	if (getenv("SHMFS_TEST_NO_HANDLES"))
		lose_handles();
}

static bool fails(enum fault fault, int error)
{
	if (!faults || atomic_load(&faults->kinds[fault].times) <= 0 ||
		atomic_fetch_sub(&faults->kinds[fault].after, 1) > 0 ||
		atomic_fetch_sub(&faults->kinds[fault].times, 1) <= 0)
		return false;
	errno = error;
	return true;
}

/* The declaration of a call as it is, and as the linker knows both. */
#define WRAPPED(type, name, ...)         \
	type __real_##name(__VA_ARGS__); \
	type __wrap_##name(__VA_ARGS__); \
	type __wrap_##name(__VA_ARGS__)

/* --- memory --- */

static bool no_memory(void)
{
	const bool spare = spared;

	spared = false;
	return !spare && fails(FAULT_MEMORY, ENOMEM);
}

static void *counted(void *memory)
{
	if (faults && memory)
		atomic_fetch_add(&faults->live, 1);
	return memory;
}

WRAPPED(void *, malloc, size_t size)
{
	return no_memory() ? NULL : counted(__real_malloc(size));
}

WRAPPED(void *, calloc, size_t n, size_t size)
{
	return no_memory() ? NULL : counted(__real_calloc(n, size));
}

WRAPPED(void *, aligned_alloc, size_t alignment, size_t size)
{
	return no_memory() ? NULL : counted(__real_aligned_alloc(alignment, size));
}

WRAPPED(char *, strdup, const char *text)
{
	return no_memory() ? NULL : counted(__real_strdup(text));
}

WRAPPED(void *, realloc, void *memory, size_t size)
{
	void *moved = no_memory() ? NULL : __real_realloc(memory, size);

	return memory ? moved : counted(moved);
}

WRAPPED(void *, reallocarray, void *memory, size_t n, size_t size)
{
	void *moved = no_memory() ? NULL : __real_reallocarray(memory, n, size);

	return memory ? moved : counted(moved);
}

WRAPPED(int, posix_memalign, void **ret_memory, size_t alignment, size_t size)
{
	int error;

	if (no_memory())
		return ENOMEM;
	error = __real_posix_memalign(ret_memory, alignment, size);
	if (error == 0)
		counted(*ret_memory);
	return error;
}

WRAPPED(void, free, void *memory)
{
	if (faults && memory)
		atomic_fetch_sub(&faults->live, 1);
	__real_free(memory);
}

/* The C library allocates in these, and is not wrapped. */
WRAPPED(FILE *, fdopen, int fd, const char *mode)
{
	return no_memory() ? NULL : __real_fdopen(fd, mode);
}

WRAPPED(void *, mmap64, void *at, size_t len, int prot, int flags, int fd, off64_t offset)
{
	return no_memory() ? MAP_FAILED : __real_mmap64(at, len, prot, flags, fd, offset);
}

/*
 * libfuse answers a request for which it has no memory with ENOMEM. A request without an answer is
 * lost then, and so is the reference it gives back: no test can expect it.
 */
WRAPPED(void, fuse_session_process_buf, struct fuse_session *session, const struct fuse_buf *buf)
{
	enum { FORGET = 2, RELEASE = 18, RELEASEDIR = 29, BATCH_FORGET = 42 };
	const uint32_t *header = buf->mem;
	const uint32_t opcode = header[1];

	spared = opcode == FORGET || opcode == RELEASE || opcode == RELEASEDIR ||
		 opcode == BATCH_FORGET;
	__real_fuse_session_process_buf(session, buf);
	spared = false;
}

/* --- descriptors, interruptions --- */

static bool cannot_open(void)
{
	return fails(FAULT_DESCRIPTOR, EMFILE) || fails(FAULT_INTERRUPT, EINTR);
}

int __real_open64(const char *path, int flags, ...);
int __wrap_open64(const char *path, int flags, ...);
int __wrap_open64(const char *path, int flags, ...)
{
	va_list args;
	mode_t mode = 0;

	va_start(args, flags);
	if (flags & O_CREAT || (flags & O_TMPFILE) == O_TMPFILE)
		mode = va_arg(args, mode_t);
	va_end(args);
	return cannot_open() ? -1 : __real_open64(path, flags, mode);
}

/* The commands used here have one more argument at most, and no structures. */
int __real_fcntl64(int fd, int command, ...);
int __wrap_fcntl64(int fd, int command, ...);
int __wrap_fcntl64(int fd, int command, ...)
{
	va_list args;
	long arg;

	va_start(args, command);
	arg = va_arg(args, long);
	va_end(args);
	if (command == F_DUPFD_CLOEXEC && fails(FAULT_DESCRIPTOR, EMFILE))
		return -1;
	return __real_fcntl64(fd, command, arg);
}

int __real_openat64(int dir, const char *path, int flags, ...);
int __wrap_openat64(int dir, const char *path, int flags, ...);
int __wrap_openat64(int dir, const char *path, int flags, ...)
{
	va_list args;
	mode_t mode = 0;

	va_start(args, flags);
	if (flags & O_CREAT || (flags & O_TMPFILE) == O_TMPFILE)
		mode = va_arg(args, mode_t);
	va_end(args);
	return cannot_open() ? -1 : __real_openat64(dir, path, flags, mode);
}

WRAPPED(int, open_by_handle_at, int mount, struct file_handle *handle, int flags)
{
	return no_memory() || cannot_open() ? -1 : __real_open_by_handle_at(mount, handle, flags);
}

WRAPPED(int, name_to_handle_at, int dir, const char *name, struct file_handle *handle,
	int *ret_mount, int flags)
{
	return no_memory() ? -1 : __real_name_to_handle_at(dir, name, handle, ret_mount, flags);
}

WRAPPED(int, memfd_create, const char *name, unsigned flags)
{
	return fails(FAULT_DESCRIPTOR, EMFILE) ? -1 : __real_memfd_create(name, flags);
}

WRAPPED(int, pipe2, int fds[2], int flags)
{
	return fails(FAULT_DESCRIPTOR, EMFILE) ? -1 : __real_pipe2(fds, flags);
}

WRAPPED(int, dup, int fd)
{
	return fails(FAULT_DESCRIPTOR, EMFILE) ? -1 : __real_dup(fd);
}

WRAPPED(DIR *, opendir, const char *path)
{
	return no_memory() || cannot_open() ? NULL : __real_opendir(path);
}

static bool interrupted(void)
{
	return fails(FAULT_INTERRUPT, EINTR);
}

WRAPPED(ssize_t, getrandom, void *buf, size_t size, unsigned flags)
{
	return interrupted() ? -1 : __real_getrandom(buf, size, flags);
}

WRAPPED(ssize_t, getdents64, int fd, void *buf, size_t size)
{
	return no_memory() || interrupted() ? -1 : __real_getdents64(fd, buf, size);
}

WRAPPED(ssize_t, read, int fd, void *buf, size_t size)
{
	return interrupted() ? -1 : __real_read(fd, buf, size);
}

WRAPPED(ssize_t, pread64, int fd, void *buf, size_t size, off64_t offset)
{
	return interrupted() ? -1 : __real_pread64(fd, buf, size, offset);
}

WRAPPED(ssize_t, pwrite64, int fd, const void *buf, size_t size, off64_t offset)
{
	return interrupted() ? -1 : __real_pwrite64(fd, buf, size, offset);
}

WRAPPED(int, truncate64, const char *path, off64_t size)
{
	return interrupted() ? -1 : __real_truncate64(path, size);
}

WRAPPED(int, ftruncate64, int fd, off64_t size)
{
	return interrupted() ? -1 : __real_ftruncate64(fd, size);
}

WRAPPED(int, fallocate64, int fd, int mode, off64_t offset, off64_t len)
{
	return interrupted() ? -1 : __real_fallocate64(fd, mode, offset, len);
}

/* --- processes and threads --- */

WRAPPED(pid_t, fork, void)
{
	return fails(FAULT_PROCESS, EAGAIN) ? -1 : __real_fork();
}

long __real_syscall(long number, ...);
long __wrap_syscall(long number, ...);
/* It takes more arguments than some callers give, as syscall(2) itself does. */
__attribute__((no_sanitize("address"))) long __wrap_syscall(long number, ...)
{
	va_list args;
	long arg[6];

	va_start(args, number);
	for (size_t i = 0; i < sizeof(arg) / sizeof(arg[0]); i++)
		arg[i] = va_arg(args, long);
	va_end(args);
	if (number == SYS_clone && fails(FAULT_PROCESS, EAGAIN))
		return -1;
	return __real_syscall(number, arg[0], arg[1], arg[2], arg[3], arg[4], arg[5]);
}

WRAPPED(int, pthread_create, pthread_t *ret_thread, const pthread_attr_t *attr,
	void *(*start)(void *), void *arg)
{
	return fails(FAULT_THREAD, EAGAIN) ? EAGAIN
					   : __real_pthread_create(ret_thread, attr, start, arg);
}

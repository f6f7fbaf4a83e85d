/* SPDX-License-Identifier: MIT */
#include "region_world.h"

#include "sigbus.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <unistd.h>

struct interference interference;

static struct world world;

/* The real ones are named as the C library names them for 64-bit offsets. */
int __real_mincore(void *addr, size_t len, unsigned char *vec);
int __wrap_mincore(void *addr, size_t len, unsigned char *vec);
ssize_t __real_pread64(int fd, void *buf, size_t size, off_t offset);
ssize_t __wrap_pread64(int fd, void *buf, size_t size, off_t offset);
ssize_t __real_pwrite64(int fd, const void *buf, size_t size, off_t offset);
ssize_t __wrap_pwrite64(int fd, const void *buf, size_t size, off_t offset);
ssize_t __real_pwritev64v2(int fd, const struct iovec *iov, int count, off_t offset, int flags);
ssize_t __wrap_pwritev64v2(int fd, const struct iovec *iov, int count, off_t offset, int flags);
void *__real_mmap64(void *addr, size_t len, int prot, int flags, int fd, off_t offset);
void *__wrap_mmap64(void *addr, size_t len, int prot, int flags, int fd, off_t offset);
void *__real_mremap(void *old, size_t old_len, size_t len, int flags, ...);
void *__wrap_mremap(void *old, size_t old_len, size_t len, int flags, ...);

static void happen(void (**moment)(struct world *w))
{
	void (*now)(struct world * w) = *moment;
	const int saved = errno;

	if (!now)
		return;
	*moment = NULL;
	now(&world);
	errno = saved;
}

int __wrap_mincore(void *addr, size_t len, unsigned char *vec)
{
	const int r = __real_mincore(addr, len, vec);

	/* One page is not a transfer: that is how the region finds out whether the answers are
	 * true. */
	if (len > (size_t)sysconf(_SC_PAGESIZE))
		happen(&interference.after_check);
	return r;
}

/* Is this call one of those to be interrupted? */
static bool is_interrupted(void)
{
	if (interference.interrupt == 0)
		return false;
	interference.interrupt--;
	errno = EINTR;
	return true;
}

ssize_t __wrap_pread64(int fd, void *buf, size_t size, off_t offset)
{
	const size_t limit = interference.short_reads ? interference.short_reads : size;
	ssize_t n;

	if (is_interrupted())
		return -1;
	n = __real_pread64(fd, buf, size < limit ? size : limit, offset);
	interference.read += n > 0 ? (size_t)n : 0;
	happen(&interference.after_pread);
	return n;
}

ssize_t __wrap_pwrite64(int fd, const void *buf, size_t size, off_t offset)
{
	ssize_t n;

	if (is_interrupted())
		return -1;
	happen(&interference.before_pwrite);
	n = __real_pwrite64(fd, buf, size, offset);
	interference.written += n > 0 ? (size_t)n : 0;
	happen(&interference.after_pwrite);
	return n;
}

ssize_t __wrap_pwritev64v2(int fd, const struct iovec *iov, int count, off_t offset, int flags)
{
	if (is_interrupted())
		return -1;
	happen(&interference.before_append);
	return __real_pwritev64v2(fd, iov, count, offset, flags);
}

void *__wrap_mmap64(void *addr, size_t len, int prot, int flags, int fd, off_t offset)
{
	if (interference.no_mmap) {
		errno = ENOMEM;
		return MAP_FAILED;
	}
	return __real_mmap64(addr, len, prot, flags, fd, offset);
}

void *__wrap_mremap(void *old, size_t old_len, size_t len, int flags, ...)
{
	if (interference.no_mremap) {
		errno = ENOMEM;
		return MAP_FAILED;
	}
	return __real_mremap(old, old_len, len, flags);
}

bool interference_is_over(void)
{
	return !interference.after_check && !interference.after_pread &&
	       !interference.before_pwrite && !interference.after_pwrite &&
	       !interference.before_append;
}

static int set_up(void **state, const char *options)
{
	unit_mount_shm(0, options);
	memset(&interference, 0, sizeof(interference));
	world.fds = unit_count_fds();
	world.region = NULL;
	world.buffer = malloc(BUFFER_SIZE);
	assert_non_null(world.buffer);
	world.fd = open(OBJECT_PATH, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	assert_return_code(world.fd, errno);
	world_renew_rw(&world);
	*state = &world;
	return 0;
}

int world_setup(void **state)
{
	return set_up(state, "mode=1777,size=512m");
}

int world_setup_small(void **state)
{
	return set_up(state, "mode=1777,size=4m");
}

int world_teardown(void **state)
{
	struct world *w = *state;

	memset(&interference, 0, sizeof(interference));
	w->region = shmfs_region_free(w->region);
	close(w->fd);
	free(w->buffer);
	assert_int_equal(unit_count_fds(), w->fds);
	unit_unmount_shm();
	return 0;
}

struct world *world_of(void **state)
{
	assert_int_equal(shmfs_sigbus_install(), 0);
	return *state;
}

void world_renew(struct world *w, const int *flags, size_t count)
{
	shmfs_region_free(w->region);
	assert_int_equal(shmfs_region_new(&w->region, 0), 0);
	for (size_t i = 0; i < count; i++) {
		const int fd = open(OBJECT_PATH, flags[i] | O_CLOEXEC);

		assert_return_code(fd, errno);
		shmfs_region_consume_fd(w->region, fd);
	}
}

void world_renew_rw(struct world *w)
{
	const int flags = O_RDWR;

	world_renew(w, &flags, 1);
}

char pattern_at(off_t offset)
{
	return (char)(1 + (((uint64_t)offset * 2654435761U) >> 16) % 255);
}

void fill_pattern(char *buf, size_t size, off_t offset)
{
	for (size_t i = 0; i < size; i++)
		buf[i] = pattern_at(offset + (off_t)i);
}

bool is_pattern(const char *buf, size_t size, off_t offset)
{
	for (size_t i = 0; i < size; i++)
		if (buf[i] != pattern_at(offset + (off_t)i))
			return false;
	return true;
}

bool is_zero(const char *buf, size_t size)
{
	return size == 0 || (buf[0] == 0 && memcmp(buf, buf + 1, size - 1) == 0);
}

void outside_write_pattern(struct world *w, size_t size, off_t offset)
{
	char *buf = malloc(size);

	assert_non_null(buf);
	fill_pattern(buf, size, offset);
	assert_int_equal(__real_pwrite64(w->fd, buf, size, offset), size);
	free(buf);
}

void outside_resize(struct world *w, off_t size)
{
	assert_return_code(ftruncate(w->fd, size), errno);
}

void outside_punch(struct world *w, size_t size, off_t offset)
{
	assert_return_code(
		fallocate(w->fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, offset, (off_t)size),
		errno);
}

void outside_fill_tmpfs(void)
{
	static const char block[4096] = {1};
	const int fd = open(BALLAST_PATH, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);

	assert_return_code(fd, errno);
	while (write(fd, block, sizeof(block)) > 0)
		;
	assert_int_equal(errno, ENOSPC);
	close(fd);
}

struct stat outside_stat(const struct world *w)
{
	struct stat st;

	assert_return_code(fstat(w->fd, &st), errno);
	return st;
}

void assert_outside_reads_pattern(const struct world *w, size_t size, off_t offset)
{
	char *buf = malloc(size);

	assert_non_null(buf);
	assert_int_equal(__real_pread64(w->fd, buf, size, offset), size);
	assert_true(is_pattern(buf, size, offset));
	free(buf);
}

bool is_mapped_read(struct world *w, size_t size, off_t offset)
{
	interference.read = 0;
	assert_int_equal(shmfs_region_read(w->region, w->buffer, size, offset), size);
	return interference.read < size / 2;
}

/* SPDX-License-Identifier: MIT */
/*
 * One object, one mapping, and no promise that any byte of it is there.
 *
 * Other processes may shrink the object, punch holes or fill the tmpfs at any moment. So:
 *
 * - Small transfers use pread(2) and pwrite(2): they are right in all cases, and the checks below
 *   would cost more than the copy saves.
 * - A load from a hole allocates a page (and is SIGBUS when the tmpfs is full), a store likewise.
 *   Only ranges that mincore(2) shows to be dense go through the mapping; pread(2) never allocates,
 *   pwrite(2) says ENOSPC.
 * - Loads and stores do not count as reads and writes: atime, mtime and ctime stay, S_ISUID and
 *   S_ISGID too. So one byte of each transfer goes through pread(2) or pwrite(2).
 * - A dense range may be gone a moment later. Copies are guarded. A read that faults is done again
 *   with pread(2), which sees the new size. A write that faults is done again as a whole, as if the
 *   object had been shrunk just before it.
 *
 * The mapping covers the whole object and a page behind its end; it is made again when the object
 * has grown beyond it. Where mmap(2) refuses (address space, number of mappings), the region works
 * without. The mapping is changed with `lock` held for writing, and used with it held for reading.
 * The file descriptors are set once and never change until the region is freed.
 */
#include "region.h"

#include "object.h"
#include "sigbus.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

/* From this size on a transfer through the mapping is faster; below, system calls are. */
#define MAPPED_MIN ((size_t)64 * 1024)

/* Longest range that is looked at at once for holes: one byte of answer for each page. */
#define MAPPED_MAX ((size_t)4 * 1024 * 1024)
#define PAGE_MIN 4096

/* Longer objects than this fit into no address space of 32 bits, nor do their sizes into size_t. */
#define OBJECT_MAX (SIZE_MAX / 4)

struct shmfs_region {
	atomic_int reader; /* O_RDONLY or O_RDWR, or -1 */
	atomic_int writer; /* O_WRONLY or O_RDWR, or -1 */
	atomic_bool both;  /* writer is O_RDWR */

	unsigned passes;        /* never changes */
	atomic_size_t unmapped; /* bytes of longer transfers that went without the mapping */

	pthread_rwlock_t lock;
	char *map;     /* lock */
	size_t mapped; /* lock; bytes */
	bool writable; /* lock; the mapping may be stored to */
};

int shmfs_region_new(struct shmfs_region **ret_region, unsigned passes)
{
	struct shmfs_region *region = calloc(1, sizeof(*region));

	if (!region)
		return -ENOMEM;
	region->passes = passes;
	atomic_init(&region->reader, -1);
	atomic_init(&region->writer, -1);
	pthread_rwlock_init(&region->lock, NULL);
	*ret_region = region;
	return 0;
}

static void unmap(struct shmfs_region *region)
{
	if (region->map)
		munmap(region->map, region->mapped);
	region->map = NULL;
	region->mapped = 0;
}

struct shmfs_region *shmfs_region_abandon(struct shmfs_region *region)
{
	if (!region)
		return NULL;
	unmap(region);
	pthread_rwlock_destroy(&region->lock);
	free(region);
	return NULL;
}

struct shmfs_region *shmfs_region_free(struct shmfs_region *region)
{
	if (!region)
		return NULL;
	if (region->reader >= 0)
		close(region->reader);
	if (region->writer >= 0 && region->writer != region->reader)
		close(region->writer);
	return shmfs_region_abandon(region);
}

/* Fills the place of a file descriptor once. */
static bool fill_descriptor(atomic_int *place, int fd)
{
	int none = -1;

	return atomic_compare_exchange_strong(place, &none, fd);
}

void shmfs_region_consume_fd(struct shmfs_region *region, int fd)
{
	const int mode = fcntl(fd, F_GETFL) & O_ACCMODE;
	bool used = false;

	if (mode != O_WRONLY)
		used = fill_descriptor(&region->reader, fd);
	if (mode != O_RDONLY && fill_descriptor(&region->writer, fd)) {
		region->both = mode == O_RDWR;
		used = true;
	}
	if (!used)
		close(fd);
}

void shmfs_region_adopt(struct shmfs_region *region, int reader, int writer)
{
	region->reader = reader;
	region->writer = writer;
	region->both = writer >= 0 && (fcntl(writer, F_GETFL) & O_ACCMODE) == O_RDWR;
}

int shmfs_region_reader(const struct shmfs_region *region)
{
	return region->reader;
}

int shmfs_region_writer(const struct shmfs_region *region)
{
	return region->writer;
}

static size_t page_down(size_t n)
{
	return n & ~((size_t)sysconf(_SC_PAGESIZE) - 1);
}

static size_t page_up(size_t n)
{
	return page_down(n + (size_t)sysconf(_SC_PAGESIZE) - 1);
}

/* mmap(2) counts as a read and changes atime: not so through a descriptor with O_NOATIME. */
static void *map_quietly(int fd, size_t len, int prot)
{
	const int quiet =
		shmfs_object_reopen(fd, (prot & PROT_WRITE ? O_RDWR : O_RDONLY) | O_NOATIME);
	void *new;

	new = mmap(NULL, len, prot, MAP_SHARED | MAP_NORESERVE, quiet < 0 ? fd : quiet, 0);
	/* A child process would keep the object's memory. */
	if (new != MAP_FAILED)
		madvise(new, len, MADV_DONTFORK);
	if (quiet >= 0)
		close(quiet);
	return new;
}

/* lock is held for writing; len is in whole pages. */
static int map_region(struct shmfs_region *region, size_t len)
{
	const bool writable = region->both;
	const int fd = writable ? region->writer : region->reader;
	const int prot = PROT_READ | (writable ? PROT_WRITE : 0);
	void *new;

	if (region->map && region->writable == writable)
		new = mremap(region->map, region->mapped, len, MREMAP_MAYMOVE);
	else
		new = map_quietly(fd, len, prot);
	if (new == MAP_FAILED)
		return -errno;
	if (region->writable != writable)
		unmap(region);
	region->map = new;
	region->mapped = len;
	region->writable = writable;
	return 0;
}

/*
 * Takes the lock for reading with the first `need` bytes mapped, which is a number of whole pages;
 * without them it is not taken. Maps ahead of an object that grows.
 */
static bool lock_mapped(struct shmfs_region *region, size_t need, bool store)
{
	for (;;) {
		int r = 0;

		pthread_rwlock_rdlock(&region->lock);
		if (region->mapped >= need && (region->writable || !store))
			return true;
		pthread_rwlock_unlock(&region->lock);

		pthread_rwlock_wrlock(&region->lock);
		if (region->mapped < need || (store && !region->writable)) {
			const size_t ahead = region->mapped * 2 > need ? region->mapped * 2 : need;

			r = map_region(region, ahead);
			if (r < 0)
				r = map_region(region, need);
		}
		pthread_rwlock_unlock(&region->lock);
		if (r < 0)
			return false;
	}
}

/* Is every page of the range there? Only to be asked with the lock held. */
static bool is_dense(const struct shmfs_region *region, size_t offset, size_t len)
{
	const size_t begin = page_down(offset);
	const size_t bytes = page_up(offset + len) - begin;
	unsigned char present[MAPPED_MAX / PAGE_MIN + 2];

	if (mincore(region->map + begin, bytes, present) < 0)
		return false;
	for (size_t i = 0; i < bytes / page_up(1); i++)
		if (!(present[i] & 1))
			return false;
	return true;
}

/*
 * mincore(2) tells the truth only to a thread that could write to the object at that moment. It
 * tells all other threads that every page is there. So it is asked about the page behind the end,
 * which is never there.
 */
static bool mincore_is_true(const struct shmfs_region *region, size_t size)
{
	unsigned char present;

	return mincore(region->map + page_up(size), page_up(1), &present) == 0 && !(present & 1);
}

/*
 * A mapping has its price: page faults where it is touched first, and tearing it down. Objects that
 * are read or written once, from end to end, are better off without.
 */
static bool pays(struct shmfs_region *region, size_t transfer, size_t object)
{
	if (region->passes == 0 || region->unmapped / region->passes >= object)
		return true;
	region->unmapped += transfer;
	return false;
}

/*
 * Locks the mapping for `size` bytes at `offset`, less where the object ends, if they are all
 * there. False: the lock is not held, and the transfer has to go another way.
 */
static bool lock_dense(
	struct shmfs_region *region, int fd, size_t size, off_t offset, bool store, size_t *ret_len)
{
	struct stat st;
	size_t object, len;

	if (size < MAPPED_MIN || size > MAPPED_MAX || offset < 0 || fstat(fd, &st) < 0)
		return false;
	if (offset >= st.st_size || (uintmax_t)st.st_size > OBJECT_MAX ||
		!pays(region, size, (size_t)st.st_size))
		return false;
	object = (size_t)st.st_size;
	len = object - (size_t)offset < size ? object - (size_t)offset : size;
	if (len < MAPPED_MIN || !lock_mapped(region, page_up(object) + page_up(1), store))
		return false;
	if (!mincore_is_true(region, object) || !is_dense(region, (size_t)offset, len)) {
		pthread_rwlock_unlock(&region->lock);
		return false;
	}
	*ret_len = len;
	return true;
}

/*
 * Loads through the mapping when the whole range is there. The first byte goes through pread(2),
 * which updates atime as the file system is told to.
 */
static bool load(struct shmfs_region *region, char *buf, size_t size, off_t offset, size_t *ret_len)
{
	size_t len;
	bool done;

	if (!lock_dense(region, region->reader, size, offset, false, &len))
		return false;
	done = pread(region->reader, buf, 1, offset) == 1 &&
	       shmfs_sigbus_copy(
		       buf + 1, region->map + offset + 1, len - 1, region->map + offset + 1) == 0;
	pthread_rwlock_unlock(&region->lock);
	if (done)
		*ret_len = len;
	return done;
}

/* pread(2) until the end of the object, which it may stop short of when a signal comes. */
static ssize_t read_all(int fd, char *buf, size_t size, off_t offset)
{
	size_t done = 0;

	while (done < size) {
		const ssize_t n = pread(fd, buf + done, size - done, offset + (off_t)done);

		if (n < 0 && errno != EINTR)
			return done > 0 ? (ssize_t)done : -errno;
		if (n == 0)
			break;
		done += n > 0 ? (size_t)n : 0;
	}
	return (ssize_t)done;
}

ssize_t shmfs_region_read_quietly(struct shmfs_region *region, void *buf, size_t size, off_t offset)
{
	const int fd = shmfs_object_reopen(region->reader, O_RDONLY | O_NOATIME);
	ssize_t n;

	n = read_all(fd < 0 ? region->reader : fd, buf, size, offset);
	if (fd >= 0)
		close(fd);
	return n;
}

ssize_t shmfs_region_read(struct shmfs_region *region, void *buf, size_t size, off_t offset)
{
	size_t len;

	if (load(region, buf, size, offset, &len))
		return (ssize_t)len;
	return read_all(region->reader, buf, size, offset);
}

static bool reaches(int fd, off_t end)
{
	struct stat st;

	return fstat(fd, &st) == 0 && st.st_size >= end;
}

/*
 * Stores through the mapping when the whole range is there. The last byte goes through pwrite(2),
 * and first: it must not be the stores that are seen before the bits are cleared. Bytes stored
 * behind the end of an object that shrank within a page would come back when the object grows; so
 * the write is then done again.
 */
static bool store(struct shmfs_region *region, const char *buf, size_t size, off_t offset)
{
	size_t len;
	off_t end;
	bool done;

	if (!region->both || !lock_dense(region, region->writer, size, offset, true, &len))
		return false;
	end = offset + (off_t)size;
	done = len == size && pwrite(region->writer, buf + size - 1, 1, end - 1) == 1 &&
	       shmfs_sigbus_copy(region->map + offset, buf, size - 1, region->map + offset) == 0 &&
	       reaches(region->writer, end);
	pthread_rwlock_unlock(&region->lock);
	return done;
}

ssize_t shmfs_region_write(struct shmfs_region *region, const void *buf, size_t size, off_t offset)
{
	ssize_t n;

	if (store(region, buf, size, offset))
		return (ssize_t)size;
	do
		n = pwrite(region->writer, buf, size, offset);
	while (n < 0 && errno == EINTR);
	return n < 0 ? -errno : n;
}

ssize_t shmfs_region_append(struct shmfs_region *region, const void *buf, size_t size)
{
	const struct iovec iov = {(void *)(uintptr_t)buf, size};
	ssize_t n;

	do
		n = pwritev2(region->writer, &iov, 1, -1, RWF_APPEND);
	while (n < 0 && errno == EINTR);
	return n < 0 ? -errno : n;
}

int shmfs_region_resize(struct shmfs_region *region, off_t size)
{
	return ftruncate(region->writer, size) < 0 ? -errno : 0;
}

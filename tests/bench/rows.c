/* SPDX-License-Identifier: MIT */
#include "rows.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define PAGE 4096u
#define CALLS 2048u

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static int open_first(const struct work *work, int flags)
{
	const int fd = openat(work->target->dir, work->names[0].text, flags | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

/* xorshift64 (Marsaglia): every target and round gets the same sequence of offsets. */
static uint64_t next_random(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

static int transfer(const struct work *work, int fd, off_t offset)
{
	const size_t block = work->row->block;
	const ssize_t n = work->row->write ? pwrite(fd, work->buffer, block, offset)
					   : pread(fd, work->buffer, block, offset);

	if (n < 0)
		return -errno;
	return (size_t)n == block ? 0 : -EIO;
}

static int unit_transfer(struct work *work, struct sample *ret_sample)
{
	const size_t blocks = work->size / work->row->block;
	const int fd = open_first(work, work->row->write ? O_RDWR : O_RDONLY);
	uint64_t state = 0x9e3779b97f4a7c15u;
	uint64_t start;
	int r = 0;

	if (fd < 0)
		return fd;
	start = now_ns();
	for (size_t i = 0; i < blocks && r == 0; i++) {
		const size_t at = work->row->random ? (size_t)(next_random(&state) % blocks) : i;

		r = transfer(work, fd, (off_t)(at * work->row->block));
	}
	*ret_sample = (struct sample){.operations = blocks, .ns = now_ns() - start};
	close(fd);
	return r;
}

static void touch_pages(const struct work *work, volatile char *mapping)
{
	for (size_t at = 0; at < work->size; at += PAGE) {
		if (work->row->write)
			mapping[at] = (char)at;
		else
			(void)mapping[at];
	}
}

static int unit_mmap(struct work *work, struct sample *ret_sample)
{
	const int protection = PROT_READ | (work->row->write ? PROT_WRITE : 0);
	const int fd = open_first(work, work->row->write ? O_RDWR : O_RDONLY);
	uint64_t start;
	void *mapping;
	int r = 0;

	if (fd < 0)
		return fd;
	start = now_ns();
	mapping = mmap(NULL, work->size, protection, MAP_SHARED, fd, 0);
	if (mapping == MAP_FAILED) {
		r = -errno;
	} else {
		touch_pages(work, mapping);
		munmap(mapping, work->size);
		*ret_sample =
			(struct sample){.operations = work->size / PAGE, .ns = now_ns() - start};
	}
	close(fd);
	return r;
}

static int unit_stat(struct work *work, struct sample *ret_sample)
{
	const uint64_t start = now_ns();
	struct stat attr;

	for (size_t i = 0; i < work->calls; i++) {
		if (fstatat(work->target->dir, work->names[0].text, &attr, 0) < 0)
			return -errno;
	}
	*ret_sample = (struct sample){.operations = work->calls, .ns = now_ns() - start};
	return 0;
}

static int unit_fstat(struct work *work, struct sample *ret_sample)
{
	const int fd = open_first(work, O_RDONLY);
	struct stat attr;
	uint64_t start;
	int r = 0;

	if (fd < 0)
		return fd;
	start = now_ns();
	for (size_t i = 0; i < work->calls && r == 0; i++)
		r = fstat(fd, &attr) < 0 ? -errno : 0;
	*ret_sample = (struct sample){.operations = work->calls, .ns = now_ns() - start};
	close(fd);
	return r;
}

static int unit_open(struct work *work, struct sample *ret_sample)
{
	const uint64_t start = now_ns();

	for (size_t i = 0; i < work->calls; i++) {
		const int fd = open_first(work, O_RDWR);

		if (fd < 0)
			return fd;
		close(fd);
	}
	*ret_sample = (struct sample){.operations = work->calls, .ns = now_ns() - start};
	return 0;
}

static int create_all(const struct work *work, uint64_t *ret_ns)
{
	const uint64_t start = now_ns();

	for (size_t i = 0; i < work->name_count; i++) {
		const int fd = openat(work->target->dir, work->names[i].text,
			O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, 0600);

		if (fd < 0)
			return -errno;
		close(fd);
	}
	*ret_ns = now_ns() - start;
	return 0;
}

static int unlink_all(const struct work *work, uint64_t *ret_ns)
{
	const uint64_t start = now_ns();

	for (size_t i = 0; i < work->name_count; i++) {
		if (unlinkat(work->target->dir, work->names[i].text, 0) < 0)
			return -errno;
	}
	*ret_ns = now_ns() - start;
	return 0;
}

/* Both ways go through the target, so that its kernel side knows which names exist. */
static int create_and_unlink(struct work *work, uint64_t *ret_create_ns, uint64_t *ret_unlink_ns)
{
	const int r = create_all(work, ret_create_ns);

	return r < 0 ? r : unlink_all(work, ret_unlink_ns);
}

static int unit_create(struct work *work, struct sample *ret_sample)
{
	uint64_t ignored;

	ret_sample->operations = work->name_count;
	return create_and_unlink(work, &ret_sample->ns, &ignored);
}

static int unit_unlink(struct work *work, struct sample *ret_sample)
{
	uint64_t ignored;

	ret_sample->operations = work->name_count;
	return create_and_unlink(work, &ignored, &ret_sample->ns);
}

/* There and back again. */
static int unit_rename(struct work *work, struct sample *ret_sample)
{
	const uint64_t start = now_ns();
	const int dir = work->target->dir;

	for (size_t i = 0; i < work->calls; i++) {
		const char *from = work->names[i % 2].text;
		const char *to = work->names[(i + 1) % 2].text;

		if (renameat(dir, from, dir, to) < 0)
			return -errno;
	}
	*ret_sample = (struct sample){.operations = work->calls, .ns = now_ns() - start};
	return 0;
}

/* Counts the files of this run; other runs may share the directory, and come and go. */
static int list(const struct work *work, DIR *dir, size_t *ret_seen)
{
	const size_t len = strlen(work->prefix);
	const struct dirent *entry;
	struct stat attr;
	size_t seen = 0;

	for (errno = 0; (entry = readdir(dir)); errno = 0) {
		if (strncmp(entry->d_name, work->prefix, len) != 0)
			continue;
		seen++;
		if (work->row->stats &&
			fstatat(dirfd(dir), entry->d_name, &attr, AT_SYMLINK_NOFOLLOW) < 0)
			return -errno;
	}
	if (errno)
		return -errno;
	*ret_seen = seen;
	return 0;
}

static int unit_list(struct work *work, struct sample *ret_sample)
{
	const uint64_t start = now_ns();
	const int fd =
		openat(work->target->dir, work->directory.text, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	size_t seen = 0;
	int r;

	if (!dir)
		return -errno;
	r = list(work, dir, &seen);
	closedir(dir);
	if (r < 0)
		return r;
	*ret_sample = (struct sample){.operations = 1, .ns = now_ns() - start};
	return seen == work->name_count ? 0 : -EIO;
}

#define ONE_FILE .names = 1, .made = 1
#define DATA_FILE ONE_FILE, .has_data = true

const struct row rows[ROW_COUNT] = {
	{"read-4k-seq", unit_transfer, DATA_FILE, .block = 4096},
	{"read-4k-rand", unit_transfer, DATA_FILE, .block = 4096, .random = true},
	{"write-4k-seq", unit_transfer, DATA_FILE, .block = 4096, .write = true},
	{"write-4k-rand", unit_transfer, DATA_FILE, .block = 4096, .random = true, .write = true},
	{"read-1m", unit_transfer, DATA_FILE, .block = BLOCK_MAX},
	{"write-1m", unit_transfer, DATA_FILE, .block = BLOCK_MAX, .write = true},
	{"mmap-load", unit_mmap, DATA_FILE},
	{"mmap-store", unit_mmap, DATA_FILE, .write = true},
	{"stat", unit_stat, ONE_FILE, .calls = CALLS},
	{"fstat", unit_fstat, ONE_FILE, .calls = CALLS},
	{"open-close", unit_open, ONE_FILE, .calls = CALLS},
	{"create-close", unit_create, .names = CALLS},
	{"unlink", unit_unlink, .names = CALLS},
	{"rename", unit_rename, .names = 2, .made = 1, .calls = CALLS},
	{"readdir-1k", unit_list, .names = 1000, .made = 1000, .shared = true},
	{"list-100k", unit_list, .names = 100000, .made = 100000, .shared = true, .stats = true},
	{"list-1k-alone", unit_list, .names = 1000, .made = 1000, .inner = true},
	{"list-1k-crowd", unit_list, .names = 1000, .made = 1000, .inner = true, .crowd = 100000},
};

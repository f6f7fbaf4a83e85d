/* SPDX-License-Identifier: MIT */
/* read and write of all kinds, their sizes, places and limits. */
#include "harness.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/uio.h>
#include <unistd.h>

enum { FD_FLAGS = O_RDWR | O_CREAT | O_CLOEXEC };

static char buf[3 * MIB], got[5 * MIB];

static const size_t edges[] = {0, 1, 4095, 4096, 4097, 65535, 65536, 65537, MIB - 1, MIB, MIB + 1};

static const size_t sizes[] = {0, 1, 7, 4095, 4096, 4097, 65535, 65536, 65537, 131072, MIB - 1, MIB,
	MIB + 4097, 2 * MIB + 1};

/* Everything of an object, by reads of the given size. */
static void note_all(struct side *s, int fd, size_t step)
{
	size_t len = 0;
	ssize_t n;

	while ((n = pread(fd, got + len, step, (off_t)len)) > 0 && len < 4 * MIB)
		len += (size_t)n;
	note_bytes(s, "all", got, n < 0 ? n : (ssize_t)len);
}

static void every_size_at_every_edge(struct side *s)
{
	const int fd = T_FD(s, open("o", FD_FLAGS, 0600));

	for (size_t e = 0; e < ARRAY_SIZE(edges); e++) {
		for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
			const off_t at = (off_t)edges[e];

			note(s, "%zu bytes at %zu", sizes[i], edges[e]);
			T(s, ftruncate(fd, 0));
			fill(buf + 1, sizes[i], (unsigned int)i, at);
			T(s, pwrite(fd, buf + 1, sizes[i], at));
			memset(got, 0xee, sizeof(got));
			T(s, pread(fd, got + 3, sizes[i] + 5, at));
			note_bytes(s, "back", got, (ssize_t)sizes[i] + 16);
		}
	}
	note_all(s, fd, MIB);
}

static void overwriting_keeps_the_neighbours(struct side *s)
{
	const int fd = T_FD(s, open("o", FD_FLAGS, 0600));

	fill(buf, 2 * MIB + 100, 1, 0);
	T(s, write(fd, buf, 2 * MIB + 100));
	for (size_t e = 0; e < ARRAY_SIZE(edges); e++) {
		fill(buf, sizes[e], 2 + (unsigned int)e, 0);
		T(s, pwrite(fd, buf, sizes[e], (off_t)edges[e]));
		note_fstat(s, fd);
		note_all(s, fd, 65536 + e);
	}
}

/* Also against a model in memory, so that tmpfs is not the only judge. */
static void random_reads_and_writes(struct side *s)
{
	static char model[3 * MIB];
	const int fd = T_FD(s, open("o", FD_FLAGS, 0600));
	uint32_t seed = 4711;
	size_t end = 0, wrong = 0;

	for (int i = 0; i < 1500; i++) {
		const size_t at = next_random(&seed) % (2 * MIB);
		const size_t most = next_random(&seed) % 8 == 0 ? MIB : 9000;
		const size_t len = next_random(&seed) % most;
		ssize_t n;

		if (next_random(&seed) % 2) {
			fill(model + at, len, (unsigned int)i, 0);
			wrong += pwrite(fd, model + at, len, (off_t)at) != (ssize_t)len;
			end = len > 0 && at + len > end ? at + len : end;
		} else {
			n = pread(fd, got, len, (off_t)at);
			wrong += n != (ssize_t)(at >= end ? 0 : at + len > end ? end - at : len);
			wrong += n > 0 && memcmp(got, model + at, (size_t)n) != 0;
		}
	}
	note(s, "wrong %zu", wrong);
	if (wrong)
		abort();
	note_all(s, fd, MIB);
}

static void the_cursor_moves(struct side *s)
{
	const int fd = T_FD(s, open("o", FD_FLAGS, 0600));

	fill(buf, 10000, 1, 0);
	T(s, write(fd, buf, 10000));
	T(s, lseek(fd, 0, SEEK_CUR));
	T(s, read(fd, got, 1));
	T(s, lseek(fd, -100, SEEK_END));
	T(s, read(fd, got, 60));
	T(s, read(fd, got, 60));
	T(s, read(fd, got, 60));
	T(s, lseek(fd, 5000, SEEK_SET));
	T(s, write(fd, buf, 10));
	T(s, lseek(fd, -20, SEEK_CUR));
	T(s, read(fd, got, 40));
	note_bytes(s, "around", got, 40);
	T(s, lseek(fd, -1, SEEK_SET));
	T(s, lseek(fd, -20000, SEEK_END));
	T(s, lseek(fd, 50000, SEEK_END));
	T(s, read(fd, got, 40));
	T(s, write(fd, "x", 1));
	T(s, lseek(fd, 0, 99));
}

static void reads_end_at_the_end(struct side *s)
{
	const int fd = T_FD(s, open("o", FD_FLAGS, 0600));

	T(s, pread(fd, got, 100, 0));
	T(s, pwrite(fd, "0123456789", 10, 0));
	T(s, pread(fd, got, 100, 0));
	T(s, pread(fd, got, 100, 9));
	T(s, pread(fd, got, 100, 10));
	T(s, pread(fd, got, 100, 11));
	T(s, pread(fd, got, 100, 5000));
	T(s, pread(fd, got, 2 * MIB, 1));
	T(s, pread(fd, got, 0, 0));
	T(s, pread(fd, got, 0, 100));
	T(s, pwrite(fd, got, 0, 0));
	T(s, pwrite(fd, got, 0, 100));
	note_fstat(s, fd);
}

static void vectors(struct side *s)
{
	const int fd = T_FD(s, open("o", FD_FLAGS, 0600));
	struct iovec v[4] = {{buf, 1}, {buf + 100, 4096}, {buf + 5000, 0}, {buf + 9001, 70000}};
	struct iovec r[3] = {{got + 1, 70001}, {got + 80000, 3}, {got + 90000, 60000}};

	fill(buf, 100000, 3, 0);
	T(s, writev(fd, v, 4));
	T(s, pwritev(fd, v, 4, 60001));
	T(s, pwritev2(fd, v, 2, 200000, RWF_DSYNC));
	T(s, pwritev2(fd, v, 2, 0, RWF_APPEND));
	T(s, pwritev2(fd, v, 2, -1, RWF_SYNC));
	T(s, lseek(fd, 0, SEEK_SET));
	T(s, readv(fd, r, 3));
	note_bytes(s, "readv", got, 160000);
	T(s, preadv(fd, r, 3, 4095));
	T(s, preadv2(fd, r, 3, 65535, 0));
	T(s, preadv2(fd, r, 3, -1, 0));
	note_bytes(s, "preadv2", got, 160000);
	T(s, readv(fd, r, 0));
	note_all(s, fd, 65536);
}

static void wrong_descriptors_and_buffers(struct side *s)
{
	const int fd = T_FD(s, open("o", FD_FLAGS, 0600));
	const int reader = T_FD(s, open("o", O_RDONLY | O_CLOEXEC));
	const int writer = T_FD(s, open("o", O_WRONLY | O_CLOEXEC));
	void *bad = mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	T(s, write(fd, "0123456789", 10));
	T(s, write(reader, "x", 1));
	T(s, read(writer, got, 1));
	T(s, ftruncate(reader, 0));
	T(s, fallocate(reader, 0, 0, 1));
	T(s, pread(fd, got, 1, -1));
	T(s, pwrite(fd, got, 1, -1));
	T(s, pread(fd, bad, 10, 0));
	T(s, pwrite(fd, bad, 10, 0));
	note_fstat(s, fd);
}

static void huge_offsets(struct side *s)
{
	const int fd = T_FD(s, open("o", FD_FLAGS, 0600));

	T(s, pwrite(fd, "x", 1, INT64_MAX));
	T(s, pwrite(fd, "xyz", 3, INT64_MAX - 1));
	T(s, pwrite(fd, "x", 1, INT64_MAX - 1));
	note_fstat(s, fd);
	T(s, pread(fd, got, 10, INT64_MAX));
	T(s, pread(fd, got, 1, INT64_MAX - 1));
	T(s, pread(fd, got, 10, INT64_MAX - 10));
	T(s, pread(fd, got, 5, 1 * TIB));
	note_bytes(s, "hole", got, 5);
	T(s, ftruncate(fd, INT64_MAX));
	note_fstat(s, fd);
	T(s, ftruncate(fd, -1));
	T(s, ftruncate(fd, 5));
	T(s, lseek(fd, INT64_MAX, SEEK_SET));
	T(s, lseek(fd, 1, SEEK_CUR));
	T(s, write(fd, "x", 1));
	T(s, fallocate(fd, 0, INT64_MAX - 1, 2));
	T(s, fallocate(fd, 0, INT64_MAX, 1));
	T(s, fallocate(fd, FALLOC_FL_KEEP_SIZE, INT64_MAX - 5000, 4000));
	T(s, fallocate(fd, 0, -1, 1));
	T(s, fallocate(fd, 0, 0, 0));
	T(s, fallocate(fd, 0, 0, -1));
	note_fstat(s, fd);
}

static volatile sig_atomic_t n_signals;

static void count_signal(int sig)
{
	(void)sig;
	n_signals = n_signals + 1;
}

/* RLIMIT_FSIZE is the caller's, not the daemon's. */
static void the_file_size_limit_of_the_caller(struct side *s)
{
	const struct rlimit limit = {8192, 8192};
	const int fd = T_FD(s, open("o", FD_FLAGS, 0600));

	signal(SIGXFSZ, count_signal);
	setrlimit(RLIMIT_FSIZE, &limit);
	fill(buf, 9000, 1, 0);
	T(s, pwrite(fd, buf, 8000, 0));
	T(s, pwrite(fd, buf, 1000, 8000));
	T(s, pwrite(fd, buf, 1, 8192));
	T(s, pwrite(fd, buf, 1, 1 * TIB));
	note(s, "signals %d", (int)n_signals);
	T(s, ftruncate(fd, 8193));
	T(s, ftruncate(fd, 8192));
	T(s, truncate("o", 9000));
	note(s, "signals %d", (int)n_signals);
	T(s, fallocate(fd, 0, 0, 8192));
	T(s, fallocate(fd, 0, 8000, 1000));
	T(s, lseek(fd, 0, SEEK_END));
	T(s, write(fd, buf, 1));
	note(s, "signals %d", (int)n_signals);
	T_FD(s, open("p", FD_FLAGS | O_TRUNC, 0600));
	note_fstat(s, fd);
}

static void one_object_through_many_descriptors(struct side *s)
{
	int fds[20];

	for (size_t i = 0; i < ARRAY_SIZE(fds); i++)
		fds[i] = open("o", FD_FLAGS, 0600);
	for (size_t i = 0; i < ARRAY_SIZE(fds); i++) {
		fill(buf, 1000, (unsigned int)i, 0);
		T(s, pwrite(fds[i], buf, 1000, (off_t)i * 999));
		note_all(s, fds[(i + 7) % ARRAY_SIZE(fds)], 4096);
	}
	for (size_t i = 0; i + 1 < ARRAY_SIZE(fds); i++)
		T(s, close(fds[i]));
	note_all(s, fds[ARRAY_SIZE(fds) - 1], 4096);
}

/* tmpfs refuses O_DIRECT before Linux 6.6; a mount never does. */
static bool tmpfs_takes_o_direct(void)
{
	const int memory = memfd_create("o_direct", MFD_CLOEXEC);
	char path[32];
	int fd;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", memory);
	fd = open(path, O_RDWR | O_DIRECT | O_CLOEXEC);
	if (fd >= 0)
		close(fd);
	close(memory);
	return fd >= 0;
}

static void o_direct_and_sync_flags(struct side *s)
{
	static char aligned[64 * KIB] __attribute__((aligned(4096)));
	const int flags[] = {O_SYNC, O_DSYNC, O_NONBLOCK, O_NOATIME, O_DIRECT};
	const size_t count = ARRAY_SIZE(flags) - !tmpfs_takes_o_direct();

	for (size_t i = 0; i < count; i++) {
		const int fd = T_FD(s, open("o", FD_FLAGS | flags[i], 0600));

		fill(aligned, sizeof(aligned), (unsigned int)i, 0);
		T(s, pwrite(fd, aligned, sizeof(aligned), (off_t)i * 8192));
		T(s, pread(fd, aligned, sizeof(aligned), 4096));
		note_bytes(s, "back", aligned, sizeof(aligned));
		T(s, fsync(fd));
		T(s, fdatasync(fd));
		T(s, sync_file_range(fd, 0, 4096, SYNC_FILE_RANGE_WRITE));
		T(s, syncfs(fd));
		T(s, close(fd));
	}
}

/* As objects always are. */
static void ready_for_poll(struct side *s)
{
	static const int flags[] = {O_RDONLY, O_WRONLY, O_RDWR};
	static const short events[] = {POLLIN, POLLOUT, POLLIN | POLLOUT | POLLPRI, 0};

	make_outside(s, "o", 0, 0, 0600, 0);
	for (size_t i = 0; i < ARRAY_SIZE(flags); i++) {
		struct pollfd fd = {.fd = T_FD(s, open("o", flags[i] | O_CLOEXEC))};

		for (size_t j = 0; j < ARRAY_SIZE(events); j++) {
			fd.events = events[j];
			T(s, poll(&fd, 1, 0));
			note(s, "revents %x", (unsigned)fd.revents);
		}
		T(s, close(fd.fd));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		COMPARED(every_size_at_every_edge),
		COMPARED(overwriting_keeps_the_neighbours),
		COMPARED(random_reads_and_writes),
		COMPARED(the_cursor_moves),
		COMPARED(reads_end_at_the_end),
		COMPARED(vectors),
		COMPARED(wrong_descriptors_and_buffers),
		COMPARED(huge_offsets),
		COMPARED(the_file_size_limit_of_the_caller),
		COMPARED(one_object_through_many_descriptors),
		COMPARED(o_direct_and_sync_flags),
		COMPARED(ready_for_poll),
	};

	return RUN_MOUNTED(tests);
}

/* SPDX-License-Identifier: MIT */
/*
 * The kernel's own work on an open object, compared with tmpfs: mappings, direct I/O, ends of the
 * object that move outside, and the bits that a write clears.
 */
#include "harness.h"
#include "obstacle.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/uio.h>
#include <unistd.h>

enum { FD_FLAGS = O_RDWR | O_CREAT | O_CLOEXEC, PAGE = 4096, RECORDS = 5000, RECORD = 16 };

static char buf[MIB] __attribute__((aligned(PAGE)));

static int open_outside(const struct side *s, const char *name, int flags)
{
	const int fd = openat(s->out, name, flags | O_CLOEXEC);

	assert_return_code(fd, errno);
	return fd;
}

static char *map(int fd, size_t len)
{
	char *mapping = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	assert_ptr_not_equal(mapping, MAP_FAILED);
	return mapping;
}

/* 0, or the signal that a load ended in. */
static int load(const char *mapping, size_t at)
{
	const pid_t pid = fork();

	if (pid == 0) {
		signal(SIGBUS, SIG_DFL);
		_exit(((const volatile char *)mapping)[at] & 0);
	}
	return wait_child(pid) & 0x7f;
}

static void mappings_are_the_memory_of_the_object(struct side *s)
{
	const int fd = T_FD(s, open("o", FD_FLAGS, 0600));
	const int outside = open_outside(s, "o", O_RDWR);
	char *here, *there;

	T(s, ftruncate(fd, 4 * PAGE));
	here = map(fd, 4 * PAGE);
	there = map(outside, 4 * PAGE);
	for (int i = 0; i < 1000; i++) {
		here[i * 16] = (char)i;
		there[i * 16 + 1] = (char)(i + 1);
		if (there[i * 16] != (char)i || here[i * 16 + 1] != (char)(i + 1))
			note(s, "byte %d differs", i);
	}
	note_range(s, fd, 0, 4 * PAGE);
	T(s, pwrite(outside, "written", 7, 100));
	note_bytes(s, "mapping", here, 4 * PAGE);
	T(s, pwrite(fd, "here", 4, 200));
	note_bytes(s, "mapping", there, 4 * PAGE);
	T(s, fallocate(outside, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, PAGE, PAGE));
	note_bytes(s, "mapping", here, 4 * PAGE);
	T(s, unlinkat(s->out, "o", 0));
	here[3 * PAGE] = 'u';
	note_bytes(s, "mapping", there, 4 * PAGE);
	T(s, ftruncate(outside, PAGE));
	note(s, "first page: %d", load(here, 0));
	note(s, "second page: %d", load(here, PAGE));
	T(s, ftruncate(fd, 2 * PAGE));
	note(s, "second page: %d", load(here, PAGE));
	note_fstat(s, fd);
	munmap(here, 4 * PAGE);
	munmap(there, 4 * PAGE);
	close(outside);
	close(fd);
}

static void direct_io(struct side *s)
{
	const int fd = T_FD(s, open("o", FD_FLAGS | O_DIRECT, 0600));
	const int outside = open_outside(s, "o", O_RDWR);

	fill(buf, MIB, 1, 0);
	T(s, pwrite(fd, buf, MIB, 0));
	T(s, pwrite(outside, "outside", 7, PAGE));
	memset(buf, 0, MIB);
	note_bytes(s, "read", buf, pread(fd, buf, MIB, 0));
	note_bytes(s, "part", buf, pread(fd, buf, PAGE, MIB - 100));
	T(s, pwrite(fd, buf, PAGE, 4 * MIB));
	T(s, ftruncate(outside, PAGE));
	note_bytes(s, "shrunk", buf, pread(fd, buf, MIB, 0));
	note_fstat(s, fd);
	close(outside);
	close(fd);
}

static void look_at_the_end(struct side *s, int fd, int append)
{
	const int memory = memfd_create("copy", MFD_CLOEXEC);
	off_t from = 0;

	note_fstat(s, fd);
	T(s, lseek(fd, 0, SEEK_END));
	T(s, lseek(fd, -3, SEEK_END));
	T(s, read(fd, buf, 10));
	T(s, pread(fd, buf, sizeof(buf), PAGE));
	T(s, write(append, "end", 3));
	T(s, lseek(append, 0, SEEK_CUR));
	T(s, sendfile(memory, fd, &from, 2 * PAGE));
	T(s, lseek(fd, 0, SEEK_DATA));
	T(s, lseek(fd, 0, SEEK_HOLE));
	note_range(s, fd, 0, sizeof(buf));
	close(memory);
}

static void ends_that_move_outside(struct side *s)
{
	static const off_t sizes[] = {0, 1, 5000, 3, 300000, 299999, PAGE, 0, 70000};
	const int fd = T_FD(s, open("o", FD_FLAGS, 0600));
	const int append = T_FD(s, open("o", O_WRONLY | O_APPEND | O_CLOEXEC));
	const int outside = open_outside(s, "o", O_RDWR);
	const struct iovec bytes = {buf, 10};

	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		T(s, ftruncate(outside, sizes[i]));
		look_at_the_end(s, fd, append);
		T(s, pwrite(outside, "0123456789", 10, sizes[i] + 20));
		look_at_the_end(s, fd, append);
		T(s, pwritev2(fd, &bytes, 1, 0, RWF_APPEND));
		T(s, pwrite(fd, "x", 1, 2 * sizes[i]));
		T(s, fallocate(outside, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, sizes[i]));
		look_at_the_end(s, fd, append);
	}
	close(outside);
	close(append);
	close(fd);
}

static void append_records(int fd, char who)
{
	char record[RECORD];

	for (int i = 0; i < RECORDS; i++) {
		snprintf(record, sizeof(record), "%c%013d\n", who, i);
		record[RECORD - 1] = '\n';
		if (write(fd, record, RECORD) != RECORD)
			_exit(1);
	}
}

/* Nothing is lost and nothing lies on top of something else. */
static void appending_on_both_sides(struct side *s)
{
	const int fd = T_FD(s, open("o", FD_FLAGS | O_APPEND, 0600));
	const int outside = open_outside(s, "o", O_WRONLY | O_APPEND);
	int next[2] = {0, 0}, wrong = 0;
	char record[RECORD];
	pid_t pid;

	pid = fork();
	if (pid == 0) {
		append_records(outside, '0');
		_exit(0);
	}
	append_records(fd, '1');
	T(s, wait_child(pid));
	note_fstat(s, fd);
	for (off_t at = 0; pread(fd, record, RECORD, at) == RECORD; at += RECORD) {
		char expected[RECORD];
		const int who = record[0] == '1';

		snprintf(expected, sizeof(expected), "%c%013d\n", '0' + who, next[who]++);
		expected[RECORD - 1] = '\n';
		wrong += memcmp(record, expected, RECORD) != 0;
	}
	T(s, wrong);
	note(s, "%d and %d records", next[0], next[1]);
	T(s, ftruncate(fd, 0)); /* in which order is not the same twice */
	close(outside);
	close(fd);
}

/* A read returns the bytes written, or none, however the end moves. */
static void an_end_that_moves_all_the_time(struct side *s)
{
	const int fd = T_FD(s, open("o", FD_FLAGS, 0600));
	const int outside = open_outside(s, "o", O_RDWR);
	int wrong = 0;
	pid_t pid;

	pid = fork();
	if (pid == 0) {
		for (int i = 0; i < 3000; i++)
			if (ftruncate(outside, i % 2 ? PAGE / 2 : (i % 64) * PAGE) < 0)
				_exit(1);
		_exit(0);
	}
	for (int i = 0; i < 3000; i++) {
		const off_t at = i % 64 * (off_t)PAGE;
		ssize_t n;

		memset(buf, 'x', PAGE);
		wrong += pwrite(fd, buf, PAGE, at) != PAGE;
		n = pread(fd, buf, 4 * (size_t)PAGE, at);
		wrong += n < 0;
		for (ssize_t k = 0; k < n; k++)
			wrong += buf[k] != 'x' && buf[k] != '\0';
		wrong += lseek(fd, 0, SEEK_END) < 0;
	}
	T(s, wait_child(pid));
	T(s, wrong);
	T(s, ftruncate(outside, 0));
	note_fstat(s, fd);
	close(outside);
	close(fd);
}

/* The calls that change an object and clear S_ISUID and S_ISGID. */
static void change(struct side *s, int fd, int call)
{
	const struct iovec bytes[2] = {{buf, 10}, {buf, 20}};
	const int memory = memfd_create("source", MFD_CLOEXEC);
	off_t from = 0;
	int ends[2];

	switch (call) {
	case 0:
		T(s, pwrite(fd, buf, 100, 50));
		break;
	case 1:
		T(s, pwritev2(fd, bytes, 2, 0, RWF_APPEND));
		break;
	case 2:
		T(s, pipe2(ends, O_CLOEXEC));
		T(s, write(ends[1], buf, 10));
		T(s, splice(ends[0], NULL, fd, NULL, 10, 0));
		break;
	case 3:
		T(s, ftruncate(memory, 100));
		T(s, sendfile(fd, memory, &from, 100));
		break;
	case 4:
		T(s, fallocate(fd, 0, 0, PAGE));
		break;
	case 5:
		T(s, ftruncate(fd, 10));
		break;
	case 6:
		T(s, pwrite(fd, buf, 0, 0));
		break;
	default:
		map(fd, PAGE)[0] = 'm';
		break;
	}
	note_fstat(s, fd);
}

enum { CALLS = 8 };

/* The bits come while the object is open, at either door; the kernel has looked since. */
static void bits_that_a_write_clears(struct side *s)
{
	static const mode_t modes[] = {04777, 02777, 02767, 06777, 06700, 02660};
	const struct who *const callers[] = {&ALICE, &BOB, &MEMBER, &SUPPLEMENT, &ROOT};
	const int fd = T_FD(s, open("o", FD_FLAGS, 0600));

	T(s, fchown(fd, ALICE.uid, ALICE.gid));
	T(s, ftruncate(fd, PAGE));
	for (size_t i = 0; i < ARRAY_SIZE(modes); i++)
		for (size_t who = 0; who < ARRAY_SIZE(callers); who++)
			for (int call = 0; call < CALLS; call++) {
				if (call % 2)
					T(s, fchmodat(s->out, "o", modes[i], 0));
				else
					T(s, fchmod(fd, modes[i]));
				note_lstat(s, "o");
				note(s, "mode %o caller %zu", modes[i], who);
				AS(s, *callers[who])
				{
					change(s, fd, call);
				}
				note_fstat(s, fd);
			}
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		COMPARED(mappings_are_the_memory_of_the_object),
		COMPARED(direct_io),
		COMPARED(ends_that_move_outside),
		COMPARED(appending_on_both_sides),
		COMPARED(an_end_that_moves_all_the_time),
		COMPARED(bits_that_a_write_clears),
	};
	const char *obstacle = passthrough_obstacle();

	return obstacle ? world_skip(obstacle) : RUN_MOUNTED(tests);
}

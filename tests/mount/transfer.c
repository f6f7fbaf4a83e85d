/* SPDX-License-Identifier: MIT */
/* Bytes that move without read and write: copies inside the kernel, mappings, programs. */
#include "harness.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/sendfile.h>
#include <unistd.h>

enum { FD_FLAGS = O_RDWR | O_CREAT | O_CLOEXEC };

static char buf[2 * MIB];

static int open_filled(struct side *s, const char *name, size_t len)
{
	const int fd = T_FD(s, open(name, FD_FLAGS, 0600));

	fill(buf, len, 5, 0);
	T(s, pwrite(fd, buf, len, 0));
	return fd;
}

static void note_copy(struct side *s, int from, off_t in, int to, off_t out, size_t len)
{
	note(s, "copy %jd %jd %zu", (intmax_t)in, (intmax_t)out, len);
	T(s, copy_file_range(from, &in, to, &out, len, 0));
	note(s, "offsets %jd %jd", (intmax_t)in, (intmax_t)out);
	note_fstat(s, to);
}

static void copy_file_range_between_objects(struct side *s)
{
	const int from = open_filled(s, "from", MIB + 100);
	const int to = T_FD(s, open("to", FD_FLAGS, 0600));
	const int reader = T_FD(s, open("to", O_RDONLY | O_CLOEXEC));
	const int append = T_FD(s, open("to", O_WRONLY | O_APPEND | O_CLOEXEC));

	note_copy(s, from, 0, to, 0, 10);
	note_copy(s, from, 1, to, 4095, 70000);
	note_copy(s, from, 0, to, 100, MIB + 100);
	note_copy(s, from, MIB, to, 5 * MIB, 1000);
	note_copy(s, from, 2 * MIB, to, 0, 1000);
	note_copy(s, from, 0, to, 0, 0);
	note_copy(s, from, 0, reader, 0, 10);
	note_copy(s, from, 0, append, 0, 10);
	note_copy(s, from, -1, to, 0, 10);
	note_copy(s, from, 0, to, INT64_MAX - 5, 10);
	T(s, copy_file_range(from, NULL, to, NULL, 50, 1));
	T(s, lseek(from, 77, SEEK_SET));
	T(s, copy_file_range(from, NULL, to, NULL, 50, 0));
	T(s, lseek(from, 0, SEEK_CUR));
	T(s, lseek(to, 0, SEEK_CUR));
}

static void copy_file_range_in_one_object(struct side *s)
{
	const int fd = open_filled(s, "o", 100000);

	note_copy(s, fd, 0, fd, 50000, 50000);
	note_copy(s, fd, 0, fd, 100, 50000);
	note_copy(s, fd, 0, fd, 100000, 100);
	note_range(s, fd, 0, 200000);
}

/* SEEK_HOLE tells whether a copy of a sparse object became dense. */
static void copy_file_range_of_holes(struct side *s)
{
	const int from = T_FD(s, open("from", FD_FLAGS, 0600));
	const int to = T_FD(s, open("to", FD_FLAGS, 0600));
	off_t in = 0;
	ssize_t n;

	T(s, ftruncate(from, 3 * MIB));
	T(s, pwrite(from, "x", 1, MIB));
	for (size_t left = 3 * MIB; left > 0; left -= (size_t)n) {
		n = copy_file_range(from, &in, to, NULL, left, 0);
		if (n <= 0)
			break;
	}
	note(s, "copied %jd", (intmax_t)in);
	note_fstat(s, from);
	note_range(s, to, 0, 3 * MIB);
	T(s, ftruncate(to, 0));
}

/* Bytes of a file elsewhere, into an object and back. */
static void sendfile_in_and_out(struct side *s)
{
	const int memory = memfd_create("elsewhere", MFD_CLOEXEC);
	const int fd = open_filled(s, "o", MIB);
	off_t offset = 4095;
	size_t sent = 0;
	ssize_t n;

	while (sent < 900000 && (n = sendfile(memory, fd, &offset, 900000 - sent)) > 0)
		sent += (size_t)n;
	note(s, "sent %zu, offset %jd", sent, (intmax_t)offset);
	note_range(s, memory, 0, MIB);
	T(s, lseek(fd, 100, SEEK_SET));
	offset = 1;
	T(s, sendfile(fd, memory, &offset, 60000));
	note_range(s, fd, 0, MIB);
	offset = 2 * MIB;
	T(s, sendfile(memory, fd, &offset, 10));
}

static void splice_through_a_pipe(struct side *s)
{
	const int fd = open_filled(s, "o", 60000);
	int ends[2];
	off_t in = 100, out = 59000;

	T(s, pipe2(ends, O_CLOEXEC));
	T(s, splice(fd, &in, ends[1], NULL, 50000, 0));
	T(s, splice(ends[0], NULL, fd, &out, 50000, 0));
	note(s, "offsets %jd %jd", (intmax_t)in, (intmax_t)out);
	note_fstat(s, fd);
	T(s, write(ends[1], "hello", 5));
	T(s, splice(ends[0], NULL, fd, NULL, 5, 0));
	T(s, lseek(fd, 0, SEEK_CUR));
	in = 200000;
	T(s, splice(fd, &in, ends[1], NULL, 10, 0));
}

/* A new open gets the bytes of now, not those that the kernel has read before. */
static void sendfile_of_what_others_changed(struct side *s)
{
	const int memory = memfd_create("elsewhere", MFD_CLOEXEC);
	const int outside = openat(s->out, "o", O_RDWR | O_CREAT | O_CLOEXEC, 0600);

	for (int i = 0; i < 4; i++) {
		const char letters[] = {(char)('a' + i), (char)('A' + i)};
		off_t offset = 0;
		int fd;

		T(s, pwrite(outside, letters, sizeof(letters), 5000 - 1000 * i));
		fd = T_FD(s, open("o", O_RDONLY | O_CLOEXEC));
		T(s, ftruncate(memory, 0));
		T(s, lseek(memory, 0, SEEK_SET));
		T(s, sendfile(memory, fd, &offset, 20000));
		note_range(s, memory, 0, 20000);
		T(s, ftruncate(outside, 4500 - 1000 * i));
		T(s, close(fd));
	}
	close(outside);
	close(memory);
}

static void note_mapping(struct side *s, int fd, int prot, size_t len, off_t offset)
{
	char *p = mmap(NULL, len, prot, MAP_PRIVATE, fd, offset);

	if (p == MAP_FAILED) {
		note(s, "mmap: %s", strerrorname_np(errno));
		return;
	}
	note_bytes(s, "mapped", p, (ssize_t)len);
	if (prot & PROT_WRITE) {
		memset(p, 'z', len);
		note_range(s, fd, offset, len);
	}
	munmap(p, len);
}

static void private_mappings_see_current_bytes(struct side *s)
{
	const int fd = open_filled(s, "o", MIB + 10);
	const int reader = T_FD(s, open("o", O_RDONLY | O_CLOEXEC));
	const int outside = openat(s->out, "o", O_RDWR | O_CLOEXEC);

	note_mapping(s, fd, PROT_READ, MIB + 10, 0);
	note_mapping(s, reader, PROT_READ | PROT_WRITE, MIB, 4096);
	T(s, pwrite(fd, "new", 3, 5000));
	note_mapping(s, reader, PROT_READ, MIB, 4096);
	T(s, pwrite(outside, "outside", 7, 5001));
	note_mapping(s, reader, PROT_READ, MIB, 4096);
	note_mapping(s, fd, PROT_READ | PROT_EXEC, 4096, 0);
	T(s, ftruncate(outside, 2000));
	note_mapping(s, fd, PROT_READ, 4096, 0);
}

static void an_object_can_be_a_program(struct side *s)
{
	const int from = open("/bin/true", O_RDONLY | O_CLOEXEC);
	const int fd = T_FD(s, open("program", FD_FLAGS, 0755));
	int status;
	pid_t pid;
	ssize_t n;

	while ((n = read(from, buf, sizeof(buf))) > 0)
		T(s, write(fd, buf, (size_t)n));
	T(s, close(fd));
	for (mode_t mode = 0755; mode >= 0644; mode -= 0111) {
		T(s, chmod("program", mode));
		pid = fork();
		if (pid == 0) {
			execl("./program", "program", NULL);
			_exit(errno);
		}
		status = wait_child(pid);
		note(s, "status %#x", (unsigned int)status);
	}
}

/*
 * The lower and upper directories of an overlay, which shows both and keeps changes in the upper
 * one.
 */
static void directories_can_be_layers(struct side *s)
{
	char text[16] = "";
	int fd;

	T(s, mkdir("low", 0755));
	T(s, mkdir("lower", 0755));
	T(s, mkdir("all", 0755));
	T(s, close(open("low/o", FD_FLAGS, 0644)));
	T(s, close(open("lower/p", FD_FLAGS, 0644)));
	fd = T_FD(s, open("low/o", O_WRONLY | O_CLOEXEC));
	T(s, write(fd, "bytes", 5));
	T(s, close(fd));
	T(s, mount("overlay", "all", "overlay", 0, "lowerdir=low:lower"));
	fd = T_FD(s, open("all/o", O_RDONLY | O_CLOEXEC));
	T(s, read(fd, text, sizeof(text)));
	note(s, "%s", text);
	T(s, close(fd));
	note_lstat(s, "all/p");
	T(s, umount2("all", 0));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		COMPARED(copy_file_range_between_objects),
		COMPARED(copy_file_range_in_one_object),
		COMPARED(copy_file_range_of_holes),
		COMPARED(sendfile_in_and_out),
		COMPARED(splice_through_a_pipe),
		COMPARED(sendfile_of_what_others_changed),
		COMPARED(private_mappings_see_current_bytes),
		COMPARED(an_object_can_be_a_program),
		COMPARED(directories_can_be_layers),
	};

	return RUN_MOUNTED(tests);
}

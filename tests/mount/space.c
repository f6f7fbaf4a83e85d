/* SPDX-License-Identifier: MIT */
/* Sizes and the space behind them: holes, truncation, fallocate, SEEK_DATA. */
#include "harness.h"

#include <fcntl.h>
#include <linux/falloc.h>
#include <sys/statvfs.h>
#include <unistd.h>

enum { FD_FLAGS = O_RDWR | O_CREAT | O_CLOEXEC };

static char buf[3 * MIB];

/* The places of data and holes, as lseek tells them. */
static void note_map(struct side *s, int fd)
{
	static const off_t places[] = {0, 1, 4095, 4096, 40960, 65536, 1048576, 3000000};

	for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
		note(s, "from %jd", (intmax_t)places[i]);
		T(s, lseek(fd, places[i], SEEK_DATA));
		T(s, lseek(fd, places[i], SEEK_HOLE));
	}
}

static void truncation_down_and_up(struct side *s)
{
	static const off_t to[] = {MIB + 1, MIB, MIB - 1, 70000, 65536, 65535, 4097, 4096, 4095,
		100, 1, 0, 1, 3 * MIB, 5000, 2 * MIB + 7};
	const int fd = T_FD(s, open("o", FD_FLAGS, 0600));

	fill(buf, 2 * MIB, 1, 0);
	T(s, write(fd, buf, 2 * MIB));
	for (size_t i = 0; i < ARRAY_SIZE(to); i++) {
		T(s, i % 2 ? ftruncate(fd, to[i]) : truncate("o", to[i]));
		note_fstat(s, fd);
		T(s, pread(fd, buf, 2 * MIB, 0));
		note_range(s, fd, 0, 3 * MIB);
		T(s, pwrite(fd, "mark", 4, to[i]));
		note_map(s, fd);
	}
	T(s, truncate("missing", 0));
	T(s, truncate("o", -1));
}

/* Bytes that were cut off do not come back when the object grows again. */
static void regrown_parts_are_zero(struct side *s)
{
	static const off_t cuts[] = {1, 4095, 4096, 4097, 65537, 1048575};
	const int fd = T_FD(s, open("o", FD_FLAGS, 0600));

	for (size_t i = 0; i < ARRAY_SIZE(cuts); i++) {
		fill(buf, 2 * MIB, 1, 0);
		T(s, pwrite(fd, buf, 2 * MIB, 0));
		T(s, ftruncate(fd, cuts[i]));
		T(s, i % 2 ? ftruncate(fd, 2 * MIB) : pwrite(fd, "x", 1, 2 * MIB - 1));
		note_range(s, fd, 0, 2 * MIB);
	}
}

static void writes_leave_holes(struct side *s)
{
	const int fd = T_FD(s, open("o", FD_FLAGS, 0600));

	fill(buf, 2 * MIB, 1, 0);
	T(s, pwrite(fd, buf, 1, 40959));
	T(s, pwrite(fd, buf, MIB, 5 * MIB + 13));
	T(s, pwrite(fd, buf, 3, 20 * MIB));
	note_fstat(s, fd);
	note_map(s, fd);
	T(s, pwrite(fd, buf, 2 * MIB, 4 * MIB));
	note_fstat(s, fd);
	T(s, ftruncate(fd, 100 * MIB));
	note_fstat(s, fd);
	T(s, pwrite(fd, buf, 4096, 1 * TIB));
	note_fstat(s, fd);
	T(s, lseek(fd, 21 * MIB, SEEK_DATA));
	T(s, lseek(fd, 0, SEEK_END));
}

static uint64_t blocks_free(const char *dir)
{
	struct statvfs fs;

	return statvfs(dir, &fs) < 0 ? 0 : fs.f_bfree;
}

/* Reads at many places, small and big; whatever is there is zero. */
static void note_reads_of_zero(struct side *s, int fd, off_t size)
{
	static const size_t lengths[] = {1, 4096, 65536, 131072, MIB, 3 * MIB};

	for (off_t at = 0; at < size; at += size / 13)
		for (size_t i = 0; i < ARRAY_SIZE(lengths); i++)
			note_bytes(s, "zeroes", buf, pread(fd, buf, lengths[i], at));
	note_bytes(s, "end", buf, pread(fd, buf, 3 * MIB, size - 5000));
}

static void reading_never_allocates(struct side *s)
{
	static const off_t lengths[] = {4096, 65536, 16 * MIB, 1 * TIB};

	for (size_t i = 0; i < ARRAY_SIZE(lengths); i++) {
		const int fd = T_FD(s, open("o", FD_FLAGS | O_TRUNC, 0600));
		const uint64_t before = blocks_free(s->outside);

		T(s, ftruncate(fd, lengths[i]));
		note_reads_of_zero(s, fd, lengths[i]);
		note(s, "taken %ju", (uintmax_t)(before - blocks_free(s->outside)));
		note_fstat(s, fd);
		T(s, lseek(fd, 0, SEEK_DATA));
		T(s, close(fd));
	}
}

/* Between two pages of data too, where a reader of whole ranges might not look. */
static void reading_around_data_never_allocates(struct side *s)
{
	const int fd = T_FD(s, open("o", FD_FLAGS, 0600));

	fill(buf, 5000, 1, 0);
	for (off_t at = 0; at < 3 * (off_t)MIB; at += 60000)
		pwrite(fd, buf, 5000, at);
	note_fstat(s, fd);
	for (size_t len = 4096; len <= 3 * MIB; len *= 3)
		for (off_t at = 0; at < 3 * (off_t)MIB; at += (off_t)len)
			note_bytes(s, "mixed", buf, pread(fd, buf, len, at));
	note_fstat(s, fd);
	note_map(s, fd);
}

static void note_fallocate(struct side *s, int fd, int mode, off_t at, off_t len)
{
	struct stat st;

	note(s, "fallocate mode %d at %jd len %jd", mode, (intmax_t)at, (intmax_t)len);
	T(s, fallocate(fd, mode, at, len));
	if (fstat(fd, &st) == 0 && st.st_size <= (off_t)sizeof(buf))
		note_range(s, fd, 0, (size_t)st.st_size);
	note_fstat(s, fd);
	note_map(s, fd);
}

static void fallocate_modes(struct side *s)
{
	enum { PUNCH = FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE };
	const int fd = T_FD(s, open("o", FD_FLAGS, 0600));

	note_fallocate(s, fd, 0, 0, 10);
	note_fallocate(s, fd, 0, 4000, 70000);
	note_fallocate(s, fd, FALLOC_FL_KEEP_SIZE, 100000, MIB);
	note_fallocate(s, fd, 0, 0, 4096);
	fill(buf, 2 * MIB, 1, 0);
	T(s, pwrite(fd, buf, 2 * MIB, 100));
	note_fallocate(s, fd, PUNCH, 4096, 8192);
	note_fallocate(s, fd, PUNCH, 65000, 1000);
	note_fallocate(s, fd, PUNCH, 100001, MIB);
	note_fallocate(s, fd, PUNCH, 2 * MIB, 10 * MIB);
	note_fallocate(s, fd, FALLOC_FL_PUNCH_HOLE, 0, 4096);
	note_fallocate(s, fd, FALLOC_FL_ZERO_RANGE, 0, 4096);
	note_fallocate(s, fd, FALLOC_FL_COLLAPSE_RANGE, 0, 4096);
	note_fallocate(s, fd, FALLOC_FL_INSERT_RANGE, 0, 4096);
	note_fallocate(s, fd, FALLOC_FL_UNSHARE_RANGE, 0, 4096);
	note_fallocate(s, fd, 0x4000, 0, 4096);
	note_fallocate(s, fd, 0, 0, 0);
	T(s, pwrite(fd, buf, 65536, 60000));
	note_map(s, fd);
}

static void seek_data_and_hole_at_the_end(struct side *s)
{
	const int fd = T_FD(s, open("o", FD_FLAGS, 0600));

	T(s, lseek(fd, 0, SEEK_DATA));
	T(s, lseek(fd, 0, SEEK_HOLE));
	T(s, pwrite(fd, "x", 1, 10000));
	T(s, lseek(fd, 10000, SEEK_DATA));
	T(s, lseek(fd, 10000, SEEK_HOLE));
	T(s, lseek(fd, 10001, SEEK_DATA));
	T(s, lseek(fd, 10001, SEEK_HOLE));
	T(s, lseek(fd, -1, SEEK_DATA));
	T(s, lseek(fd, -1, SEEK_HOLE));
	T(s, lseek(fd, 0, SEEK_CUR));
}

static void posix_fallocate_and_fadvise(struct side *s)
{
	const int fd = T_FD(s, open("o", FD_FLAGS, 0600));

	T(s, posix_fallocate(fd, 0, 100000));
	note_fstat(s, fd);
	T(s, posix_fallocate(fd, 50, 100));
	T(s, posix_fadvise(fd, 0, 0, POSIX_FADV_WILLNEED));
	T(s, posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED));
	T(s, readahead(fd, 0, 100000));
	note_fstat(s, fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		COMPARED(truncation_down_and_up),
		COMPARED(regrown_parts_are_zero),
		COMPARED(writes_leave_holes),
		COMPARED(reading_never_allocates),
		COMPARED(reading_around_data_never_allocates),
		COMPARED(fallocate_modes),
		COMPARED(seek_data_and_hole_at_the_end),
		COMPARED(posix_fallocate_and_fadvise),
	};

	return RUN_MOUNTED(tests);
}

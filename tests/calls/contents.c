/* SPDX-License-Identifier: MIT */
#include "table.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>

enum { MODE = 0604 };

static struct stat st;

/* --- attributes --- */

static long stat_a(void)
{
	return lstat("a", &st);
}

static void is_a(void)
{
	assert_int_equal(st.st_mode, S_IFREG | 0644);
	assert_int_equal(st.st_size, 1);
}

static long stat_directory(void)
{
	return lstat("d", &st);
}

/* As tmpfs has it: itself twice, a directory, two entries. */
static void is_tree(void)
{
	assert_int_equal(st.st_mode, S_IFDIR | 0755);
	assert_int_equal(st.st_nlink, 3);
	assert_int_equal(st.st_size, 80);
}

/* One request, and the first question about the entries since there are all of them. */
static long stat_top(void)
{
	return lstat(".", &st);
}

static void has_trees(void)
{
	assert_int_equal(st.st_nlink, 4);
	assert_int_equal(st.st_size, 100);
}

static long change_mode(void)
{
	return chmod("a", MODE);
}

static void has_mode(void)
{
	assert_int_equal(stat_of("a").st_mode & 07777, MODE);
}

static long change_mode_of_directory(void)
{
	return chmod("d", 0700);
}

static void directory_has_mode(void)
{
	assert_int_equal(stat_of("d").st_mode, S_IFDIR | 0700);
}

static long change_times(void)
{
	const struct timespec times[2] = {{.tv_sec = 1}, {.tv_sec = 2}};

	return utimensat(AT_FDCWD, "a", times, 0);
}

static void has_times(void)
{
	assert_int_equal(stat_of("a").st_mtim.tv_sec, 2);
}

static long truncate_it(void)
{
	return truncate("a", 12345);
}

static long truncate_open(void)
{
	return ftruncate(opened, 12345);
}

static void is_truncated(void)
{
	expect_size(12345);
}

static long ask_space(void)
{
	struct statvfs space;

	return statvfs(".", &space);
}

/* --- contents --- */

/* The part that comes is right, and the rest comes when the reader goes on. */
static long list(void)
{
	const long n = count_and_close(opendir("d"));

	if (n >= 0)
		assert_int_equal(n, ENTRIES + 2);
	return n;
}

static long read_all(void)
{
	ssize_t n = 0;

	memset(got, 0, sizeof(got));
	for (size_t done = 0; done < sizeof(got); done += (size_t)n) {
		n = pread(opened, got + done, sizeof(got) - done, (off_t)done);
		if (n < 0)
			return -1;
		assert_int_not_equal(n, 0);
	}
	return 0;
}

static void is_read(void)
{
	assert_memory_equal(got, data, sizeof(data));
}

static long write_all(void)
{
	ssize_t n = 0;

	fill(data, sizeof(data), 2, 0);
	for (size_t done = 0; done < sizeof(data); done += (size_t)n) {
		n = pwrite(opened, data + done, sizeof(data) - done, (off_t)done);
		if (n < 0)
			return -1;
		assert_int_not_equal(n, 0);
	}
	return 0;
}

static void is_written(void)
{
	assert_int_equal(read_all(), 0);
	is_read();
}

static long append(void)
{
	const ssize_t n = write(opened, "0123456789", 10);

	if (n >= 0)
		assert_int_equal(n, 10);
	return n;
}

static void is_appended(void)
{
	expect_size(11);
}

static long allocate(void)
{
	return fallocate(opened, 0, 0, 10000);
}

static void is_allocated(void)
{
	expect_size(10000);
	assert_true(stat_of("a").st_blocks >= 10000 / 512);
}

static long find_hole(void)
{
	return (long)lseek(opened, 0, SEEK_HOLE);
}

static long copy(void)
{
	off_t from = 0, to = 0;

	return copy_file_range(opened, &from, other, &to, sizeof(data), 0);
}

static void is_copied(void)
{
	assert_int_equal(pread(other, got, sizeof(got), 0), sizeof(got));
	is_read();
}

static const struct script scripts[] = {
	{"stat", make_a, stat_a, is_a},
	{"stat of a directory", make_trees, stat_directory, is_tree},
	{"stat of the top", make_trees_and_a, stat_top, has_trees},
	{"readdir", make_many, list, nothing},
	{"chmod", make_a, change_mode, has_mode},
	{"chmod of a directory", make_trees, change_mode_of_directory, directory_has_mode},
	{"utimensat", make_a, change_times, has_times},
	{"truncate", make_a, truncate_it, is_truncated},
	{"ftruncate", open_a, truncate_open, is_truncated},
	{"fallocate", open_a, allocate, is_allocated},
	{"statvfs", nothing, ask_space, nothing},
	{"read", open_big, read_all, is_read},
	{"write", open_big, write_all, is_written},
	{"append", open_to_append, append, is_appended},
	{"lseek", open_a, find_hole, nothing},
	{"copy_file_range", open_big_and_other, copy, is_copied},
};

const struct script_table calls_of_contents = {scripts, ARRAY_SIZE(scripts)};

/* SPDX-License-Identifier: MIT */
#include "table.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { FD_FLAGS = O_RDWR | O_CREAT | O_CLOEXEC, MODE = 0604 };

/* --- open --- */

static long create_new(void)
{
	return opened = open("a", FD_FLAGS | O_EXCL, 0400);
}

static void is_new(void)
{
	assert_int_equal(write(opened, "a", 1), 1);
	assert_int_equal(stat_of("a").st_nlink, 1);
	assert_int_equal(stat_of("a").st_mode, S_IFREG | 0400);
}

static long create_or_open(void)
{
	return opened = open("a", FD_FLAGS | O_TRUNC, 0600);
}

static void is_empty_now(void)
{
	expect_size(0);
	assert_int_equal(write(opened, "b", 1), 1);
}

static long open_plain(void)
{
	return opened = open("a", O_RDWR | O_CLOEXEC);
}

static void is_readable(void)
{
	char byte;

	assert_int_equal(pread(opened, &byte, 1, 0), 1);
	assert_int_equal(byte, 'a');
}

#if LIBFUSE_HAS_TMPFILE
static long open_unnamed(void)
{
	return opened = open(".", O_RDWR | O_TMPFILE | O_CLOEXEC, 0600);
}

static void is_unnamed(void)
{
	struct stat st;

	assert_return_code(fstat(opened, &st), errno);
	assert_int_equal(st.st_nlink, 0);
	assert_int_equal(write(opened, "a", 1), 1);
}
#endif

/* --- names --- */

static long make_node(void)
{
	return mknod("a", S_IFREG | MODE, 0);
}

/* Nothing else can be made there. */
static void expect_made(mode_t mode)
{
	assert_int_equal(stat_of("a").st_mode, mode);
	EXPECT_ERROR(mkdir("a", 0755), EEXIST);
}

static void is_object(void)
{
	expect_made(S_IFREG | MODE);
}

static long make_fifo(void)
{
	return mkfifo("a", MODE);
}

static void is_fifo(void)
{
	expect_made(S_IFIFO | MODE);
}

static long make_directory(void)
{
	return mkdir("a", 0705);
}

static void is_directory(void)
{
	expect_made(S_IFDIR | 0705);
	assert_int_equal(stat_of("a").st_nlink, 2);
}

static long make_symlink(void)
{
	return symlink("target", "a");
}

static long read_link(void)
{
	return readlink("a", got, sizeof(got));
}

static void is_target(void)
{
	assert_memory_equal(got, "target", strlen("target"));
}

static void is_symlink(void)
{
	expect_made(S_IFLNK | 0777);
	assert_int_equal(read_link(), strlen("target"));
	is_target();
}

static long link_it(void)
{
	return link("a", "b");
}

static void has_two_names(void)
{
	assert_int_equal(stat_of("a").st_nlink, 2);
	assert_int_equal(stat_of("b").st_nlink, 2);
	assert_int_equal(stat_of("b").st_ino, stat_of("a").st_ino);
}

static long unlink_it(void)
{
	return unlink("a");
}

static long remove_directory(void)
{
	return rmdir("a");
}

static void is_gone(void)
{
	is_missing("a");
}

static long rename_it(void)
{
	return rename("a", "b");
}

static void is_renamed(void)
{
	is_missing("a");
	assert_int_equal(first_byte("b"), 'a');
}

static long rename_carefully(void)
{
	return renameat2(AT_FDCWD, "a", AT_FDCWD, "b", RENAME_NOREPLACE);
}

static long exchange(void)
{
	return renameat2(AT_FDCWD, "a", AT_FDCWD, "b", RENAME_EXCHANGE);
}

static void is_exchanged(void)
{
	assert_int_equal(first_byte("a"), 'b');
	assert_int_equal(first_byte("b"), 'a');
}

static const struct script scripts[] = {
	{"open O_EXCL", nothing, create_new, is_new},
	{"open O_CREAT O_TRUNC", nothing, create_or_open, is_empty_now},
	{"open O_TRUNC", make_a, create_or_open, is_empty_now},
	{"open", make_a, open_plain, is_readable},
#if LIBFUSE_HAS_TMPFILE
	{"open O_TMPFILE", nothing, open_unnamed, is_unnamed},
#endif
	{"mknod", nothing, make_node, is_object},
	{"mkfifo", nothing, make_fifo, is_fifo},
	{"mkdir", nothing, make_directory, is_directory},
	{"symlink", nothing, make_symlink, is_symlink},
	{"readlink", make_link, read_link, is_target},
	{"link", make_a, link_it, has_two_names},
	{"unlink", make_a, unlink_it, is_gone},
	{"unlink of what is open", open_a, unlink_it, is_gone},
	{"rmdir", make_empty, remove_directory, is_gone},
	{"rename", make_a, rename_it, is_renamed},
	{"rename to a name that is taken", make_a_and_b, rename_it, is_renamed},
	{"rename RENAME_NOREPLACE", make_a, rename_carefully, is_renamed},
	{"rename RENAME_EXCHANGE", make_a_and_b, exchange, is_exchanged},
};

const struct script_table calls_of_names = {scripts, ARRAY_SIZE(scripts)};

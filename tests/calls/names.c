/* SPDX-License-Identifier: MIT */
#include "table.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/sysmacros.h>
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

/* As root, and for an object that is not open. */
static long make_device(void)
{
	return mknod("a", S_IFCHR | MODE, makedev(1, 3));
}

static void is_device(void)
{
	expect_made(S_IFCHR | MODE);
	assert_int_equal(stat_of("a").st_rdev, makedev(1, 3));
}

static long make_deep_directory(void)
{
	return mkdir("d/sub/deep", 0705);
}

static void is_deep_directory(void)
{
	assert_int_equal(stat_of("d/sub/deep").st_mode, S_IFDIR | 0705);
	assert_int_equal(stat_of("d/sub").st_nlink, 3);
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

static long link_elsewhere(void)
{
	return link("d/x", "e/y");
}

static void is_in_both(void)
{
	assert_int_equal(stat_of("d/x").st_nlink, 2);
	assert_int_equal(stat_of("e/y").st_ino, stat_of("d/x").st_ino);
}

#if LIBFUSE_HAS_TMPFILE
static void open_without_name(void)
{
	assert_return_code(open_unnamed(), errno);
	assert_int_equal(write(opened, "a", 1), 1);
}

static long link_unnamed(void)
{
	char path[32];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", opened);
	return linkat(AT_FDCWD, path, AT_FDCWD, "b", AT_SYMLINK_FOLLOW);
}

static void has_a_name(void)
{
	assert_int_equal(stat_of("b").st_nlink, 1);
	assert_int_equal(first_byte("b"), 'a');
}
#endif

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

/* --- directories and their entries --- */

static long move_tree(void)
{
	return rename("d", "e");
}

static void is_moved(void)
{
	is_missing("d");
	assert_int_equal(first_byte("e/x"), 'd');
	assert_int_equal(first_byte("e/sub/y"), 'd');
}

static long move_tree_carefully(void)
{
	return renameat2(AT_FDCWD, "d/sub", AT_FDCWD, "e/sub", RENAME_NOREPLACE);
}

static void is_in_other_tree(void)
{
	is_missing("d/sub");
	assert_int_equal(first_byte("e/sub/y"), 'd');
	assert_int_equal(stat_of("d").st_nlink, 2);
	assert_int_equal(stat_of("e").st_nlink, 3);
}

static long exchange_trees(void)
{
	return renameat2(AT_FDCWD, "d", AT_FDCWD, "e", RENAME_EXCHANGE);
}

static void are_exchanged(void)
{
	assert_int_equal(first_byte("d/x"), 'e');
	assert_int_equal(first_byte("d/z"), 'e');
	assert_int_equal(first_byte("e/x"), 'd');
	assert_int_equal(first_byte("e/sub/y"), 'd');
	is_missing("d/sub");
}

/* A directory with an object in another directory. */
static long exchange_kinds(void)
{
	return renameat2(AT_FDCWD, "d/sub", AT_FDCWD, "e/z", RENAME_EXCHANGE);
}

static void kinds_are_exchanged(void)
{
	assert_int_equal(first_byte("d/sub"), 'e');
	assert_int_equal(first_byte("e/z/y"), 'd');
}

static long move_object(void)
{
	return rename("d/x", "e/z");
}

static void is_object_elsewhere(void)
{
	is_missing("d/x");
	assert_int_equal(first_byte("e/z"), 'd');
}

static const struct script scripts[] = {
	{"open O_EXCL", nothing, create_new, is_new, .asks_last = true},
	{"open O_CREAT O_TRUNC", nothing, create_or_open, is_empty_now, .asks_last = true},
	{"open O_TRUNC", make_a, create_or_open, is_empty_now},
	{"open", make_a, open_plain, is_readable},
#if LIBFUSE_HAS_TMPFILE
	{"open O_TMPFILE", nothing, open_unnamed, is_unnamed},
#endif
	{"mknod", nothing, make_node, is_object},
	{"mkfifo", nothing, make_fifo, is_fifo},
	{"mkdir", nothing, make_directory, is_directory},
	{"mkdir in a tree", make_trees, make_deep_directory, is_deep_directory},
	{"mknod of a device", nothing, make_device, is_device},
	{"symlink", nothing, make_symlink, is_symlink},
	{"readlink", make_link, read_link, is_target},
	{"link", make_a, link_it, has_two_names},
	{"link in another directory", make_trees, link_elsewhere, is_in_both},
#if LIBFUSE_HAS_TMPFILE
	{"link of what has no name", open_without_name, link_unnamed, has_a_name,
		.needs_handles = true},
#endif
	{"unlink", make_a, unlink_it, is_gone},
	{"unlink of what is open", open_a, unlink_it, is_gone},
	{"rmdir", make_empty, remove_directory, is_gone},
	{"rename", make_a, rename_it, is_renamed},
	{"rename to a name that is taken", make_a_and_b, rename_it, is_renamed},
	{"rename RENAME_NOREPLACE", make_a, rename_carefully, is_renamed},
	{"rename RENAME_EXCHANGE", make_a_and_b, exchange, is_exchanged},
	{"rename into another directory", fill_both_trees, move_object, is_object_elsewhere},
	{"rename of a directory", make_trees, move_tree, is_moved},
	{"rename RENAME_NOREPLACE of a directory", make_trees, move_tree_carefully,
		is_in_other_tree},
	{"rename RENAME_EXCHANGE of directories", fill_both_trees, exchange_trees, are_exchanged},
	{"rename RENAME_EXCHANGE of both kinds", fill_both_trees, exchange_kinds,
		kinds_are_exchanged},
};

const struct script_table calls_of_names = {scripts, ARRAY_SIZE(scripts)};

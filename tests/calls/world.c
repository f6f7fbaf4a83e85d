/* SPDX-License-Identifier: MIT */
#include "table.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

enum { FD_FLAGS = O_RDWR | O_CREAT | O_CLOEXEC };

const struct script_table *const script_tables[SCRIPT_TABLES] = {
	&calls_of_names, &calls_of_xattrs, &calls_of_contents};

int opened = -1, other = -1;
char data[MIB], got[MIB];

void touch(const char *name)
{
	const int fd = open(name, FD_FLAGS, 0644);

	assert_return_code(fd, errno);
	assert_int_equal(write(fd, name, 1), 1);
	close(fd);
}

char first_byte(const char *name)
{
	const int fd = open(name, O_RDONLY | O_CLOEXEC);
	char byte = 0;

	assert_return_code(fd, errno);
	assert_int_equal(read(fd, &byte, 1), 1);
	close(fd);
	return byte;
}

struct stat stat_of(const char *name)
{
	struct stat found;

	assert_return_code(lstat(name, &found), errno);
	return found;
}

void expect_size(off_t size)
{
	struct stat st;

	assert_int_equal(stat_of("a").st_size, size);
	if (opened < 0)
		return;
	assert_return_code(fstat(opened, &st), errno);
	assert_int_equal(st.st_size, size);
}

void is_missing(const char *name)
{
	EXPECT_ERROR(access(name, F_OK), ENOENT);
}

/* --- before --- */

void nothing(void)
{
}

void make_a(void)
{
	touch("a");
}

void make_a_and_b(void)
{
	touch("a");
	touch("b");
}

void make_empty(void)
{
	assert_return_code(mkdir("a", 0755), errno);
}

void make_trees(void)
{
	assert_return_code(mkdir("d", 0755), errno);
	assert_return_code(mkdir("e", 0700), errno);
	assert_return_code(mkdir("d/sub", 0755), errno);
	touch("d/x");
	touch("d/sub/y");
}

void make_trees_and_a(void)
{
	make_trees();
	touch("a");
}

void fill_both_trees(void)
{
	make_trees();
	touch("e/x");
	touch("e/z");
}

void make_many(void)
{
	char name[32];

	assert_return_code(mkdir("d", 0755), errno);
	for (int i = 0; i < ENTRIES; i++) {
		snprintf(name, sizeof(name), "d/entry-%d", i);
		assert_return_code(mknod(name, S_IFREG | 0604, 0), errno);
	}
}

void make_link(void)
{
	assert_return_code(symlink("target", "a"), errno);
}

void open_a(void)
{
	touch("a");
	opened = open("a", O_RDWR | O_CLOEXEC);
	assert_return_code(opened, errno);
}

void open_to_append(void)
{
	touch("a");
	opened = open("a", O_WRONLY | O_APPEND | O_CLOEXEC);
	assert_return_code(opened, errno);
}

void open_big(void)
{
	opened = open("a", FD_FLAGS, 0600);
	assert_return_code(opened, errno);
	fill(data, sizeof(data), 1, 0);
	assert_int_equal(pwrite(opened, data, sizeof(data), 0), sizeof(data));
}

void open_big_and_other(void)
{
	open_big();
	other = open("b", FD_FLAGS, 0600);
	assert_return_code(other, errno);
	assert_return_code(ftruncate(other, sizeof(data)), errno);
}

void scripts_clean_up(void)
{
	if (opened >= 0)
		close(opened);
	if (other >= 0)
		close(other);
	opened = other = -1;
	sweep(".");
}

/* SPDX-License-Identifier: MIT */
#include "table.h"

#include <fcntl.h>
#include <stdio.h>

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

static const struct script scripts[] = {
	{"rename of a directory", make_trees, move_tree, is_moved},
	{"rename RENAME_EXCHANGE of directories", fill_both_trees, exchange_trees, are_exchanged},
};

const struct script_table moves_of_trees = {scripts, ARRAY_SIZE(scripts)};

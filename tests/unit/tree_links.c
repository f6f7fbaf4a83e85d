/* SPDX-License-Identifier: MIT */
/* lib/tree: listings of directories with several links of one object, while they come and go. */
#include "unit.h"

#include "tree.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { LINKS = 3000, BATCH = 7 };

/* Of the object: a usual one, and one that leaves less room in positions. */
static uint64_t ino;

static struct shmfs_tree *tree;

static int set_up(void **state)
{
	char name[32];

	ino = *(const uint64_t *)*state;
	if (shmfs_tree_new(&tree) < 0)
		return -1;
	for (int i = 0; i < LINKS; i++) {
		snprintf(name, sizeof(name), "link-%d", i);
		assert_int_equal(shmfs_tree_set(tree, name, ino, S_IFREG), 0);
	}
	assert_int_equal(shmfs_tree_set(tree, "newer", ino + 1, S_IFREG), 0);
	assert_int_equal(shmfs_tree_set(tree, "older", ino - 1, S_IFREG), 0);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	tree = shmfs_tree_free(tree);
	return 0;
}

/* What is done with each batch that has been listed. */
typedef void after_fn(const struct shmfs_tree_item *items, size_t n);

/* Lists all in batches of that size, and counts how often each link comes. */
static void list_all(unsigned char counts[LINKS], size_t batch, after_fn *after)
{
	struct shmfs_tree_item items[BATCH];
	uint64_t from = 0;
	ssize_t n;
	int i;

	memset(counts, 0, LINKS);
	while ((n = shmfs_tree_list(tree, "", from, items, batch)) > 0) {
		for (ssize_t j = 0; j < n; j++)
			if (sscanf(items[j].component, "link-%d", &i) == 1)
				counts[i]++;
		from = items[n - 1].next;
		if (after)
			after(items, (size_t)n);
	}
	assert_int_equal(n, 0);
}

static void expect_each_once(const unsigned char counts[LINKS])
{
	for (int i = 0; i < LINKS; i++)
		assert_int_equal(counts[i], 1);
}

static void test_each_link_is_listed_once(void **state)
{
	static unsigned char counts[LINKS];

	(void)state;
	for (size_t batch = 1; batch <= BATCH; batch++) {
		list_all(counts, batch, NULL);
		expect_each_once(counts);
	}
}

static void remove_all(const struct shmfs_tree_item *items, size_t n)
{
	for (size_t i = 0; i < n; i++)
		shmfs_tree_remove(tree, items[i].component);
}

static void test_removing_what_was_listed_skips_nothing(void **state)
{
	static unsigned char counts[LINKS];

	(void)state;
	list_all(counts, BATCH, remove_all);
	expect_each_once(counts);
	assert_int_equal(shmfs_tree_size(tree), 0);
}

static void rename_first(const struct shmfs_tree_item *items, size_t n)
{
	char name[SHMFS_NAME_MAX + 16];

	(void)n;
	if (items[0].component[0] != 'l')
		return;
	snprintf(name, sizeof(name), "renamed-%s", items[0].component);
	shmfs_tree_remove(tree, items[0].component);
	assert_int_equal(shmfs_tree_set(tree, name, ino, S_IFREG), 0);
}

static void test_renaming_what_was_listed_skips_nothing(void **state)
{
	static unsigned char counts[LINKS];

	(void)state;
	list_all(counts, BATCH, rename_first);
	expect_each_once(counts);
}

int main(void)
{
	static uint64_t usual = 77, high = UINT64_C(1) << 40;
#define TREE_TEST(test, ino)                                  \
	{                                                     \
#test " " #ino, test, set_up, tear_down, &ino \
	}
	const struct CMUnitTest tests[] = {
		TREE_TEST(test_each_link_is_listed_once, usual),
		TREE_TEST(test_each_link_is_listed_once, high),
		TREE_TEST(test_removing_what_was_listed_skips_nothing, usual),
		TREE_TEST(test_renaming_what_was_listed_skips_nothing, usual),
	};

	return cmocka_run_group_tests_name("tree_links", tests, NULL, NULL);
}

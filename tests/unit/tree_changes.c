/* SPDX-License-Identifier: MIT */
/* lib/tree: what a listing says of names that change while it goes on, and what a change costs. */
#include "unit.h"

#include "tree.h"

#include <stdio.h>
#include <sys/stat.h>

enum { STAYING = 300, OTHERS = 300 };

#define SLASH SHMFS_NAME_SLASH

static void name_of(char *ret, char kind, size_t i, unsigned version)
{
	sprintf(ret, "d%s%c%zu-%u", SLASH, kind, i, version);
}

/* What stays may get other names; all others come and go. */
static void change(struct shmfs_tree *tree, uint64_t *seed, unsigned *versions)
{
	const size_t staying = unit_random(seed) % STAYING, other = unit_random(seed) % OTHERS;
	char name[64];

	name_of(name, 's', staying, versions[staying]);
	shmfs_tree_remove(tree, name);
	name_of(name, 's', staying, ++versions[staying]);
	assert_int_equal(shmfs_tree_set(tree, name, 10 + staying * 2, S_IFREG), 0);
	name_of(name, 'o', other, 0);
	if (unit_random(seed) % 2)
		shmfs_tree_remove(tree, name);
	else
		assert_int_equal(shmfs_tree_set(tree, name, 11 + other * 2, S_IFREG), 0);
}

static void expect_each_once(struct shmfs_tree *tree, uint64_t *seed, unsigned *versions)
{
	struct shmfs_tree_item items[16];
	unsigned char seen[2 * STAYING + 2 * OTHERS + 16] = {0};
	uint64_t from = 0;
	ssize_t n;

	while ((n = shmfs_tree_list(tree, "d" SLASH, from, items, 1 + unit_random(seed) % 16)) >
		0) {
		for (ssize_t i = 0; i < n; i++)
			assert_int_equal(seen[items[i].ino]++, 0);
		from = items[n - 1].next;
		for (int i = 0; i < 20; i++)
			change(tree, seed, versions);
	}
	assert_int_equal(n, 0);
	for (size_t i = 0; i < STAYING; i++)
		assert_int_equal(seen[10 + i * 2], 1);
}

static void test_what_stays_is_listed_once_whatever_else_happens(void **state)
{
	unsigned versions[STAYING] = {0};
	uint64_t seed = unit_seed();
	struct shmfs_tree *tree;
	char name[64];

	(void)state;
	assert_int_equal(shmfs_tree_new(&tree), 0);
	assert_int_equal(shmfs_tree_set(tree, "d" SLASH, 1, S_IFDIR), 0);
	for (size_t i = 0; i < STAYING; i++) {
		name_of(name, 's', i, 0);
		assert_int_equal(shmfs_tree_set(tree, name, 10 + i * 2, S_IFREG), 0);
	}
	for (int i = 0; i < 30; i++)
		expect_each_once(tree, &seed, versions);
	shmfs_tree_free(tree);
}

/* What it may concern, however many other names there are. */
static void test_markers_look_at_loose_names_only(void **state)
{
	struct shmfs_tree *tree;
	char name[32];

	(void)state;
	assert_int_equal(shmfs_tree_new(&tree), 0);
	for (unsigned i = 1; i <= 1000; i++) {
		snprintf(name, sizeof(name), "object%u", i);
		assert_int_equal(shmfs_tree_set(tree, name, i, S_IFREG), 0);
	}
	assert_int_equal(shmfs_tree_set(tree, "a" SLASH "x", 1001, S_IFREG), 0);
	assert_int_equal(shmfs_tree_size(tree), 1001);
	assert_int_equal(shmfs_tree_set(tree, "b" SLASH, 1002, S_IFDIR), 0);
	assert_int_equal(shmfs_tree_moves(tree), 1);
	assert_int_equal(shmfs_tree_set(tree, "a" SLASH, 1003, S_IFDIR), 0);
	assert_int_equal(shmfs_tree_moves(tree), 2);
	assert_int_equal(shmfs_tree_set(tree, "c" SLASH, 1004, S_IFDIR), 0);
	assert_int_equal(shmfs_tree_moves(tree), 2);
	shmfs_tree_remove(tree, "a" SLASH);
	assert_int_equal(shmfs_tree_moves(tree), 3);
	shmfs_tree_free(tree);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_stays_is_listed_once_whatever_else_happens),
		cmocka_unit_test(test_markers_look_at_loose_names_only),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

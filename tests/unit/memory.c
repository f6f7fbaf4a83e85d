/* SPDX-License-Identifier: MIT */
/*
 * lib/tree and lib/index without memory: each allocation fails in turn. That is told with -ENOMEM,
 * or only makes things slower; nothing is lost or leaked, and all is right when there is memory
 * again.
 */
#include "unit.h"

#include "index.h"
#include "tree.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

/* More than the tree has buckets at first. */
enum { NAMES = 1100 };

static long until_failure = -1; /* allocations; < 0: none fails */
static long live;
static bool failed;

void *__real_calloc(size_t n, size_t size);
void __real_free(void *p);
void *__wrap_calloc(size_t n, size_t size);
void __wrap_free(void *p);

void *__wrap_calloc(size_t n, size_t size)
{
	void *p;

	if (until_failure == 0) {
		until_failure = -1;
		failed = true;
		return NULL;
	}
	until_failure -= until_failure > 0;
	p = __real_calloc(n, size);
	live += p != NULL;
	return p;
}

void __wrap_free(void *p)
{
	live -= p != NULL;
	__real_free(p);
}

static void fail_after(long allocations)
{
	until_failure = allocations;
	failed = false;
}

static void name_of(char ret[32], int i)
{
	snprintf(ret, 32, i % 10 == 0 ? "dir-%d%%2F" : "dir-%d%%2Fobject-%d", i / 10 * 10, i);
}

static int set_one(struct shmfs_tree *tree, int i)
{
	char name[32];

	name_of(name, i);
	return shmfs_tree_set(tree, name, (uint64_t)i + 1, i % 10 == 0 ? S_IFDIR : S_IFREG);
}

static void expect_complete(const struct shmfs_tree *tree)
{
	struct shmfs_tree_count count;

	assert_int_equal(shmfs_tree_count(tree, "", &count), 0);
	assert_int_equal(count.entries, NAMES / 10);
	assert_int_equal(count.directories, NAMES / 10);
	for (int i = 0; i < NAMES; i += 10) {
		char prefix[32];

		name_of(prefix, i);
		assert_int_equal(shmfs_tree_count(tree, prefix, &count), 0);
		assert_int_equal(count.entries, 9);
	}
}

/* A name that could not be told is told once more. */
static void fill_tree(long allocations)
{
	struct shmfs_tree *tree = NULL;
	int r;

	fail_after(allocations);
	r = shmfs_tree_new(&tree);
	if (r < 0) {
		assert_int_equal(r, -ENOMEM);
		assert_null(tree);
		return;
	}
	for (int i = 0; i < NAMES; i++) {
		r = set_one(tree, i);
		if (r < 0) {
			assert_int_equal(r, -ENOMEM);
			assert_int_equal(set_one(tree, i), 0);
		}
	}
	expect_complete(tree);
	shmfs_tree_free(tree);
}

static void tree_without_memory(void **state)
{
	long allocations = 0;

	(void)state;
	do {
		live = 0;
		fill_tree(allocations++);
		assert_int_equal(live, 0);
	} while (failed);
	assert_true(allocations > NAMES);
}

static void make_object(int i)
{
	char name[32], path[64];

	name_of(name, i);
	snprintf(path, sizeof(path), "/dev/shm/%s", name);
	assert_return_code(mknod(path, S_IFREG | 0600, 0), errno);
}

/* Asked again after a failure it reads again, and is right. */
static void ask_index(long allocations)
{
	struct shmfs_index *index = NULL;
	struct shmfs_tree_count count;
	int r;

	fail_after(allocations);
	r = shmfs_index_new(&index);
	if (r < 0) {
		assert_int_equal(r, -ENOMEM);
		return;
	}
	r = shmfs_index_count(index, "", &count);
	if (r < 0)
		assert_int_equal(r, -ENOMEM);
	make_object(20);
	r = shmfs_index_count(index, "", &count);
	if (r < 0) {
		assert_int_equal(r, -ENOMEM);
		assert_int_equal(shmfs_index_count(index, "", &count), 0);
	}
	assert_int_equal(count.entries, 3);
	unlink("/dev/shm/dir-20%2F");
	shmfs_index_free(index);
}

static void index_without_memory(void **state)
{
	long allocations = 0;

	(void)state;
	for (int i = 0; i < 20; i++)
		make_object(i);
	do {
		live = 0;
		ask_index(allocations++);
		assert_int_equal(live, 0);
		assert_int_equal(unit_count_fds(), 0);
	} while (failed);
	assert_true(allocations > 20);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tree_without_memory),
		cmocka_unit_test_setup_teardown(
			index_without_memory, unit_setup_shm, unit_teardown_shm),
	};

	unit_need_private_shm();
	return cmocka_run_group_tests(tests, NULL, NULL);
}

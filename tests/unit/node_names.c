/* SPDX-License-Identifier: MIT */
/* fs/node/node_names: where there are no file handles, the names that nodes were seen under. */
#include "unit.h"

#include "node/node_names.h"
#include "object.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

enum { ROOT = 1, MANY = 3000, DEPTH = 300, WIDTH = 2000 };

static struct {
	struct node_names names;
	struct node_table_shared shared;
	struct node_table table;
	int root;
	long until_failure; /* allocations; < 0: none fails */
	long live;
} world;

void *__real_calloc(size_t n, size_t size);
void *__wrap_calloc(size_t n, size_t size);
void *__real_malloc(size_t size);
void *__wrap_malloc(size_t size);
void __real_free(void *memory);
void __wrap_free(void *memory);

static bool fails(void)
{
	const bool now = world.until_failure == 0;

	world.until_failure -= world.until_failure > 0;
	return now;
}

void *__wrap_malloc(size_t size)
{
	void *memory = fails() ? NULL : __real_malloc(size);

	world.live += memory != NULL;
	return memory;
}

void *__wrap_calloc(size_t n, size_t size)
{
	void *memory = fails() ? NULL : __real_calloc(n, size);

	world.live += memory != NULL;
	return memory;
}

void __wrap_free(void *memory)
{
	world.live -= memory != NULL;
	__real_free(memory);
}

static int setup(void **state)
{
	unit_setup_shm(state);
	memset(&world, 0, sizeof(world));
	world.until_failure = -1;
	world.root = shmfs_object_root();
	assert_return_code(world.root, -world.root);
	assert_int_equal(node_names_init(&world.names), 0);
	assert_int_equal(node_table_init(&world.table, &world.shared), 0);
	return 0;
}

static int teardown(void **state)
{
	node_names_clear(&world.names);
	node_table_clear(&world.table);
	for (int i = 0; i < 2; i++)
		close(world.shared.fds[i]);
	close(world.root);
	return unit_teardown_shm(state);
}

static void expect(uint64_t ino, uint64_t parent, const char *text)
{
	struct node_name name;

	assert_int_equal(node_names_get(&world.names, ino, &name), 0);
	assert_int_equal(name.parent, parent);
	assert_string_equal(name.text, text);
}

static void expect_none(uint64_t ino)
{
	struct node_name name;

	assert_int_equal(node_names_get(&world.names, ino, &name), -ESTALE);
}

static void test_the_last_name_counts(void **state)
{
	char longest[NAME_MAX + 1];

	(void)state;
	memset(longest, 'x', NAME_MAX);
	longest[NAME_MAX] = '\0';
	expect_none(7);
	assert_int_equal(node_names_set(&world.names, 7, ROOT, "a"), 0);
	expect(7, ROOT, "a");
	assert_int_equal(node_names_set(&world.names, 7, ROOT, "a"), 0);
	assert_int_equal(node_names_set(&world.names, 7, 8, "a"), 0);
	expect(7, 8, "a");
	assert_int_equal(node_names_set(&world.names, 7, 8, longest), 0);
	expect(7, 8, longest);
	node_names_remove(&world.names, 7);
	node_names_remove(&world.names, 7);
	expect_none(7);
}

static void test_there_may_be_many(void **state)
{
	const long live = world.live;
	char name[32];

	(void)state;
	for (int round = 0; round < 2; round++)
		for (uint64_t i = 0; i < MANY; i++) {
			snprintf(name, sizeof(name), "%d-%d", round, (int)i);
			assert_int_equal(node_names_set(&world.names, 10 + i, i, name), 0);
		}
	for (uint64_t i = 0; i < MANY; i++) {
		snprintf(name, sizeof(name), "1-%d", (int)i);
		expect(10 + i, i, name);
	}
	assert_int_equal(world.live, live + MANY);
	for (uint64_t i = 0; i < MANY; i += 2)
		node_names_remove(&world.names, 10 + i);
	for (uint64_t i = 0; i < MANY; i += 2)
		expect_none(10 + i);
	assert_int_equal(world.live, live + MANY / 2);
}

static void test_without_memory_no_wrong_name_stays(void **state)
{
	(void)state;
	assert_int_equal(node_names_set(&world.names, 7, ROOT, "a"), 0);
	world.until_failure = 0;
	assert_int_equal(node_names_set(&world.names, 7, ROOT, "b"), -ENOMEM);
	world.until_failure = -1;
	expect_none(7);
	assert_int_equal(node_names_set(&world.names, 7, ROOT, "b"), 0);
	expect(7, ROOT, "b");
}

/* --- names that a worker before knew --- */

/* Makes something and lets the table know its number. */
static uint64_t make(const char *path, mode_t mode)
{
	struct stat st;

	if (S_ISDIR(mode))
		assert_return_code(mkdirat(world.root, path, mode & 07777), errno);
	else
		assert_return_code(mknodat(world.root, path, mode, 0), errno);
	assert_return_code(fstatat(world.root, path, &st, AT_SYMLINK_NOFOLLOW), errno);
	assert_non_null(node_table_add(&world.table, st.st_ino, 0));
	return st.st_ino;
}

static void relearn(void)
{
	node_names_relearn(&world.names, world.root, &world.table);
}

static void test_known_numbers_get_their_names_again(void **state)
{
	uint64_t a, dir, b, sub, c, unknown;
	struct stat st;

	(void)state;
	a = make("a", S_IFREG | 0600);
	dir = make("dir", S_IFDIR | 0700);
	b = make("dir/b", S_IFIFO | 0600);
	sub = make("dir/sub", S_IFDIR | 0700);
	c = make("dir/sub/c", S_IFREG | 0600);
	assert_return_code(symlinkat("dir", world.root, "link"), errno);
	assert_return_code(mknodat(world.root, "unknown", S_IFREG | 0600, 0), errno);
	assert_return_code(fstatat(world.root, "unknown", &st, 0), errno);
	unknown = st.st_ino;
	assert_int_equal(node_names_set(&world.names, a, 99, "seen since"), 0);
	relearn();
	expect(a, 99, "seen since");
	expect(dir, ROOT, "dir");
	expect(b, dir, "b");
	expect(sub, dir, "sub");
	expect(c, sub, "c");
	expect_none(unknown);
	assert_int_equal(unit_count_fds(), 0);
}

static void test_deep_and_wide_trees_are_read(void **state)
{
	char path[8 * DEPTH] = "deep", name[32];
	struct rlimit limit, few = {64, 0};
	uint64_t parent, last = 0;

	(void)state;
	parent = make(path, S_IFDIR | 0700);
	for (int i = 0; i < DEPTH; i++) {
		strcat(path, "/d");
		parent = last ? last : parent;
		last = make(path, S_IFDIR | 0700);
	}
	for (int i = 0; i < WIDTH; i++) {
		snprintf(name, sizeof(name), "w%d", i);
		make(name, S_IFDIR | 0700);
	}
	assert_return_code(getrlimit(RLIMIT_NOFILE, &limit), errno);
	few.rlim_max = limit.rlim_max;
	assert_return_code(setrlimit(RLIMIT_NOFILE, &few), errno);
	relearn();
	assert_return_code(setrlimit(RLIMIT_NOFILE, &limit), errno);
	expect(last, parent, "d");
}

/* Each allocation fails in turn: some names are missing then, and nothing is wrong or leaked. */
static void test_names_are_looked_for_without_memory(void **state)
{
	uint64_t a, dir;

	(void)state;
	a = make("a", S_IFREG | 0600);
	dir = make("dir", S_IFDIR | 0700);
	make("dir/b", S_IFREG | 0600);
	for (long place = 0; place < 20; place++) {
		struct node_name name;

		world.until_failure = place;
		relearn();
		world.until_failure = -1;
		if (node_names_get(&world.names, a, &name) == 0)
			expect(a, ROOT, "a");
		if (node_names_get(&world.names, dir, &name) == 0)
			expect(dir, ROOT, "dir");
		node_names_clear(&world.names);
		assert_int_equal(world.live, 0);
		assert_int_equal(node_names_init(&world.names), 0);
	}
	relearn();
	expect(dir, ROOT, "dir");
}

/* Whoever has mounted it may answer never, and its numbers are others'. */
static void test_other_file_systems_are_not_entered(void **state)
{
	char path[64];
	int root;

	(void)state;
	make("dir", S_IFDIR | 0700);
	assert_return_code(mount("none", "/dev/shm/dir", "tmpfs", 0, NULL), errno);
	for (int i = 0; i < 10; i++) {
		snprintf(path, sizeof(path), "/dev/shm/dir/other-%d", i);
		assert_return_code(mknod(path, S_IFREG | 0600, 0), errno);
	}
	for (uint64_t ino = ROOT + 1; ino < 100; ino++)
		if (!node_table_find(&world.table, ino))
			assert_non_null(node_table_add(&world.table, ino, 0));
	/* Not the tmpfs alone: as where that is refused. */
	root = open("/dev/shm", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_return_code(root, errno);
	node_names_relearn(&world.names, root, &world.table);
	close(root);
	assert_return_code(umount2("/dev/shm/dir", 0), errno);
	for (uint64_t ino = ROOT + 1; ino < 100; ino++) {
		struct node_name name;

		if (node_names_get(&world.names, ino, &name) == 0)
			assert_string_equal(name.text, "dir");
	}
}

int main(void)
{
#define NAMES_TEST(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
	const struct CMUnitTest tests[] = {
		NAMES_TEST(test_the_last_name_counts),
		NAMES_TEST(test_there_may_be_many),
		NAMES_TEST(test_without_memory_no_wrong_name_stays),
		NAMES_TEST(test_known_numbers_get_their_names_again),
		NAMES_TEST(test_deep_and_wide_trees_are_read),
		NAMES_TEST(test_names_are_looked_for_without_memory),
		NAMES_TEST(test_other_file_systems_are_not_entered),
	};

	unit_need_private_shm();
	return cmocka_run_group_tests_name("node_names", tests, NULL, NULL);
}

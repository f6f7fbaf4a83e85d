/* SPDX-License-Identifier: MIT */
/*
 * fs/node/node_table: the nodes that the kernel knows. Against a model, with growth, shrinking and
 * failures; and with the death of the worker at each store that others can see.
 */
#include "unit.h"

#include "node/node_table.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

/* Numbers of the model are FIRST, FIRST + 1, ... */
enum { FIRST = 2, MODEL_MAX = 20000, MANY = 1000000, BYTES_MAX = 40 };

struct model_entry {
	bool is_known;
	uint32_t generation, lookups;
};

static struct {
	struct node_table_shared shared;
	struct node_table table;
	struct model_entry model[MODEL_MAX];
	size_t known;
	bool fails; /* one or the other call that gets memory */
	unsigned failures;
	bool has_no_descriptors;
} world;

int __real_memfd_create(const char *name, unsigned flags);
int __wrap_memfd_create(const char *name, unsigned flags);
int __real_ftruncate64(int fd, off_t size);
int __wrap_ftruncate64(int fd, off_t size);
void *__real_mmap64(void *at, size_t len, int prot, int flags, int fd, off_t offset);
void *__wrap_mmap64(void *at, size_t len, int prot, int flags, int fd, off_t offset);

/* Which of the calls fails changes from one to the next. */
static bool fails(unsigned which)
{
	if (!world.fails || world.failures % 2 != which)
		return false;
	world.failures++;
	return true;
}

int __wrap_memfd_create(const char *name, unsigned flags)
{
	errno = EMFILE;
	return world.has_no_descriptors ? -1 : __real_memfd_create(name, flags);
}

int __wrap_ftruncate64(int fd, off_t size)
{
	errno = EINTR;
	return fails(0) ? -1 : __real_ftruncate64(fd, size);
}

void *__wrap_mmap64(void *at, size_t len, int prot, int flags, int fd, off_t offset)
{
	errno = ENOMEM;
	return fails(1) ? MAP_FAILED : __real_mmap64(at, len, prot, flags, fd, offset);
}

static int setup(void **state)
{
	(void)state;
	memset(&world, 0, sizeof(world));
	assert_int_equal(node_table_init(&world.table, &world.shared), 0);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	node_table_clear(&world.table);
	for (int i = 0; i < 2; i++)
		if (world.shared.fds[i] > 0)
			close(world.shared.fds[i]);
	return 0;
}

/* A worker ends, and the next one begins. */
static void replace_worker(void)
{
	node_table_clear(&world.table);
	assert_int_equal(node_table_init(&world.table, &world.shared), 0);
}

/* Returns whether there was memory for it. */
static bool add(size_t i, uint64_t *seed)
{
	struct node_entry *entry;

	entry = node_table_add(&world.table, FIRST + i, (uint32_t)unit_random(seed));
	if (!entry)
		return false;
	assert_int_equal(entry->lookups, 0);
	entry->lookups = (uint32_t)unit_random(seed);
	world.model[i] = (struct model_entry){true, entry->generation, entry->lookups};
	world.known++;
	return true;
}

static void expect(size_t i)
{
	const struct node_entry *entry = node_table_find(&world.table, FIRST + i);

	assert_true((entry != NULL) == world.model[i].is_known);
	if (!entry)
		return;
	assert_int_equal(entry->ino, FIRST + i);
	assert_int_equal(entry->generation, world.model[i].generation);
	assert_int_equal(entry->lookups, world.model[i].lookups);
}

static void expect_all(void)
{
	for (size_t i = 0; i < MODEL_MAX; i++)
		expect(i);
	assert_int_equal(world.shared.live, world.known);
}

static void take_off(size_t i)
{
	node_table_remove(&world.table, node_table_find(&world.table, FIRST + i));
	world.model[i].is_known = false;
	world.known--;
}

/* Adds mostly, or removes mostly, which also makes it grow or shrink. */
static void change_one(bool grows, uint64_t *seed)
{
	const size_t i = (size_t)(unit_random(seed) % MODEL_MAX);

	if (world.model[i].is_known && (!grows || unit_random(seed) % 4 == 0))
		take_off(i);
	else if (!world.model[i].is_known && (grows || unit_random(seed) % 4 == 0))
		assert_true(add(i, seed) || world.fails);
	expect(i);
	expect((size_t)(unit_random(seed) % MODEL_MAX));
}

static void change_many(uint64_t *seed)
{
	const bool grows = unit_random(seed) % 2;
	const size_t changes = (size_t)(unit_random(seed) % (2 * MODEL_MAX));

	for (size_t i = 0; i < changes; i++)
		change_one(grows, seed);
	expect_all();
}

static void test_table_is_like_the_model(void **state)
{
	const double end = unit_now() + unit_seconds();
	uint64_t seed = unit_seed();

	(void)state;
	do {
		change_many(&seed);
		if (unit_random(&seed) % 2)
			replace_worker();
	} while (unit_now() < end);
}

static void test_without_memory_nothing_is_lost(void **state)
{
	const double end = unit_now() + unit_seconds();
	uint64_t seed = unit_seed();

	(void)state;
	do {
		world.fails = unit_random(&seed) % 2;
		change_many(&seed);
		world.fails = false;
		/* With memory again each one finds its place. */
		for (size_t i = 0; i < MODEL_MAX && i < 1000; i++)
			if (!world.model[i].is_known)
				assert_true(add(i, &seed));
	} while (unit_now() < end);
	assert_true(world.failures > 0);
}

/* When a large table could not be replaced in time, the small one after it gets very few at once.
 */
static void test_all_are_forgotten_without_memory(void **state)
{
	uint64_t seed = unit_seed();

	(void)state;
	for (size_t i = 0; i < MODEL_MAX; i++)
		assert_true(add(i, &seed));
	world.fails = true;
	for (size_t i = 0; i < MODEL_MAX; i++)
		take_off(i);
	world.fails = false;
	for (size_t i = 0; i < MODEL_MAX; i++)
		assert_true(add(i, &seed));
	expect_all();
}

/* Growing and shrinking, and the next worker, need no descriptor more. */
static void test_descriptors_are_had_once(void **state)
{
	uint64_t seed = unit_seed();

	(void)state;
	world.has_no_descriptors = true;
	for (size_t i = 0; i < MODEL_MAX; i++)
		assert_true(add(i, &seed));
	replace_worker();
	expect_all();
	for (size_t i = 0; i < MODEL_MAX; i++)
		take_off(i);
	expect_all();
	replace_worker();
}

static void test_first_descriptors_are_refused(void **state)
{
	struct node_table_shared shared = {0};
	struct node_table table;

	(void)state;
	world.has_no_descriptors = true;
	assert_int_equal(node_table_init(&table, &shared), -EMFILE);
	world.has_no_descriptors = false;
	assert_int_equal(node_table_init(&table, &shared), 0);
	assert_non_null(node_table_add(&table, FIRST, 1));
	node_table_clear(&table);
	close(shared.fds[0]);
	close(shared.fds[1]);
}

static void test_first_table_without_memory(void **state)
{
	(void)state;
	world.fails = true;
	assert_null(node_table_add(&world.table, FIRST, 1));
	assert_null(node_table_find(&world.table, FIRST));
	world.fails = false;
	assert_non_null(node_table_add(&world.table, FIRST, 1));
}

/* Numbers that stand for places are no nodes. */
static void test_marks_are_never_found(void **state)
{
	uint64_t seed = unit_seed();

	(void)state;
	for (size_t i = 0; i < 100; i++)
		add(i, &seed);
	for (size_t i = 0; i < 100; i += 2)
		take_off(i);
	assert_null(node_table_find(&world.table, 0));
	assert_null(node_table_find(&world.table, 1));
}

static uint64_t bytes_of(int fd)
{
	struct stat st;

	return fd > 0 && fstat(fd, &st) == 0 ? (uint64_t)st.st_blocks * 512 : 0;
}

static void test_a_million_take_few_bytes(void **state)
{
	uint64_t bytes;

	(void)state;
	for (uint64_t i = 0; i < MANY; i++)
		assert_non_null(node_table_add(&world.table, FIRST + i, 1));
	bytes = bytes_of(world.shared.fds[0]) + bytes_of(world.shared.fds[1]);
	print_message("# %.1f bytes for each of %d nodes\n", (double)bytes / MANY, MANY);
	assert_true(bytes <= (uint64_t)MANY * BYTES_MAX);
	for (uint64_t i = 0; i < MANY; i++)
		node_table_remove(&world.table, node_table_find(&world.table, FIRST + i));
	bytes = bytes_of(world.shared.fds[0]) + bytes_of(world.shared.fds[1]);
	assert_true(bytes < MANY);
}

int main(void)
{
#define TABLE_TEST(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
	const struct CMUnitTest tests[] = {
		TABLE_TEST(test_table_is_like_the_model),
		TABLE_TEST(test_without_memory_nothing_is_lost),
		TABLE_TEST(test_all_are_forgotten_without_memory),
		TABLE_TEST(test_descriptors_are_had_once),
		TABLE_TEST(test_first_descriptors_are_refused),
		TABLE_TEST(test_first_table_without_memory),
		TABLE_TEST(test_marks_are_never_found),
		TABLE_TEST(test_a_million_take_few_bytes),
	};

	return cmocka_run_group_tests_name("node_table", tests, NULL, NULL);
}

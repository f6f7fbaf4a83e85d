/* SPDX-License-Identifier: MIT */
/*
 * lib/region: what others do to the object between a transfer's checks and its copy. The process
 * lives, and the transfer is one that could have happened before or after.
 */
#include "region_world.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#define SIZE MIB

typedef void moment_fn(struct world *w);

/* When it may happen in a write. */
static moment_fn **const moments[] = {
	&interference.after_check, &interference.before_pwrite, &interference.after_pwrite};

static void shrink_to_nothing(struct world *w)
{
	outside_resize(w, 0);
}

static void shrink_to_a_page(struct world *w)
{
	outside_resize(w, 4096);
}

static void shrink_to_odd_size(struct world *w)
{
	outside_resize(w, 300001);
}

static void shrink_and_grow(struct world *w)
{
	outside_resize(w, 1);
	outside_resize(w, SIZE);
}

static void punch_most(struct world *w)
{
	outside_punch(w, SIZE - 2 * 65536, 65536);
}

static void punch_and_fill_tmpfs(struct world *w)
{
	punch_most(w);
	outside_fill_tmpfs();
}

/* The mapping is there, so that the next transfer goes straight to its checks. */
static struct world *mapped_world_of(void **state)
{
	struct world *w = world_of(state);

	outside_write_pattern(w, SIZE, 0);
	assert_true(is_mapped_read(w, SIZE, 0));
	memset(w->buffer, 'z', SIZE + 1);
	return w;
}

static void assert_read_ends_at(struct world *w, off_t end)
{
	const ssize_t n = shmfs_region_read(w->region, w->buffer, SIZE, 0);

	assert_true(interference_is_over());
	assert_int_equal(n, end);
	assert_true(is_pattern(w->buffer, (size_t)n, 0));
	assert_int_equal(w->buffer[SIZE], 'z');
}

static void shrink_in_reads(struct world *w, moment_fn **moment)
{
	*moment = shrink_to_odd_size;
	assert_read_ends_at(w, 300001);
	outside_write_pattern(w, SIZE, 0);
	*moment = shrink_to_a_page;
	assert_read_ends_at(w, 4096);
	outside_write_pattern(w, SIZE, 0);
	*moment = shrink_to_nothing;
	assert_read_ends_at(w, 0);
}

static void test_read_ends_where_the_object_was_shrunk_to_after_the_check(void **state)
{
	shrink_in_reads(mapped_world_of(state), &interference.after_check);
}

static void test_read_ends_where_the_object_was_shrunk_to_before_the_copy(void **state)
{
	shrink_in_reads(mapped_world_of(state), &interference.after_pread);
}

static void test_read_after_that_is_good_again(void **state)
{
	struct world *w = mapped_world_of(state);

	for (int i = 0; i < 10; i++) {
		interference.after_pread = shrink_to_odd_size;
		assert_read_ends_at(w, 300001);
		outside_write_pattern(w, SIZE, 0);
		assert_true(is_mapped_read(w, SIZE, 0));
		assert_true(is_pattern(w->buffer, SIZE, 0));
	}
}

/* Each byte as it was before or is after. */
static void test_read_of_what_is_cut_and_regrown_is_old_or_zero(void **state)
{
	static moment_fn *const cuts[] = {shrink_and_grow, punch_most};
	struct world *w = mapped_world_of(state);

	for (int i = 0; i < 4; i++) {
		*(i % 2 ? &interference.after_check : &interference.after_pread) = cuts[i / 2];
		assert_int_equal(shmfs_region_read(w->region, w->buffer, SIZE, 0), SIZE);
		assert_true(interference_is_over());
		for (size_t at = 0; at < SIZE; at++)
			if (w->buffer[at] != 0)
				assert_int_equal(w->buffer[at], pattern_at((off_t)at));
		outside_write_pattern(w, SIZE, 0);
	}
}

/* A load from a hole that is new, with no memory left to fill it, is SIGBUS too. */
static void test_read_of_a_new_hole_on_a_full_tmpfs_is_zeros(void **state)
{
	struct world *w = mapped_world_of(state);

	interference.after_pread = punch_and_fill_tmpfs;
	assert_int_equal(shmfs_region_read(w->region, w->buffer, SIZE, 0), SIZE);
	assert_true(interference_is_over());
	assert_true(is_pattern(w->buffer, 65536, 0));
	assert_true(is_zero(w->buffer + 65536, SIZE - 2 * 65536));
	assert_true(is_pattern(w->buffer + SIZE - 65536, 65536, SIZE - 65536));
}

/* As if the object had been shrunk before the write. */
static void assert_write_is_whole(struct world *w, size_t size, off_t offset, off_t before)
{
	const ssize_t n = shmfs_region_write(w->region, w->buffer, size, offset);

	assert_true(interference_is_over());
	assert_int_equal(n, size);
	assert_int_equal(outside_stat(w).st_size, offset + (off_t)size);
	assert_outside_reads_pattern(w, size, offset);
	if (before < offset) {
		const size_t len = (size_t)(offset - before);

		assert_int_equal(pread(w->fd, w->buffer, len, before), len);
		assert_true(is_zero(w->buffer, len));
	}
}

static void test_write_is_whole_whenever_the_object_is_shrunk(void **state)
{
	struct world *w = mapped_world_of(state);
	static moment_fn *const cuts[] = {shrink_to_nothing, shrink_to_a_page, shrink_to_odd_size};
	static const off_t ends[] = {0, 4096, 300001};
	const off_t offset = 310001;
	const size_t size = SIZE - 310001;

	for (size_t cut = 0; cut < 3; cut++)
		for (size_t when = 0; when < COUNT(moments); when++) {
			outside_write_pattern(w, SIZE, 0);
			fill_pattern(w->buffer, size, offset);
			*moments[when] = cuts[cut];
			assert_write_is_whole(w, size, offset, ends[cut]);
		}
}

/* Shrunk to the middle of what is written. */
static void test_write_over_the_new_end_is_whole(void **state)
{
	struct world *w = mapped_world_of(state);

	for (size_t when = 0; when < COUNT(moments); when++) {
		outside_write_pattern(w, SIZE, 0);
		fill_pattern(w->buffer, SIZE, 0);
		*moments[when] = shrink_to_odd_size;
		assert_write_is_whole(w, SIZE, 0, 0);
	}
}

static void shrink_within_a_page(struct world *w)
{
	outside_resize(w, SIZE - 1000);
}

/* No fault tells of that, but bytes stored behind the end would come back when it grows. */
static void test_write_over_an_end_that_moved_within_its_page_is_whole(void **state)
{
	struct world *w = mapped_world_of(state);

	for (size_t when = 0; when < COUNT(moments); when++) {
		outside_resize(w, SIZE - 1000);
		outside_resize(w, SIZE - 100);
		fill_pattern(w->buffer, SIZE - 100, 0);
		outside_write_pattern(w, SIZE - 100, 0);
		*moments[when] = shrink_within_a_page;
		assert_write_is_whole(w, SIZE - 100, 0, 0);
		outside_resize(w, SIZE);
		assert_int_equal(pread(w->fd, w->buffer, SIZE, 0), SIZE);
		assert_true(is_zero(w->buffer + SIZE - 100, 100));
	}
}

/* No memory is left for what was there at the check. */
static void test_write_to_a_new_hole_on_a_full_tmpfs_is_short_or_enospc(void **state)
{
	struct world *w = mapped_world_of(state);
	ssize_t n;

	for (size_t i = 0; i < 3; i++) {
		memset(w->buffer, 'n', SIZE);
		*moments[i] = punch_and_fill_tmpfs;
		n = shmfs_region_write(w->region, w->buffer, SIZE - 100, 0);
		assert_true(interference_is_over());
		if (n < 0)
			assert_int_equal(n, -ENOSPC);
		else
			assert_int_equal(n, 65536);
		assert_int_equal(pread(w->fd, w->buffer, 65536, 0), 65536);
		for (ssize_t at = 0; at < n; at++)
			assert_int_equal(w->buffer[at], 'n');
		assert_return_code(unlink(BALLAST_PATH), errno);
		outside_write_pattern(w, SIZE, 0);
	}
}

static void append_outside(struct world *w)
{
	outside_write_pattern(w, 5000, outside_stat(w).st_size);
}

/* The end may move until the very last moment. */
static void test_append_overwrites_nothing_that_others_append(void **state)
{
	struct world *w = mapped_world_of(state);
	static const size_t sizes[] = {1, 4096, SIZE};
	off_t end = SIZE;

	for (size_t i = 0; i < 3; i++) {
		fill_pattern(w->buffer, sizes[i], end + 5000);
		interference.before_append = append_outside;
		assert_int_equal(shmfs_region_append(w->region, w->buffer, sizes[i]), sizes[i]);
		assert_true(interference_is_over());
		end += 5000 + (off_t)sizes[i];
		assert_int_equal(outside_stat(w).st_size, end);
	}
	assert_outside_reads_pattern(w, (size_t)end, 0);
}

int main(void)
{
#define WORLD_TEST(test) cmocka_unit_test_setup_teardown(test, world_setup, world_teardown)
#define SMALL_WORLD_TEST(test) \
	cmocka_unit_test_setup_teardown(test, world_setup_small, world_teardown)
	const struct CMUnitTest tests[] = {
		WORLD_TEST(test_read_ends_where_the_object_was_shrunk_to_after_the_check),
		WORLD_TEST(test_read_ends_where_the_object_was_shrunk_to_before_the_copy),
		WORLD_TEST(test_read_after_that_is_good_again),
		WORLD_TEST(test_read_of_what_is_cut_and_regrown_is_old_or_zero),
		SMALL_WORLD_TEST(test_read_of_a_new_hole_on_a_full_tmpfs_is_zeros),
		WORLD_TEST(test_write_is_whole_whenever_the_object_is_shrunk),
		WORLD_TEST(test_write_over_the_new_end_is_whole),
		WORLD_TEST(test_write_over_an_end_that_moved_within_its_page_is_whole),
		SMALL_WORLD_TEST(test_write_to_a_new_hole_on_a_full_tmpfs_is_short_or_enospc),
		WORLD_TEST(test_append_overwrites_nothing_that_others_append),
	};

	unit_need_private_shm();
	return cmocka_run_group_tests_name("region_race", tests, NULL, NULL);
}

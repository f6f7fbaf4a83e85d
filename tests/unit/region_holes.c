/* SPDX-License-Identifier: MIT */
/*
 * lib/region and holes: reading never allocates, and a full tmpfs is ENOSPC, never SIGBUS.
 */
#include "region_world.h"

#include "identity.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#define SPARSE ((off_t)16 << 20)
#define TEBIBYTE ((off_t)1 << 40)
#define STRANGER 64003

static const size_t sizes[] = {
	4 * KIB, 64 * KIB, 64 * KIB + 1, 200 * KIB, MIB, 4 * MIB - 1, 4 * MIB, 8 * MIB};
static const off_t shifts[] = {0, 1, 4095, 4096, 65537};

/* Reads the object all over, in each size and at each alignment; what is not dense is zero. */
static void assert_reading_allocates_nothing(struct world *w, off_t from, off_t end)
{
	const blkcnt_t blocks = outside_stat(w).st_blocks;

	for (size_t s = 0; s < COUNT(sizes); s++)
		for (off_t at = from + shifts[s % COUNT(shifts)]; at < end; at += (off_t)sizes[s]) {
			const ssize_t n = shmfs_region_read(w->region, w->buffer, sizes[s], at);

			assert_true(n > 0);
			for (ssize_t i = is_zero(w->buffer, (size_t)n) ? n : 0; i < n; i++)
				if (w->buffer[i] != 0)
					assert_int_equal(w->buffer[i], pattern_at(at + i));
			assert_int_equal(outside_stat(w).st_blocks, blocks);
		}
}

static void test_reading_a_sparse_object_allocates_nothing(void **state)
{
	struct world *w = world_of(state);

	outside_resize(w, SPARSE);
	assert_reading_allocates_nothing(w, 0, SPARSE);
	assert_int_equal(outside_stat(w).st_blocks, 0);
}

static void test_reading_a_tebibyte_of_nothing_allocates_nothing(void **state)
{
	struct world *w = world_of(state);

	outside_resize(w, TEBIBYTE);
	assert_reading_allocates_nothing(w, 0, SPARSE);
	assert_reading_allocates_nothing(w, TEBIBYTE / 2, TEBIBYTE / 2 + SPARSE);
	assert_reading_allocates_nothing(w, TEBIBYTE - SPARSE, TEBIBYTE);
	assert_int_equal(outside_stat(w).st_blocks, 0);
	/* A little that is there, in the midst of it. */
	outside_write_pattern(w, MIB, TEBIBYTE / 2 + 4096);
	assert_reading_allocates_nothing(w, TEBIBYTE / 2, TEBIBYTE / 2 + SPARSE);
	assert_int_equal(shmfs_region_read(w->region, w->buffer, MIB, TEBIBYTE / 2 + 4096), MIB);
	assert_true(is_pattern(w->buffer, MIB, TEBIBYTE / 2 + 4096));
}

static void test_reading_dense_and_hole_allocates_nothing(void **state)
{
	struct world *w = world_of(state);

	for (off_t step = 8192; step <= (off_t)MIB; step *= 4) {
		outside_resize(w, 0);
		outside_resize(w, SPARSE);
		for (off_t at = 0; at < SPARSE; at += step)
			outside_write_pattern(w, (size_t)step / 2, at);
		assert_reading_allocates_nothing(w, 0, SPARSE);
	}
}

/* One page is missing: the first, the last or one between, of ranges that are not aligned. */
static void test_one_missing_page_is_not_overlooked(void **state)
{
	struct world *w = world_of(state);
	const off_t end = (off_t)MIB;

	for (off_t hole = 0; hole < end; hole += hole < 8192 || hole > end - 16384 ? 4096 : 65536) {
		blkcnt_t blocks;

		outside_write_pattern(w, MIB, 0);
		assert_true(is_mapped_read(w, MIB, 0));
		outside_punch(w, 4096, hole);
		blocks = outside_stat(w).st_blocks;
		for (off_t cut = 0; cut <= 4095; cut += 4095) {
			assert_int_equal(
				shmfs_region_read(w->region, w->buffer, MIB - (size_t)cut * 2, cut),
				MIB - (size_t)cut * 2);
			assert_int_equal(outside_stat(w).st_blocks, blocks);
		}
	}
}

static void test_reading_what_is_reserved_allocates_nothing(void **state)
{
	struct world *w = world_of(state);
	blkcnt_t blocks;

	/* Inside the object and behind its end. */
	outside_write_pattern(w, MIB, 0);
	assert_return_code(fallocate(w->fd, 0, 0, 2 * MIB), errno);
	assert_return_code(fallocate(w->fd, FALLOC_FL_KEEP_SIZE, 0, 4 * MIB), errno);
	blocks = outside_stat(w).st_blocks;
	assert_reading_allocates_nothing(w, 0, 2 * MIB);
	assert_int_equal(shmfs_region_read(w->region, w->buffer, 4 * MIB, 0), 2 * MIB);
	assert_true(is_pattern(w->buffer, MIB, 0));
	assert_true(is_zero(w->buffer + MIB, MIB));
	assert_int_equal(outside_stat(w).st_blocks, blocks);
}

static void test_reading_holes_works_on_a_full_tmpfs(void **state)
{
	struct world *w = world_of(state);

	outside_resize(w, SPARSE);
	outside_write_pattern(w, 100, 12345);
	outside_fill_tmpfs();
	assert_reading_allocates_nothing(w, 0, SPARSE);
}

/* Full means that no more bytes are taken than there are pages for. */
static void assert_write_finds_no_room(struct world *w, size_t size, off_t offset)
{
	const struct stat before = outside_stat(w);
	ssize_t n;

	memset(w->buffer, 'n', size);
	n = shmfs_region_write(w->region, w->buffer, size, offset);
	assert_int_equal(n, -ENOSPC);
	assert_int_equal(outside_stat(w).st_blocks, before.st_blocks);
	assert_int_equal(outside_stat(w).st_size, before.st_size);
}

static void test_writing_into_holes_of_a_full_tmpfs_is_enospc(void **state)
{
	struct world *w = world_of(state);
	static const off_t offsets[] = {0, 1, 4096, 1000000, SPARSE - 4096, SPARSE, 2 * SPARSE};

	outside_resize(w, SPARSE);
	outside_fill_tmpfs();
	for (size_t s = 0; s < COUNT(sizes); s++)
		for (size_t o = 0; o < COUNT(offsets); o++)
			assert_write_finds_no_room(w, sizes[s], offsets[o]);
	assert_int_equal(shmfs_region_append(w->region, w->buffer, MIB), -ENOSPC);
	assert_int_equal(outside_stat(w).st_size, SPARSE);
}

static void test_writing_into_reserved_pages_of_a_full_tmpfs_works(void **state)
{
	struct world *w = world_of(state);

	assert_return_code(fallocate(w->fd, FALLOC_FL_KEEP_SIZE, 0, 2 * MIB), errno);
	outside_resize(w, MIB);
	outside_fill_tmpfs();
	fill_pattern(w->buffer, 2 * MIB, 0);
	/* Twice: into pages that are reserved only, and over them. */
	for (int i = 0; i < 2; i++)
		assert_int_equal(shmfs_region_write(w->region, w->buffer, MIB, 0), MIB);
	assert_outside_reads_pattern(w, MIB, 0);
}

static void test_writing_over_what_is_there_works_on_a_full_tmpfs(void **state)
{
	struct world *w = world_of(state);

	outside_resize(w, (off_t)MIB);
	assert_int_equal(pwrite(w->fd, w->buffer, MIB, 0), MIB);
	outside_fill_tmpfs();
	fill_pattern(w->buffer, MIB, 0);
	assert_int_equal(shmfs_region_write(w->region, w->buffer, MIB, 0), MIB);
	assert_outside_reads_pattern(w, MIB, 0);
}

/* Begins in what is there and ends in a hole: as much as there is room for, in order. */
static void test_writing_across_the_border_of_a_hole_is_short(void **state)
{
	struct world *w = world_of(state);

	for (off_t border = 64 * 1024; border < (off_t)(2 * MIB); border *= 2) {
		outside_resize(w, 0);
		outside_write_pattern(w, (size_t)border, 0);
		outside_resize(w, SPARSE);
		outside_fill_tmpfs();
		memset(w->buffer, 'n', 4 * MIB);
		assert_int_equal(shmfs_region_write(w->region, w->buffer, 4 * MIB - 4096, 4096),
			border - 4096);
		assert_int_equal(pread(w->fd, w->buffer, 4 * MIB, 0), 4 * MIB);
		assert_true(is_pattern(w->buffer, 4096, 0));
		for (off_t at = 4096; at < border; at++)
			assert_int_equal(w->buffer[at], 'n');
		assert_true(is_zero(w->buffer + border, 4 * MIB - (size_t)border));
		assert_return_code(unlink(BALLAST_PATH), errno);
	}
}

static void become_stranger(void)
{
	CHECK(setresgid(STRANGER, STRANGER, STRANGER) == 0);
	CHECK(setresuid(STRANGER, STRANGER, STRANGER) == 0);
}

static void check_reading_allocates_nothing(struct world *w)
{
	const struct stat before = outside_stat(w);

	for (size_t s = 0; s < COUNT(sizes); s++) {
		CHECK(shmfs_region_read(w->region, w->buffer, sizes[s], 4096) == (ssize_t)sizes[s]);
		CHECK(is_zero(w->buffer, sizes[s]));
		CHECK(outside_stat(w).st_blocks == before.st_blocks);
	}
}

/* mincore(2) tells those who may not write that everything is there. */
static void child_reads_as_stranger(void *arg)
{
	struct world *w = arg;

	become_stranger();
	check_reading_allocates_nothing(w);
}

static void read_only_in(unit_child_fn *child, struct world *w)
{
	const int flags = O_RDONLY;

	outside_resize(w, SPARSE);
	assert_return_code(fchmod(w->fd, 0644), errno);
	world_renew(w, &flags, 1);
	assert_child_passes(child, w);
}

static void test_reading_as_one_who_may_not_write_allocates_nothing(void **state)
{
	read_only_in(child_reads_as_stranger, world_of(state));
}

/* What counts is who the thread is, not who the process is. */
static void child_reads_as_caller(void *arg)
{
	struct world *w = arg;

	CHECK(shmfs_identity_init() == 0);
	CHECK(shmfs_identity_assume(STRANGER, STRANGER, NULL, 0) == 0);
	check_reading_allocates_nothing(w);
}

static void test_reading_as_a_caller_allocates_nothing(void **state)
{
	struct world *w = world_of(state);

	outside_resize(w, SPARSE);
	assert_return_code(fchmod(w->fd, 0644), errno);
	assert_child_passes(child_reads_as_caller, w);
}

/* The right to write may be gone, but what is open stays open. */
static void test_reading_as_one_who_may_no_longer_write_allocates_nothing(void **state)
{
	struct world *w = world_of(state);

	outside_resize(w, SPARSE);
	assert_return_code(fchmod(w->fd, 0644), errno);
	world_renew_rw(w);
	assert_child_passes(child_reads_as_stranger, w);
}

/* Makes itself root of a user namespace that knows no owner of the object; false if it may not. */
static bool become_root_of_nothing(void)
{
	static const char map[] = "0 64003 1";
	int fd;

	become_stranger();
	CHECK(prctl(PR_SET_DUMPABLE, 1) == 0);
	if (unshare(CLONE_NEWUSER) < 0)
		return false;
	fd = open("/proc/self/uid_map", O_WRONLY | O_CLOEXEC);
	CHECK(fd >= 0);
	CHECK(write(fd, map, strlen(map)) == (ssize_t)strlen(map));
	close(fd);
	CHECK(geteuid() == 0);
	return true;
}

static void child_reads_as_root_of_nothing(void *arg)
{
	struct world *w = arg;

	/* Not everywhere, and not under ThreadSanitizer, which has a thread of its own. */
	if (become_root_of_nothing())
		check_reading_allocates_nothing(w);
	else
		printf("# no user namespace: %s\n", strerror(errno));
}

static void test_reading_as_root_of_a_user_namespace_allocates_nothing(void **state)
{
	read_only_in(child_reads_as_root_of_nothing, world_of(state));
}

int main(void)
{
#define WORLD_TEST(test) cmocka_unit_test_setup_teardown(test, world_setup, world_teardown)
#define SMALL_WORLD_TEST(test) \
	cmocka_unit_test_setup_teardown(test, world_setup_small, world_teardown)
	const struct CMUnitTest tests[] = {
		WORLD_TEST(test_reading_a_sparse_object_allocates_nothing),
		WORLD_TEST(test_reading_a_tebibyte_of_nothing_allocates_nothing),
		WORLD_TEST(test_reading_dense_and_hole_allocates_nothing),
		WORLD_TEST(test_one_missing_page_is_not_overlooked),
		WORLD_TEST(test_reading_what_is_reserved_allocates_nothing),
		SMALL_WORLD_TEST(test_reading_holes_works_on_a_full_tmpfs),
		SMALL_WORLD_TEST(test_writing_into_holes_of_a_full_tmpfs_is_enospc),
		SMALL_WORLD_TEST(test_writing_into_reserved_pages_of_a_full_tmpfs_works),
		SMALL_WORLD_TEST(test_writing_over_what_is_there_works_on_a_full_tmpfs),
		SMALL_WORLD_TEST(test_writing_across_the_border_of_a_hole_is_short),
		WORLD_TEST(test_reading_as_one_who_may_not_write_allocates_nothing),
		WORLD_TEST(test_reading_as_a_caller_allocates_nothing),
		WORLD_TEST(test_reading_as_one_who_may_no_longer_write_allocates_nothing),
		WORLD_TEST(test_reading_as_root_of_a_user_namespace_allocates_nothing),
	};

	unit_need_private_shm();
	return cmocka_run_group_tests_name("region_holes", tests, NULL, NULL);
}

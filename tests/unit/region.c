/* SPDX-License-Identifier: MIT */
/*
 * lib/region: its contract: file descriptors, reads and writes at every border, growth, appending,
 * and what happens when there is no mapping to be had. The traps are in region_*.c.
 */
#include "region_world.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

/* Borders at which something changes inside. */
static const size_t borders[] = {4 * KIB, 64 * KIB, MIB, 4 * MIB};

static void test_free_accepts_null(void **state)
{
	(void)state;
	assert_null(shmfs_region_free(NULL));
}

struct opening {
	int flags[3];
	size_t count;
	bool reads, writes;
	int kept; /* file descriptors that the region keeps */
};

static const struct opening openings[] = {
	{{0}, 0, false, false, 0},
	{{O_RDONLY}, 1, true, false, 1},
	{{O_WRONLY}, 1, false, true, 1},
	{{O_RDWR}, 1, true, true, 1},
	{{O_RDONLY, O_RDONLY}, 2, true, false, 1},
	{{O_WRONLY, O_WRONLY, O_WRONLY}, 3, false, true, 1},
	{{O_RDWR, O_RDWR, O_RDONLY}, 3, true, true, 1},
	{{O_RDWR, O_WRONLY, O_RDWR}, 3, true, true, 1},
	{{O_RDONLY, O_WRONLY}, 2, true, true, 2},
	{{O_WRONLY, O_RDONLY, O_RDWR}, 3, true, true, 2},
	{{O_RDONLY, O_RDWR}, 2, true, true, 2},
	{{O_WRONLY, O_RDWR}, 2, true, true, 2},
	{{O_RDONLY, O_RDWR, O_RDWR}, 3, true, true, 2},
};

static void assert_serves(struct world *w, const struct opening *opening, size_t size)
{
	const ssize_t read = shmfs_region_read(w->region, w->buffer, size, 0);
	ssize_t written;

	if (opening->reads)
		assert_true(is_pattern(w->buffer, size, 0));
	assert_int_equal(read, opening->reads ? (ssize_t)size : -EBADF);
	fill_pattern(w->buffer, size, 100);
	written = shmfs_region_write(w->region, w->buffer, size, 100);
	assert_int_equal(written, opening->writes ? (ssize_t)size : -EBADF);
	assert_outside_reads_pattern(w, size, 0);
}

static void test_each_way_of_opening_serves_its_purpose(void **state)
{
	struct world *w = world_of(state);

	outside_write_pattern(w, 4 * MIB, 0);
	for (size_t i = 0; i < COUNT(openings); i++) {
		const struct opening *o = &openings[i];
		int fds;

		w->region = shmfs_region_free(w->region);
		fds = unit_count_fds();
		world_renew(w, o->flags, o->count);
		assert_int_equal(unit_count_fds(), fds + o->kept);
		assert_int_equal(shmfs_region_reader(w->region) >= 0, o->reads);
		assert_int_equal(shmfs_region_writer(w->region) >= 0, o->writes);
		for (size_t b = 0; b < 3; b++)
			assert_serves(w, o, borders[b]);
		assert_int_equal(shmfs_region_resize(w->region, 4 * MIB), o->writes ? 0 : -EBADF);
		w->region = shmfs_region_free(w->region);
		assert_int_equal(unit_count_fds(), fds);
	}
}

/* Read-only first, with its mapping in use, and then the writer comes. */
static void test_writer_that_comes_later_stores_through_the_mapping(void **state)
{
	struct world *w = world_of(state);
	const int flags = O_RDONLY;
	int fd;

	outside_write_pattern(w, MIB, 0);
	world_renew(w, &flags, 1);
	assert_int_equal(shmfs_region_read(w->region, w->buffer, MIB, 0), MIB);
	fd = open(OBJECT_PATH, O_RDWR | O_CLOEXEC);
	assert_return_code(fd, errno);
	shmfs_region_consume_fd(w->region, fd);
	interference.written = 0;
	assert_int_equal(shmfs_region_write(w->region, w->buffer, MIB, 0), MIB);
	assert_true(interference.written < MIB / 2);
	assert_outside_reads_pattern(w, MIB, 0);
	assert_int_equal(shmfs_region_read(w->region, w->buffer, MIB, 0), MIB);
	assert_true(is_pattern(w->buffer, MIB, 0));
}

static void test_big_dense_transfers_use_the_mapping(void **state)
{
	struct world *w = world_of(state);

	outside_write_pattern(w, 4 * MIB, 0);
	for (size_t size = 128 * KIB; size <= 4 * MIB; size *= 2) {
		assert_true(is_mapped_read(w, size, 0));
		interference.written = 0;
		assert_int_equal(shmfs_region_write(w->region, w->buffer, size, 0), size);
		assert_true(interference.written < size / 2);
	}
}

/* Objects that are read or written once only are not worth it. */
static void test_mapping_is_made_after_so_many_passes(void **state)
{
	struct world *w = world_of(state);

	outside_write_pattern(w, 4 * MIB, 0);
	for (unsigned passes = 1; passes <= 3; passes++) {
		const int fd = open(OBJECT_PATH, O_RDWR | O_CLOEXEC);

		assert_return_code(fd, errno);
		shmfs_region_free(w->region);
		assert_int_equal(shmfs_region_new(&w->region, passes), 0);
		shmfs_region_consume_fd(w->region, fd);
		for (unsigned i = 0; i < 4 * passes; i++)
			assert_false(is_mapped_read(w, MIB, (off_t)(i % 4 * MIB)));
		assert_true(is_mapped_read(w, MIB, 0));
		assert_true(is_mapped_read(w, 4 * MIB, 0));
		assert_true(is_pattern(w->buffer, 4 * MIB, 0));
	}
}

/* Around each border, at each border: what is there, and nothing behind the end. */
static void assert_reads_all_around(struct world *w, off_t object, off_t offset)
{
	for (size_t b = 0; b < 4; b++)
		for (int d = -1; d <= 1; d++) {
			const size_t size = borders[b] + (size_t)d;
			const off_t left = offset < object ? object - offset : 0;
			const ssize_t expected = (ssize_t)(left < (off_t)size ? left : (off_t)size);

			memset(w->buffer, 0, size);
			assert_int_equal(
				shmfs_region_read(w->region, w->buffer, size, offset), expected);
			assert_true(is_pattern(w->buffer, (size_t)expected, offset));
			assert_true(is_zero(w->buffer + expected, size - (size_t)expected));
		}
}

static void test_read_is_short_only_at_the_end(void **state)
{
	struct world *w = world_of(state);
	static const off_t ends[] = {0, 1, 4096, 65535, 65537, 300000, 4 * 1024 * 1024 + 5};

	for (size_t e = 0; e < COUNT(ends); e++) {
		outside_resize(w, 0);
		outside_write_pattern(w, (size_t)ends[e], 0);
		assert_reads_all_around(w, ends[e], 0);
		assert_reads_all_around(w, ends[e], 4095);
		assert_reads_all_around(w, ends[e], ends[e]);
		assert_reads_all_around(w, ends[e], ends[e] + 1);
		assert_reads_all_around(w, ends[e], ends[e] / 2);
	}
}

static void test_write_grows_the_object_and_the_mapping_follows(void **state)
{
	struct world *w = world_of(state);
	const size_t step = 300 * KIB + 1;
	off_t end = 0;

	for (int i = 0; i < 60; i++) {
		fill_pattern(w->buffer, step, end);
		assert_int_equal(shmfs_region_write(w->region, w->buffer, step, end), step);
		assert_true(is_mapped_read(w, step, end));
		assert_int_equal(shmfs_region_read(w->region, w->buffer, step, end), step);
		assert_true(is_pattern(w->buffer, step, end));
		end += (off_t)step;
	}
	assert_int_equal(outside_stat(w).st_size, end);
	assert_outside_reads_pattern(w, (size_t)end, 0);
}

static void test_read_follows_growth_and_shrinking_outside(void **state)
{
	struct world *w = world_of(state);
	off_t end = 0;

	for (int round = 0; round < 3; round++) {
		for (size_t step = 200 * KIB; step < 8 * MIB; step *= 2) {
			outside_write_pattern(w, step, end);
			assert_int_equal(
				shmfs_region_read(w->region, w->buffer, step + 1, end), step);
			assert_true(is_pattern(w->buffer, step, end));
			assert_true(is_mapped_read(w, 200 * KIB, end));
			end += (off_t)step;
		}
		end = round; /* grows again over what was mapped before */
		outside_resize(w, end);
		assert_int_equal(shmfs_region_read(w->region, w->buffer, MIB, 0), end);
	}
}

static void test_append_goes_to_the_end_of_that_moment(void **state)
{
	struct world *w = world_of(state);
	off_t end = 0;

	for (size_t b = 0; b < 4; b++) {
		outside_resize(w, end + 10);
		outside_write_pattern(w, 10, end);
		end += 10;
		fill_pattern(w->buffer, borders[b], end);
		assert_int_equal(shmfs_region_append(w->region, w->buffer, borders[b]), borders[b]);
		end += (off_t)borders[b];
		assert_int_equal(outside_stat(w).st_size, end);
		assert_int_equal(lseek(shmfs_region_writer(w->region), 0, SEEK_CUR), end);
	}
	assert_outside_reads_pattern(w, (size_t)end, 0);
	outside_resize(w, 7);
	fill_pattern(w->buffer, 100, 7);
	assert_int_equal(shmfs_region_append(w->region, w->buffer, 100), 100);
	assert_int_equal(outside_stat(w).st_size, 107);
	assert_outside_reads_pattern(w, 107, 0);
}

#define RECORD 3000
#define RECORDS 500

/* Each record is full of one letter: 'o' outside, 'i' inside. */
static pid_t append_outside(const struct world *w)
{
	char record[RECORD];
	const pid_t pid = fork();
	int fd;

	assert_return_code(pid, errno);
	if (pid > 0)
		return pid;
	fd = openat(AT_FDCWD, OBJECT_PATH, O_WRONLY | O_APPEND);
	CHECK(fd >= 0 && fd != w->fd);
	memset(record, 'o', sizeof(record));
	for (int i = 0; i < RECORDS; i++)
		CHECK(write(fd, record, sizeof(record)) == sizeof(record));
	_exit(0);
}

static void test_append_loses_nothing_that_others_append(void **state)
{
	struct world *w = world_of(state);
	char record[RECORD];
	int counts[256] = {0};
	const pid_t pid = append_outside(w);
	int status;

	memset(record, 'i', sizeof(record));
	for (int i = 0; i < RECORDS; i++)
		assert_int_equal(shmfs_region_append(w->region, record, RECORD), RECORD);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	assert_int_equal(outside_stat(w).st_size, 2 * RECORDS * RECORD);
	for (int i = 0; i < 2 * RECORDS; i++) {
		assert_int_equal(shmfs_region_read(w->region, record, RECORD, i * RECORD), RECORD);
		assert_memory_equal(record, record + 1, RECORD - 1);
		counts[(unsigned char)record[0]]++;
	}
	assert_int_equal(counts['i'], RECORDS);
	assert_int_equal(counts['o'], RECORDS);
}

static void test_resize_is_ftruncate(void **state)
{
	struct world *w = world_of(state);

	outside_write_pattern(w, MIB, 0);
	assert_int_equal(shmfs_region_resize(w->region, 70000), 0);
	assert_int_equal(outside_stat(w).st_size, 70000);
	assert_int_equal(shmfs_region_resize(w->region, 2 * MIB), 0);
	assert_int_equal(shmfs_region_read(w->region, w->buffer, 4 * MIB, 0), 2 * MIB);
	assert_true(is_pattern(w->buffer, 70000, 0));
	assert_true(is_zero(w->buffer + 70000, 2 * MIB - 70000));
	assert_int_equal(shmfs_region_resize(w->region, -1), -EINVAL);
	assert_int_equal(outside_stat(w).st_size, 2 * MIB);
}

static void test_offsets_that_cannot_be_are_refused(void **state)
{
	struct world *w = world_of(state);
	const off_t last = INT64_MAX;
	char *behind;

	outside_write_pattern(w, 4 * MIB, 0);
	assert_true(is_mapped_read(w, 4 * MIB, 0));
	/* Most likely just below the region's mapping. */
	behind = mmap(NULL, MIB, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE,
		-1, 0);
	assert_true(behind != MAP_FAILED);
	for (size_t b = 0; b < 4; b++) {
		const size_t size = borders[b];

		assert_int_equal(shmfs_region_write(w->region, w->buffer, size, -4096), -EINVAL);
		assert_int_equal(shmfs_region_read(w->region, w->buffer, size, -4096), -EINVAL);
		assert_true(shmfs_region_write(w->region, w->buffer, size, last) < 0);
		assert_true(shmfs_region_read(w->region, w->buffer, size, last) <= 0);
	}
	assert_true(is_zero(behind, MIB));
	munmap(behind, MIB);
	assert_int_equal(outside_stat(w).st_size, 4 * MIB);
	assert_outside_reads_pattern(w, 4 * MIB, 0);
}

static void assert_works_at(struct world *w, off_t offset)
{
	fill_pattern(w->buffer, MIB, offset);
	for (int i = 0; i < 2; i++) /* into nothing, and over what is there */
		assert_int_equal(shmfs_region_write(w->region, w->buffer, MIB, offset), MIB);
	memset(w->buffer, 0, MIB);
	assert_int_equal(shmfs_region_read(w->region, w->buffer, MIB, offset), MIB);
	assert_true(is_pattern(w->buffer, MIB, offset));
	assert_outside_reads_pattern(w, MIB, offset);
}

static void test_works_without_a_mapping(void **state)
{
	struct world *w = world_of(state);

	interference.no_mmap = true;
	assert_works_at(w, 0);
	assert_false(is_mapped_read(w, MIB, 0));
	interference.no_mmap = false;
	assert_works_at(w, 0);
	assert_true(is_mapped_read(w, MIB, 0));
}

static void test_works_when_the_mapping_cannot_grow(void **state)
{
	struct world *w = world_of(state);

	assert_works_at(w, 0);
	interference.no_mmap = true;
	interference.no_mremap = true;
	assert_works_at(w, 32 * MIB);
	assert_works_at(w, 0);
	interference.no_mmap = false;
	interference.no_mremap = false;
	assert_works_at(w, 32 * MIB);
	assert_true(is_mapped_read(w, MIB, 32 * MIB));
}

static void test_interrupted_calls_are_made_again(void **state)
{
	struct world *w = world_of(state);

	for (size_t b = 0; b < 3; b++)
		for (int round = 0; round < 2; round++) {
			fill_pattern(w->buffer, borders[b], 0);
			interference.interrupt = 2;
			assert_int_equal(shmfs_region_write(w->region, w->buffer, borders[b], 0),
				borders[b]);
			interference.interrupt = 2;
			interference.short_reads = 1000;
			memset(w->buffer, 0, borders[b]);
			assert_int_equal(
				shmfs_region_read(w->region, w->buffer, borders[b], 0), borders[b]);
			assert_true(is_pattern(w->buffer, borders[b], 0));
		}
	interference.interrupt = 2;
	assert_int_equal(shmfs_region_append(w->region, w->buffer, 10), 10);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_free_accepts_null),
#define WORLD_TEST(test) cmocka_unit_test_setup_teardown(test, world_setup, world_teardown)
		WORLD_TEST(test_each_way_of_opening_serves_its_purpose),
		WORLD_TEST(test_writer_that_comes_later_stores_through_the_mapping),
		WORLD_TEST(test_big_dense_transfers_use_the_mapping),
		WORLD_TEST(test_mapping_is_made_after_so_many_passes),
		WORLD_TEST(test_read_is_short_only_at_the_end),
		WORLD_TEST(test_write_grows_the_object_and_the_mapping_follows),
		WORLD_TEST(test_read_follows_growth_and_shrinking_outside),
		WORLD_TEST(test_append_goes_to_the_end_of_that_moment),
		WORLD_TEST(test_append_loses_nothing_that_others_append),
		WORLD_TEST(test_resize_is_ftruncate),
		WORLD_TEST(test_offsets_that_cannot_be_are_refused),
		WORLD_TEST(test_interrupted_calls_are_made_again),
		WORLD_TEST(test_works_without_a_mapping),
		WORLD_TEST(test_works_when_the_mapping_cannot_grow),
	};

	unit_need_private_shm();
	return cmocka_run_group_tests_name("region", tests, NULL, NULL);
}

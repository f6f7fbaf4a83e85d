/* SPDX-License-Identifier: MIT */
/*
 * lib/region: many threads, while somebody outside shrinks, grows and punches the object, or while
 * the mapping moves. SHMFS_TEST_SECONDS says for how long.
 */
#include "region_world.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>

#define READERS 3
#define WRITERS 3
#define CROWD_MAX (6 * MIB)

/* ThreadSanitizer looks at every byte of two transfers that meet. */
#ifdef __SANITIZE_THREAD__
#define LONGEST (256 * KIB)
#else
#define LONGEST (2 * MIB)
#endif

/*
 * Each writer writes bytes of its own, which tell their place, too. What nobody wrote is zero.
 * Threads must not use cmocka's asserts.
 */
struct crowd {
	struct world *world;
	atomic_bool over;
	atomic_uint writers; /* so many have begun */
	atomic_uint transfers;
	_Atomic size_t bytes; /* that were transferred */
};

static char byte_of(unsigned writer, off_t offset)
{
	return (char)((writer + 1) << 6 | ((uint64_t)offset * 2654435761U >> 20) % 64);
}

static bool is_anybodys(char byte, off_t offset)
{
	const unsigned writer = ((unsigned char)byte >> 6) - 1U;

	return byte == 0 || (writer < WRITERS && byte == byte_of(writer, offset));
}

/* Mostly long ones, on pages and not. */
static void random_transfer(uint64_t *seed, size_t *size, off_t *offset)
{
	*size = 1 + (size_t)(unit_random(seed) % (unit_random(seed) % 4 ? LONGEST : 8 * KIB));
	*offset = (off_t)(unit_random(seed) % (CROWD_MAX - *size));
	if (unit_random(seed) % 2)
		*offset &= ~4095;
}

static void *read_in_thread(void *arg)
{
	struct crowd *crowd = arg;
	uint64_t seed = (uint64_t)gettid();
	char *buf = malloc(LONGEST);

	CHECK(buf != NULL);
	while (!crowd->over) {
		size_t size;
		off_t offset;
		ssize_t n;

		random_transfer(&seed, &size, &offset);
		n = shmfs_region_read(crowd->world->region, buf, size, offset);
		CHECK(n >= 0 && (size_t)n <= size);
		for (ssize_t i = 0; i < n; i++)
			CHECK(is_anybodys(buf[i], offset + i));
		crowd->bytes += (size_t)n;
		crowd->transfers++;
	}
	free(buf);
	return NULL;
}

static void *write_in_thread(void *arg)
{
	struct crowd *crowd = arg;
	const unsigned writer = crowd->writers++;
	uint64_t seed = (uint64_t)gettid();
	char *buf = malloc(LONGEST);

	CHECK(buf != NULL);
	while (!crowd->over) {
		size_t size;
		off_t offset;

		random_transfer(&seed, &size, &offset);
		for (size_t i = 0; i < size; i++)
			buf[i] = byte_of(writer, offset + (off_t)i);
		CHECK(shmfs_region_write(crowd->world->region, buf, size, offset) == (ssize_t)size);
		crowd->bytes += size;
		crowd->transfers++;
	}
	free(buf);
	return NULL;
}

/* Lets the others do something, however slow they are. */
static void wait_for_transfers(const struct crowd *crowd, unsigned count, double until)
{
	const unsigned begin = crowd->transfers;

	while (crowd->transfers - begin < count && unit_now() < until)
		usleep(100);
}

/* Sizes and holes of every kind, from outside, until time is up. */
static void shake(struct crowd *crowd, double until)
{
	uint64_t seed = unit_seed();

	while (unit_now() < until) {
		const off_t size = (off_t)(unit_random(&seed) % CROWD_MAX);

		if (unit_random(&seed) % 4 == 0)
			outside_punch(crowd->world, MIB, size);
		else
			outside_resize(crowd->world, size);
		wait_for_transfers(crowd, (unsigned)(unit_random(&seed) % 16), until);
	}
}

static void run_crowd(struct world *w)
{
	struct crowd crowd = {.world = w};
	size_t moved;
	pthread_t threads[READERS + WRITERS];

	for (size_t i = 0; i < READERS + WRITERS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL,
					 i % 2 ? write_in_thread : read_in_thread, &crowd),
			0);
	shake(&crowd, unit_now() + unit_seconds());
	crowd.over = true;
	for (size_t i = 0; i < READERS + WRITERS; i++)
		assert_int_equal(pthread_join(threads[i], NULL), 0);
	moved = interference.read + interference.written;
	print_message("# %zu of %zu MiB without the mapping\n", moved / MIB, crowd.bytes / MIB);
	assert_true(moved < crowd.bytes);
}

static void test_threads_read_only_what_was_written(void **state)
{
	struct world *w = world_of(state);

	run_crowd(w);
	for (off_t at = 0; at < (off_t)CROWD_MAX; at += (off_t)MIB) {
		const ssize_t n = pread(w->fd, w->buffer, MIB, at);

		for (ssize_t i = 0; i < n; i++)
			assert_true(is_anybodys(w->buffer[i], at + i));
	}
}

/* Reads what never changes, whatever happens to the mapping. */
static void *read_the_beginning(void *arg)
{
	struct crowd *crowd = arg;
	char *buf = malloc(MIB);

	CHECK(buf != NULL);
	while (!crowd->over) {
		CHECK(shmfs_region_read(crowd->world->region, buf, MIB, 0) == MIB);
		CHECK(is_pattern(buf, MIB, 0));
		crowd->transfers++;
	}
	free(buf);
	return NULL;
}

/* Each step reads behind what is mapped, so that it has to be mapped again. */
static void move_mapping(struct crowd *crowd, double until)
{
	struct world *w = crowd->world;

	for (off_t end = (off_t)MIB; end < (off_t)1 << 40; end *= 4) {
		outside_write_pattern(w, 256 * KIB, end);
		assert_int_equal(
			shmfs_region_read(w->region, w->buffer, 256 * KIB, end), 256 * KIB);
		assert_true(is_pattern(w->buffer, 256 * KIB, end));
		wait_for_transfers(crowd, 2, until);
	}
	outside_resize(w, (off_t)MIB);
}

static void test_nobody_is_in_the_mapping_when_it_moves(void **state)
{
	struct world *w = world_of(state);
	const double until = unit_now() + unit_seconds();
	pthread_t threads[READERS];

	outside_write_pattern(w, MIB, 0);
	while (unit_now() < until) {
		struct crowd crowd = {.world = w};

		world_renew_rw(w);
		for (size_t i = 0; i < READERS; i++)
			assert_int_equal(
				pthread_create(&threads[i], NULL, read_the_beginning, &crowd), 0);
		move_mapping(&crowd, until);
		crowd.over = true;
		for (size_t i = 0; i < READERS; i++)
			assert_int_equal(pthread_join(threads[i], NULL), 0);
	}
}

/* All bring file descriptors for the same region, at the same moment. */
static void *bring_fds(void *arg)
{
	static const int flags[] = {O_RDONLY, O_WRONLY, O_RDWR};
	struct crowd *crowd = arg;
	const unsigned first = crowd->transfers;
	int fds[COUNT(flags)];

	for (unsigned i = 0; i < COUNT(flags); i++) {
		fds[i] = open(OBJECT_PATH, flags[(first + i) % COUNT(flags)] | O_CLOEXEC);
		CHECK(fds[i] >= 0);
	}
	crowd->writers++;
	while (!crowd->over)
		;
	for (unsigned i = 0; i < COUNT(flags); i++)
		shmfs_region_consume_fd(crowd->world->region, fds[i]);
	return NULL;
}

static void test_region_keeps_one_fd_for_each_purpose(void **state)
{
	struct world *w = world_of(state);
	pthread_t threads[READERS];
	int fds, kept;

	for (unsigned round = 0; round < 100; round++) {
		struct crowd crowd = {.world = w, .transfers = round};

		w->region = shmfs_region_free(w->region);
		fds = unit_count_fds();
		world_renew(w, NULL, 0);
		for (size_t i = 0; i < READERS; i++)
			assert_int_equal(pthread_create(&threads[i], NULL, bring_fds, &crowd), 0);
		while (crowd.writers < READERS)
			;
		crowd.over = true;
		for (size_t i = 0; i < READERS; i++)
			assert_int_equal(pthread_join(threads[i], NULL), 0);
		kept = shmfs_region_reader(w->region) == shmfs_region_writer(w->region) ? 1 : 2;
		assert_int_equal(unit_count_fds(), fds + kept);
		assert_int_equal(shmfs_region_write(w->region, w->buffer, MIB, 0), MIB);
		assert_int_equal(shmfs_region_read(w->region, w->buffer, MIB, 0), MIB);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			test_threads_read_only_what_was_written, world_setup, world_teardown),
		cmocka_unit_test_setup_teardown(
			test_nobody_is_in_the_mapping_when_it_moves, world_setup, world_teardown),
		cmocka_unit_test_setup_teardown(
			test_region_keeps_one_fd_for_each_purpose, world_setup, world_teardown),
	};

	unit_need_private_shm();
	return cmocka_run_group_tests_name("region_threads", tests, NULL, NULL);
}

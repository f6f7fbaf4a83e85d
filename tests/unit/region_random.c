/* SPDX-License-Identifier: MIT */
/*
 * lib/region: a long random sequence, inside and outside, against a model in memory.
 * SHMFS_TEST_SECONDS says how long it may take.
 */
#include "region_world.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* What the object should be. */
#define MODEL_MAX (16 * MIB)

struct model {
	struct world *world;
	uint64_t seed;
	size_t size;
	char *bytes;
	char what[80]; /* the last thing done */
};

static uint64_t below(struct model *m, uint64_t limit)
{
	return unit_random(&m->seed) % limit;
}

/* Around the borders at which something changes inside, else anything. */
static size_t random_length(struct model *m)
{
	static const size_t borders[] = {0, 4 * KIB, 64 * KIB, MIB, 4 * MIB};
	const size_t border = borders[below(m, 5)];

	if (below(m, 3) == 0)
		return (size_t)below(m, 5 * MIB);
	return border + (size_t)below(m, 5) - (border ? 2 : 0);
}

static size_t random_offset(struct model *m)
{
	switch (below(m, 4)) {
	case 0:
		return 0;
	case 1:
		return m->size;
	case 2:
		return random_length(m);
	default:
		return (size_t)below(m, m->size + 1);
	}
}

/* A range in the model; may lie behind the end. */
static void random_range(struct model *m, size_t *offset, size_t *len)
{
	*offset = random_offset(m);
	*len = random_length(m);
	if (*offset > MODEL_MAX)
		*offset = MODEL_MAX;
	if (*len > MODEL_MAX - *offset)
		*len = MODEL_MAX - *offset;
}

static void random_bytes(struct model *m, char *bytes, size_t len)
{
	for (size_t i = 0; i < len; i += sizeof(uint64_t)) {
		const uint64_t value = unit_random(&m->seed);

		memcpy(bytes + i, &value, len - i < sizeof(value) ? len - i : sizeof(value));
	}
}

static void set_size(struct model *m, size_t size)
{
	if (size < m->size)
		memset(m->bytes + size, 0, m->size - size);
	m->size = size;
}

static void note(struct model *m, const char *what, size_t offset, size_t len)
{
	snprintf(m->what, sizeof(m->what), "%s %zu at %zu", what, len, offset);
}

static void assert_done(const struct model *m, ssize_t result, ssize_t expected)
{
	if (result != expected)
		fail_msg("%s: %zd, not %zd", m->what, result, expected);
}

static void do_write(struct model *m, bool outside)
{
	struct world *w = m->world;
	size_t offset, len;
	ssize_t n;

	random_range(m, &offset, &len);
	random_bytes(m, m->bytes + offset, len);
	note(m, outside ? "outside write" : "write", offset, len);
	n = outside ? pwrite(w->fd, m->bytes + offset, len, (off_t)offset)
		    : shmfs_region_write(w->region, m->bytes + offset, len, (off_t)offset);
	assert_done(m, n, (ssize_t)len);
	if (len > 0 && offset + len > m->size)
		m->size = offset + len;
}

static void do_append(struct model *m)
{
	const size_t room = MODEL_MAX - m->size;
	const size_t len = random_length(m);

	if (len > room)
		return;
	random_bytes(m, m->bytes + m->size, len);
	note(m, "append", m->size, len);
	assert_done(
		m, shmfs_region_append(m->world->region, m->bytes + m->size, len), (ssize_t)len);
	m->size += len;
}

static void do_resize(struct model *m, bool outside)
{
	size_t offset, len;

	random_range(m, &offset, &len);
	note(m, outside ? "outside resize" : "resize", offset, 0);
	if (outside)
		outside_resize(m->world, (off_t)offset);
	else
		assert_done(m, shmfs_region_resize(m->world->region, (off_t)offset), 0);
	set_size(m, offset);
}

static void do_punch(struct model *m)
{
	size_t offset, len;

	random_range(m, &offset, &len);
	if (len == 0)
		return;
	note(m, "punch", offset, len);
	outside_punch(m->world, len, (off_t)offset);
	memset(m->bytes + offset, 0, len);
}

static void do_renew(struct model *m)
{
	static const int flags[][2] = {
		{O_RDWR, O_RDWR}, {O_RDONLY, O_WRONLY}, {O_WRONLY, O_RDWR}, {O_RDONLY, O_RDWR}};

	note(m, "renew", 0, 0);
	world_renew(m->world, flags[below(m, 4)], 2);
}

static void do_read(struct model *m)
{
	struct world *w = m->world;
	size_t offset, len, there;
	const blkcnt_t blocks = outside_stat(w).st_blocks;
	const char *before = strdupa(m->what);

	random_range(m, &offset, &len);
	there = offset >= m->size ? 0 : len < m->size - offset ? len : m->size - offset;
	note(m, "read", offset, len);
	assert_done(m, shmfs_region_read(w->region, w->buffer, len, (off_t)offset), (ssize_t)there);
	if (memcmp(w->buffer, m->bytes + offset, there) != 0)
		fail_msg("after %s: wrong bytes in %s", before, m->what);
	assert_int_equal(outside_stat(w).st_blocks, blocks);
}

static void do_something(struct model *m)
{
	const uint64_t dice = below(m, 16);

	if (dice < 2)
		do_resize(m, dice == 0);
	else if (dice < 3)
		do_punch(m);
	else if (dice < 5)
		do_append(m);
	else if (dice < 6)
		do_renew(m);
	else
		do_write(m, dice < 8);
}

static void test_random_sequence_is_as_in_the_model(void **state)
{
	struct model m = {.world = world_of(state), .seed = unit_seed()};
	const double until = unit_now() + unit_seconds();

	m.bytes = calloc(1, MODEL_MAX);
	assert_non_null(m.bytes);
	do {
		do_something(&m);
		do_read(&m);
		assert_int_equal(outside_stat(m.world).st_size, m.size);
	} while (unit_now() < until);
	assert_int_equal(pread(m.world->fd, m.world->buffer, MODEL_MAX, 0), m.size);
	assert_memory_equal(m.world->buffer, m.bytes, m.size);
	free(m.bytes);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			test_random_sequence_is_as_in_the_model, world_setup, world_teardown),
	};

	unit_need_private_shm();
	return cmocka_run_group_tests_name("region_random", tests, NULL, NULL);
}

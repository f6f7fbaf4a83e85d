/* SPDX-License-Identifier: MIT */
/* fs/node/freeing: what is given to it is closed soon, by another thread, and can be waited for. */
#include "unit.h"

#include "node/freeing.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <unistd.h>

enum { ALICE = 2001, BOB = 2002, OBJECTS = 64 };

/* While it is set no descriptor is closed; this one is not closed. */
static atomic_bool blocked;
static atomic_int blocked_fd;
static atomic_int closes;

int __real_close(int fd);
int __wrap_close(int fd);

int __wrap_close(int fd)
{
	while (atomic_load(&blocked) || atomic_load(&blocked_fd) == fd)
		usleep(100);
	atomic_fetch_add(&closes, 1);
	return __real_close(fd);
}

static int new_fd(void)
{
	const int fd = open("/", O_PATH | O_CLOEXEC);

	assert_return_code(fd, errno);
	return fd;
}

static struct freeing freeing;

static int setup(void **state)
{
	(void)state;
	atomic_store(&blocked, false);
	atomic_store(&blocked_fd, -1);
	atomic_store(&closes, 0);
	freeing_init(&freeing);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	freeing_clear(&freeing);
	return 0;
}

static void test_another_thread_closes(void **state)
{
	const int fd = new_fd();

	(void)state;
	assert_false(freeing_wait(&freeing, FREEING_ALL));
	atomic_store(&blocked, true);
	freeing_close(&freeing, fd, ALICE);
	assert_true(fcntl(fd, F_GETFD) >= 0);
	atomic_store(&blocked, false);
	while (fcntl(fd, F_GETFD) >= 0)
		usleep(100);
}

static void test_each_waits_for_what_is_theirs(void **state)
{
	(void)state;
	atomic_store(&blocked, true);
	freeing_close(&freeing, new_fd(), ALICE);
	assert_false(freeing_wait(&freeing, BOB));
	atomic_store(&blocked, false);
	freeing_wait(&freeing, ALICE);
	assert_int_equal(atomic_load(&closes), 1);
}

/* However much another user has removed before. */
static void test_nobody_waits_for_another_users_memory(void **state)
{
	const int stuck = new_fd();

	(void)state;
	atomic_store(&blocked_fd, stuck);
	freeing_close(&freeing, stuck, BOB);
	for (int i = 0; i < OBJECTS; i++)
		freeing_close(&freeing, new_fd(), i % 2 ? ALICE : BOB);
	assert_true(freeing_has(&freeing, ALICE));
	freeing_wait(&freeing, ALICE);
	assert_false(freeing_has(&freeing, ALICE));
	assert_true(freeing_has(&freeing, BOB));
	assert_true(atomic_load(&closes) >= OBJECTS / 2);
	atomic_store(&blocked_fd, -1);
	freeing_wait(&freeing, FREEING_ALL);
	assert_false(freeing_has(&freeing, FREEING_ALL));
	assert_int_equal(atomic_load(&closes), OBJECTS + 1);
}

static void test_all_are_closed_however_many(void **state)
{
	(void)state;
	for (int i = 0; i < 5 * OBJECTS; i++)
		freeing_close(&freeing, new_fd(), ALICE);
	freeing_wait(&freeing, FREEING_ALL);
	assert_int_equal(atomic_load(&closes), 5 * OBJECTS);
	freeing_let_go(&freeing, -1, ALICE);
}

static void test_the_end_leaves_nothing_open(void **state)
{
	struct freeing other;

	(void)state;
	freeing_init(&other);
	for (int i = 0; i < 10; i++)
		freeing_close(&other, new_fd(), ALICE);
	freeing_clear(&other);
	assert_int_equal(atomic_load(&closes), 10);
}

int main(void)
{
#define FREEING_TEST(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
	const struct CMUnitTest tests[] = {
		FREEING_TEST(test_another_thread_closes),
		FREEING_TEST(test_each_waits_for_what_is_theirs),
		FREEING_TEST(test_nobody_waits_for_another_users_memory),
		FREEING_TEST(test_all_are_closed_however_many),
		FREEING_TEST(test_the_end_leaves_nothing_open),
	};

	return cmocka_run_group_tests_name("freeing", tests, NULL, NULL);
}

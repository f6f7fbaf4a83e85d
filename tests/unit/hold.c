/* SPDX-License-Identifier: MIT */
/* fs/node/hold: what was looked up stays open for a while, when that is wanted, and no longer. */
#include "unit.h"

#include "node/hold.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static int64_t now_ms;

int __wrap_clock_gettime(clockid_t clock, struct timespec *ret_now);

int __wrap_clock_gettime(clockid_t clock, struct timespec *ret_now)
{
	assert_int_equal(clock, CLOCK_MONOTONIC);
	*ret_now = (struct timespec){(time_t)(now_ms / 1000), (long)(now_ms % 1000 * 1000000)};
	return 0;
}

static struct freeing freeing;
static struct hold hold;

static int setup(void **state)
{
	(void)state;
	now_ms = 1000000;
	freeing_init(&freeing);
	hold_init(&hold, &freeing);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	hold_clear(&hold);
	freeing_clear(&freeing);
	return 0;
}

static int new_fd(void)
{
	const int fd = open("/", O_PATH | O_CLOEXEC);

	assert_return_code(fd, errno);
	return fd;
}

/* A thread closes what is let go. */
static bool is_open(int fd)
{
	freeing_wait(&freeing, FREEING_ALL);
	return fcntl(fd, F_GETFD) >= 0;
}

static void test_it_is_wanted_for_a_while(void **state)
{
	(void)state;
	assert_false(hold_is_wanted(&hold));
	hold_want(&hold);
	assert_true(hold_is_wanted(&hold));
	now_ms += 999;
	assert_true(hold_is_wanted(&hold));
	now_ms += 1;
	assert_false(hold_is_wanted(&hold));
	hold_want(&hold);
	now_ms += 500;
	hold_want(&hold);
	now_ms += 999;
	assert_true(hold_is_wanted(&hold));
}

static void test_each_is_held_for_its_time(void **state)
{
	int first, second;

	(void)state;
	assert_int_equal(hold_expire(&hold), -1);
	first = new_fd();
	assert_true(hold_add(&hold, first));
	now_ms += 400;
	second = new_fd();
	assert_false(hold_add(&hold, second)); /* a thread waits already */
	assert_int_equal(hold_expire(&hold), 600);
	assert_true(is_open(first));
	now_ms += 599;
	assert_int_equal(hold_expire(&hold), 1);
	assert_true(is_open(first));
	now_ms += 1;
	assert_int_equal(hold_expire(&hold), 400);
	assert_false(is_open(first));
	assert_true(is_open(second));
	now_ms += 400;
	assert_int_equal(hold_expire(&hold), -1);
	assert_false(is_open(second));
	assert_true(hold_add(&hold, new_fd())); /* and none any more */
}

static void test_the_oldest_makes_place(void **state)
{
	int fds[2 * HOLD_MAX];

	(void)state;
	for (int i = 0; i < 2 * HOLD_MAX; i++) {
		fds[i] = new_fd();
		assert_int_equal(hold_add(&hold, fds[i]), i == 0);
		if (i + 1 >= HOLD_MAX)
			assert_true(is_open(fds[i - HOLD_MAX + 1]));
		/* Its number is free again, and may be the next one's. */
		if (i >= HOLD_MAX)
			assert_false(is_open(fds[i - HOLD_MAX]));
		now_ms++;
		if (i >= HOLD_MAX)
			fds[i - HOLD_MAX] = -1;
	}
	assert_int_equal(hold_expire(&hold), 1000 - HOLD_MAX);
}

static void test_what_is_held_is_found_by_its_number(void **state)
{
	const int fd = new_fd();
	struct stat st;
	int found;

	(void)state;
	assert_return_code(fstat(fd, &st), errno);
	assert_int_equal(hold_dup(&hold, st.st_ino), -ESTALE);
	hold_add(&hold, fd);
	found = hold_dup(&hold, st.st_ino);
	assert_true(found >= 0 && found != fd);
	close(found);
	assert_int_equal(hold_dup(&hold, st.st_ino + 1), -ESTALE);
	hold_make_room(&hold);
	assert_int_equal(hold_dup(&hold, st.st_ino), -ESTALE);
}

static void test_all_are_let_go_for_room(void **state)
{
	const int fd = new_fd();

	(void)state;
	assert_false(hold_make_room(&hold));
	hold_add(&hold, fd);
	hold_add(&hold, new_fd());
	assert_true(hold_make_room(&hold));
	assert_false(is_open(fd));
	assert_false(hold_make_room(&hold));
	assert_true(hold_add(&hold, new_fd()));
}

static void test_the_end_leaves_nothing_open(void **state)
{
	const int fd = new_fd();
	struct hold other;

	(void)state;
	hold_init(&other, &freeing);
	hold_add(&other, fd);
	hold_clear(&other);
	assert_false(is_open(fd));
}

int main(void)
{
#define HOLD_TEST(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
	const struct CMUnitTest tests[] = {
		HOLD_TEST(test_it_is_wanted_for_a_while),
		HOLD_TEST(test_each_is_held_for_its_time),
		HOLD_TEST(test_the_oldest_makes_place),
		HOLD_TEST(test_what_is_held_is_found_by_its_number),
		HOLD_TEST(test_all_are_let_go_for_room),
		HOLD_TEST(test_the_end_leaves_nothing_open),
	};

	return cmocka_run_group_tests_name("hold", tests, NULL, NULL);
}

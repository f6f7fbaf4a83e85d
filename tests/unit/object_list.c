/* SPDX-License-Identifier: MIT */
/* lib/object: listing all objects, also while they come and go, and finding one by its number. */
#include "object_world.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define STABLE 300
#define CROWD 1000

/* What a listing met. */
struct seen {
	int stable[STABLE];
	int dots, others, visits;
	off_t next;
	int stop_after; /* visits; 0: never */
};

static bool take(void *arg, const char *name, uint64_t ino, off_t next)
{
	struct seen *seen = arg;
	const bool is_dots = strcmp(name, ".") == 0 || strcmp(name, "..") == 0;
	int number;

	if (!is_dots)
		assert_int_equal(ino, ino_of(name));
	if (is_dots)
		seen->dots++;
	else if (sscanf(name, "stable-%d", &number) == 1 && number >= 0 && number < STABLE)
		seen->stable[number]++;
	else
		seen->others++;
	seen->visits++;
	seen->next = next;
	return seen->stop_after == 0 || seen->visits % seen->stop_after != 0;
}

static void make_stable(void)
{
	char name[32];

	for (int i = 0; i < STABLE; i++) {
		snprintf(name, sizeof(name), "stable-%d", i);
		make_object(name, "");
	}
}

static void assert_seen(const struct seen *seen, int stable, int others)
{
	for (int i = 0; i < STABLE; i++)
		assert_int_equal(seen->stable[i], i < stable);
	assert_int_equal(seen->dots, 2);
	if (others >= 0)
		assert_int_equal(seen->others, others);
}

typedef void between_fn(int batch);

/* From the beginning to the end; calls between() after each batch. */
static void list_all(struct seen *seen, size_t size, between_fn *between)
{
	const int fd = shmfs_object_open_dir();
	int batch = 0;
	int r;

	assert_return_code(fd, -fd);
	assert_int_equal(fcntl(fd, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
	for (;;) {
		const int before = seen->visits;

		r = shmfs_object_list(fd, seen->next, size, take, seen);
		assert_return_code(r, -r);
		assert_int_equal(seen->visits - before, r);
		assert_true(seen->stop_after == 0 || r <= seen->stop_after);
		assert_true((size_t)r <= size / SHMFS_OBJECT_BATCH_MIN);
		if (r == 0)
			break;
		if (between)
			between(batch++);
	}
	assert_int_equal(shmfs_object_list(fd, seen->next, size, take, seen), 0);
	close(fd);
}

static void test_empty_directory_has_its_dots(void **state)
{
	struct seen seen = {.visits = 0};

	(void)state;
	list_all(&seen, SHMFS_OBJECT_BATCH_MAX, NULL);
	assert_seen(&seen, 0, 0);
}

static const size_t sizes[] = {SHMFS_OBJECT_BATCH_MAX, 1000, 4096, 65536, SIZE_MAX};

static void test_each_object_is_listed_once_in_batches_of_any_size(void **state)
{
	(void)state;
	make_stable();
	for (size_t i = 0; i < COUNT(sizes); i++) {
		struct seen seen = {.visits = 0};

		list_all(&seen, sizes[i], NULL);
		assert_seen(&seen, STABLE, 0);
	}
}

/* Names that are short, and as long as can be, each fill a batch in their own way. */
static void test_names_of_all_lengths_are_listed(void **state)
{
	char name[SHMFS_NAME_MAX + 1];

	(void)state;
	for (size_t len = 1; len <= SHMFS_NAME_MAX; len++) {
		memset(name, 'x', len);
		name[len] = '\0';
		make_object(name, "");
	}
	for (size_t i = 0; i < COUNT(sizes); i++) {
		struct seen seen = {.visits = 0};

		list_all(&seen, sizes[i], NULL);
		assert_seen(&seen, 0, SHMFS_NAME_MAX);
	}
}

static void test_foreign_entries_are_not_listed(void **state)
{
	struct seen seen = {.visits = 0};

	(void)state;
	make_object("target", "");
	make_foreign();
	list_all(&seen, SHMFS_OBJECT_BATCH_MAX, NULL);
	assert_seen(&seen, 0, 1);
}

/* More of them than a batch holds, before and behind an object. */
static void test_batches_of_foreign_entries_are_not_the_end(void **state)
{
	struct seen seen = {.visits = 0};
	char path[64];

	(void)state;
	for (int i = 0; i < 200; i++) {
		snprintf(path, sizeof(path), SHMFS_OBJECT_DIR "/dir-%d", i);
		assert_return_code(mkdir(path, 0700), errno);
		if (i == 100)
			make_object("target", "");
	}
	list_all(&seen, SHMFS_OBJECT_BATCH_MAX, NULL);
	assert_seen(&seen, 0, 1);
}

static void come(int number)
{
	char name[32];

	snprintf(name, sizeof(name), "fleeting-%d", number);
	make_object(name, "");
}

static void go(int number)
{
	char name[32];

	snprintf(name, sizeof(name), "fleeting-%d", number);
	unlink_object(name);
}

/* One comes, one that was there from the beginning goes, and one that came meanwhile. */
static void come_and_go(int batch)
{
	come(CROWD + batch);
	if (batch < CROWD)
		go(batch);
	if (batch > 10)
		go(CROWD + batch - 10);
}

static void test_objects_that_stay_are_listed_once_while_others_come_and_go(void **state)
{
	(void)state;
	for (size_t i = 0; i < 3; i++) {
		struct seen seen = {.visits = 0};

		for (int n = 0; n < CROWD; n++) {
			char name[32];

			come(n);
			if (n % 3 == 0 && n / 3 < STABLE) {
				snprintf(name, sizeof(name), "stable-%d", n / 3);
				make_object(name, "");
			}
		}
		list_all(&seen, sizes[i], come_and_go);
		assert_seen(&seen, STABLE, -1);
		object_teardown(state);
		object_setup(state);
	}
}

static void test_listing_goes_on_where_the_visitor_stopped(void **state)
{
	(void)state;
	make_stable();
	for (int stop = 1; stop <= 7; stop++) {
		struct seen seen = {.stop_after = stop};

		list_all(&seen, 4096, NULL);
		assert_seen(&seen, STABLE, 0);
	}
}

static void test_listing_can_begin_again(void **state)
{
	const int fd = shmfs_object_open_dir();
	struct seen first = {.visits = 0};
	struct seen second = {.visits = 0};

	(void)state;
	assert_return_code(fd, -fd);
	make_object("stable-0", "");
	assert_int_equal(shmfs_object_list(fd, 0, SIZE_MAX, take, &first), 3);
	make_object("stable-1", "");
	assert_int_equal(shmfs_object_list(fd, 0, SIZE_MAX, take, &second), 4);
	assert_seen(&first, 1, 0);
	assert_seen(&second, 2, 0);
	close(fd);
}

static void test_listing_of_no_directory_is_an_error(void **state)
{
	struct seen seen = {.visits = 0};

	(void)state;
	assert_int_equal(shmfs_object_list(-1, 0, SIZE_MAX, take, &seen), -EBADF);
	assert_int_equal(seen.visits, 0);
}

static void test_find_knows_each_of_a_thousand(void **state)
{
	const int fds = unit_count_fds();
	struct shmfs_name name;
	char component[32];

	(void)state;
	for (int i = 0; i < CROWD; i++)
		come(i);
	for (int i = 0; i < CROWD; i++) {
		snprintf(component, sizeof(component), "fleeting-%d", i);
		assert_int_equal(shmfs_object_find(ino_of(component), &name), 0);
		assert_string_equal(name.text + 1, component);
	}
	rename_object("fleeting-500", "elsewhere", 0);
	assert_int_equal(shmfs_object_find(ino_of("elsewhere"), &name), 0);
	assert_string_equal(name.text, "/elsewhere");
	assert_int_equal(unit_count_fds(), fds);
}

static void test_find_finds_objects_only(void **state)
{
	const uint64_t ino = make_object("target", "").st_ino;
	struct shmfs_name name = {"untouched"};

	(void)state;
	make_foreign();
	for (size_t f = 0; f < FOREIGN; f++)
		assert_int_equal(shmfs_object_find(ino_of(foreign[f]), &name), -ENOENT);
	assert_int_equal(shmfs_object_find(ino_of("."), &name), -ENOENT);
	unlink_object("target");
	assert_int_equal(shmfs_object_find(ino, &name), -ENOENT);
	assert_int_equal(shmfs_object_find(UINT64_MAX, &name), -ENOENT);
	assert_string_equal(name.text, "untouched");
}

int main(void)
{
#define SHM_TEST(test) cmocka_unit_test_setup_teardown(test, object_setup, object_teardown)
	const struct CMUnitTest tests[] = {
		SHM_TEST(test_empty_directory_has_its_dots),
		SHM_TEST(test_each_object_is_listed_once_in_batches_of_any_size),
		SHM_TEST(test_names_of_all_lengths_are_listed),
		SHM_TEST(test_foreign_entries_are_not_listed),
		SHM_TEST(test_batches_of_foreign_entries_are_not_the_end),
		SHM_TEST(test_objects_that_stay_are_listed_once_while_others_come_and_go),
		SHM_TEST(test_listing_goes_on_where_the_visitor_stopped),
		SHM_TEST(test_listing_can_begin_again),
		SHM_TEST(test_listing_of_no_directory_is_an_error),
		SHM_TEST(test_find_knows_each_of_a_thousand),
		SHM_TEST(test_find_finds_objects_only),
	};

	unit_need_private_shm();
	return cmocka_run_group_tests_name("object_list", tests, NULL, NULL);
}

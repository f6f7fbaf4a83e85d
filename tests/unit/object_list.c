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
	int others, visits;
	int stop_after; /* visits; 0: never */
	void (*between)(int visit);
};

static bool take(void *arg, const char *name, uint64_t ino, mode_t type)
{
	struct seen *seen = arg;
	int number;

	assert_true(S_ISREG(type));
	if (!seen->between)
		assert_int_equal(ino, ino_of(name));
	if (sscanf(name, "stable-%d", &number) == 1 && number >= 0 && number < STABLE)
		seen->stable[number]++;
	else
		seen->others++;
	if (seen->between)
		seen->between(seen->visits);
	seen->visits++;
	return seen->stop_after == 0 || seen->visits < seen->stop_after;
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
	if (others >= 0)
		assert_int_equal(seen->others, others);
}

static void list_all(struct seen *seen)
{
	const int fds = unit_count_fds();

	assert_int_equal(shmfs_object_list(take, seen), 0);
	assert_int_equal(unit_count_fds(), fds);
}

static void test_empty_directory_has_no_entries(void **state)
{
	struct seen seen = {.visits = 0};

	(void)state;
	list_all(&seen);
	assert_int_equal(seen.visits, 0);
}

static void test_each_object_is_listed_once(void **state)
{
	struct seen seen = {.visits = 0};

	(void)state;
	make_stable();
	list_all(&seen);
	assert_seen(&seen, STABLE, 0);
}

static void test_names_of_all_lengths_are_listed(void **state)
{
	struct seen seen = {.visits = 0};
	char name[SHMFS_NAME_MAX + 1];

	(void)state;
	for (size_t len = 1; len <= SHMFS_NAME_MAX; len++) {
		memset(name, 'x', len);
		name[len] = '\0';
		make_object(name, "");
	}
	list_all(&seen);
	assert_seen(&seen, 0, SHMFS_NAME_MAX);
}

/* More of them than one getdents64(2) brings, before and behind an object. */
static void test_directories_are_not_listed(void **state)
{
	struct seen seen = {.visits = 0};
	char path[64];

	(void)state;
	for (int i = 0; i < 3000; i++) {
		snprintf(path, sizeof(path), SHMFS_OBJECT_DIR "/dir-%d", i);
		assert_return_code(mkdir(path, 0700), errno);
		if (i == 1500)
			make_object("target", "");
	}
	list_all(&seen);
	assert_seen(&seen, 0, 1);
}

static bool note_type(void *arg, const char *name, uint64_t ino, mode_t type)
{
	struct stat st;
	char path[300];

	snprintf(path, sizeof(path), SHMFS_OBJECT_DIR "/%s", name);
	assert_return_code(lstat(path, &st), errno);
	assert_int_equal(ino, st.st_ino);
	if (shmfs_name_is_marker(name) && S_ISREG(st.st_mode))
		assert_true(S_ISDIR(type));
	else
		assert_int_equal(type, st.st_mode & S_IFMT);
	(*(int *)arg)++;
	return true;
}

static void test_types_are_those_that_are_shown(void **state)
{
	int visits = 0;

	(void)state;
	make_object("object", "");
	make_object("dir%2F", "");
	make_object("%2F", "");
	assert_return_code(symlink("object", SHMFS_OBJECT_DIR "/link"), errno);
	assert_return_code(symlink("object", SHMFS_OBJECT_DIR "/link%2F"), errno);
	assert_return_code(mknod(SHMFS_OBJECT_DIR "/fifo", S_IFIFO | 0600, 0), errno);
	assert_return_code(mknod(SHMFS_OBJECT_DIR "/socket", S_IFSOCK | 0600, 0), errno);
	assert_return_code(mkdir(SHMFS_OBJECT_DIR "/directory", 0700), errno);
	assert_int_equal(shmfs_object_list(note_type, &visits), 0);
	assert_int_equal(visits, 7);
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
static void come_and_go(int visit)
{
	const int batch = visit / 20;

	if (visit % 20 != 0)
		return;
	come(CROWD + batch);
	if (batch < CROWD)
		go(batch);
	if (batch > 10)
		go(CROWD + batch - 10);
}

static void test_objects_that_stay_are_listed_once_while_others_come_and_go(void **state)
{
	struct seen seen = {.between = come_and_go};

	(void)state;
	for (int n = 0; n < CROWD; n++) {
		char name[32];

		come(n);
		if (n % 3 == 0 && n / 3 < STABLE) {
			snprintf(name, sizeof(name), "stable-%d", n / 3);
			make_object(name, "");
		}
	}
	list_all(&seen);
	assert_seen(&seen, STABLE, -1);
}

static void test_listing_ends_where_the_visitor_stops(void **state)
{
	(void)state;
	make_stable();
	for (int stop = 1; stop <= 7; stop++) {
		struct seen seen = {.stop_after = stop};

		list_all(&seen);
		assert_int_equal(seen.visits, stop);
	}
}

int main(void)
{
#define SHM_TEST(test) cmocka_unit_test_setup_teardown(test, object_setup, object_teardown)
	const struct CMUnitTest tests[] = {
		SHM_TEST(test_empty_directory_has_no_entries),
		SHM_TEST(test_each_object_is_listed_once),
		SHM_TEST(test_names_of_all_lengths_are_listed),
		SHM_TEST(test_directories_are_not_listed),
		SHM_TEST(test_types_are_those_that_are_shown),
		SHM_TEST(test_objects_that_stay_are_listed_once_while_others_come_and_go),
		SHM_TEST(test_listing_ends_where_the_visitor_stops),
	};

	unit_need_private_shm();
	return cmocka_run_group_tests_name("object_list", tests, NULL, NULL);
}

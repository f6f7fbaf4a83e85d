/* SPDX-License-Identifier: MIT */
/* lib/index: what is asked is true at that moment, whoever has changed names and how many. */
#include "object_world.h"

#include "index.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { CROWD = 1000 };

static struct shmfs_index *index_;

static int set_up(void **state)
{
	return object_setup(state) != 0 || shmfs_index_new(&index_) < 0;
}

static int tear_down(void **state)
{
	index_ = shmfs_index_free(index_);
	return object_teardown(state);
}

static void expect_name(uint64_t ino, const char *expected)
{
	struct shmfs_name name;

	assert_int_equal(shmfs_index_find_ino(index_, ino, &name), 0);
	assert_string_equal(name.text, expected);
}

static void expect_entries(const char *prefix, size_t entries)
{
	struct shmfs_tree_count count;

	assert_int_equal(shmfs_index_count(index_, prefix, &count), 0);
	assert_int_equal(count.entries, entries);
}

static void make_numbered(const char *prefix, int n)
{
	char name[64];

	for (int i = 0; i < n; i++) {
		snprintf(name, sizeof(name), "%s%d", prefix, i);
		make_object(name, "");
	}
}

static void test_find_ino_knows_each_of_a_thousand(void **state)
{
	char name[64];

	(void)state;
	make_object("d%2F", "");
	make_numbered("o-", CROWD);
	make_numbered("d%2Fo-", CROWD);
	for (int i = 0; i < CROWD; i++) {
		snprintf(name, sizeof(name), "/o-%d", i);
		expect_name(ino_of(name + 1), name);
		snprintf(name, sizeof(name), "/d%%2Fo-%d", i);
		expect_name(ino_of(name + 1), name);
	}
	expect_name(ino_of("d%2F"), "/d%2F");
}

static void test_find_ino_follows_changes(void **state)
{
	const uint64_t ino = make_object("a", "").st_ino;
	struct shmfs_name name = {"untouched"};

	(void)state;
	expect_name(ino, "/a");
	rename_object("a", "b", 0);
	expect_name(ino, "/b");
	rename_object("b", "d%2Fc", 0);
	expect_name(ino, "/d%2Fc");
	make_object("d%2F", "");
	expect_name(ino, "/d%2Fc");
	unlink_object("d%2Fc");
	assert_int_equal(shmfs_index_find_ino(index_, ino, &name), -ENOENT);
	assert_string_equal(name.text, "untouched");
}

static void test_find_ino_finds_what_is_shown_only(void **state)
{
	struct shmfs_name name;

	(void)state;
	assert_return_code(mkdir(SHMFS_OBJECT_DIR "/directory", 0700), errno);
	assert_int_equal(shmfs_index_find_ino(index_, ino_of("directory"), &name), -ENOENT);
	assert_int_equal(shmfs_index_find_ino(index_, ino_of("."), &name), -ENOENT);
	assert_int_equal(shmfs_index_find_ino(index_, 0, &name), -ENOENT);
}

/* More than the kernel queues (/proc/sys/fs/inotify/max_queued_events) are lost. */
static void test_lost_events_are_made_up_for(void **state)
{
	int queued = 16384;
	FILE *f = fopen("/proc/sys/fs/inotify/max_queued_events", "re");

	(void)state;
	if (f) {
		assert_int_equal(fscanf(f, "%d", &queued), 1);
		fclose(f);
	}
	if (queued > 200000)
		return; /* that would take too long */
	make_object("kept", "");
	expect_entries("", 1);
	for (int i = 0; i < queued / 2 + 1000; i++) {
		make_object("fleeting", "");
		unlink_object("fleeting");
	}
	make_object("late", "");
	expect_entries("", 2);
	expect_name(ino_of("late"), "/late");
}

int main(void)
{
#define SHM_TEST(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		SHM_TEST(test_find_ino_knows_each_of_a_thousand),
		SHM_TEST(test_find_ino_follows_changes),
		SHM_TEST(test_find_ino_finds_what_is_shown_only),
		SHM_TEST(test_lost_events_are_made_up_for),
	};

	unit_need_private_shm();
	return cmocka_run_group_tests_name("index", tests, NULL, NULL);
}

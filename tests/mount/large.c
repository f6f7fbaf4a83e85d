/* SPDX-License-Identifier: MIT */
/*
 * Large directories: one call moves them, whatever is in them; old programs list them; cleaners
 * leave them alone.
 */
#include "as.h"
#include "harness.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>

enum { ENTRIES = 100000 };

static void fill_directory(const char *name, int count)
{
	const int dir = open(in_shm(name), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	char entry[16];

	assert_return_code(dir, errno);
	for (int i = 0; i < count; i++) {
		snprintf(entry, sizeof(entry), "entry%d", i);
		assert_return_code(mknodat(dir, entry, S_IFREG | 0600, 0), errno);
	}
	close(dir);
}

/* Seconds that one rename(2) of the directory there and back takes: the fastest of many. */
static double fastest_move(const char *name, int times)
{
	double fastest = 1e9;
	char moved[64];

	snprintf(moved, sizeof(moved), "%s-moved", name);
	for (int i = 0; i < times; i++) {
		const double start = seconds_now();

		assert_return_code(rename(in_mount(name), in_mount(moved)), errno);
		assert_return_code(rename(in_mount(moved), in_mount(name)), errno);
		if (seconds_now() - start < fastest)
			fastest = seconds_now() - start;
	}
	return fastest;
}

/* Calls of another client meanwhile; it counts them in the file. */
static pid_t start_calling(int counter)
{
	const pid_t pid = fork();
	struct stat st;

	if (pid != 0)
		return pid;
	for (uint64_t n = 0;; n++) {
		if (stat(in_mount("object"), &st) < 0)
			_exit(1);
		if (pwrite(counter, &n, sizeof(n), 0) < 0)
			_exit(1);
	}
}

static uint64_t calls_so_far(int counter)
{
	uint64_t n = 0;

	return pread(counter, &n, sizeof(n), 0) == sizeof(n) ? n : 0;
}

static void moving_is_one_call(void **state)
{
	char path[128];
	double empty, large;
	uint64_t before;
	int counter;
	pid_t pid;

	(void)state;
	put_directory("empty", ROOT, 0755);
	put_directory("large", ROOT, 0755);
	put_object("object", ROOT, 0600, "");
	fill_directory("large", ENTRIES);
	snprintf(path, sizeof(path), "%s/counter", harness()->base);
	counter = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	pid = start_calling(counter);
	empty = fastest_move("empty", 300);
	large = fastest_move("large", 300);
	before = calls_so_far(counter);
	fastest_move("large", 100);
	print_message("empty %.1f us, %d entries %.1f us; %ju calls of another client meanwhile\n",
		empty * 1e6, ENTRIES, large * 1e6, (uintmax_t)(calls_so_far(counter) - before));
	assert_true(large < 2 * empty);
	assert_true(calls_so_far(counter) > before);
	assert_return_code(kill(pid, SIGKILL), errno);
	assert_int_equal(wait_child(pid), SIGKILL);
	close(counter);
	assert_return_code(unlink(path), errno);
	sweep(SHM_DIR);
}

/*
 * A program for 32 bits without large-file support: its readdir(3) fails with EOVERFLOW where a
 * position or a number does not fit. SMALL_LIST is such a program, where one can be built.
 */
static void an_old_program_lists(void **state)
{
	const char *program = getenv("SHMFS_TEST_SMALL_LIST");
	struct outcome o;

	(void)state;
	if (!program) {
		print_message("there is no compiler for 32 bits\n");
		skip();
	}
	put_directory("d", ROOT, 0755);
	fill_directory("d", 300);
	for (enum door door = 0; door < DOORS; door++) {
		run(&o, (const char *const[]){program, at_door(door, "d"), NULL});
		if (o.status != 0 || strcmp(o.out, "302\n") != 0)
			fail_msg("status %d: %s%s", o.status, o.out, o.err);
	}
	sweep(SHM_DIR);
}

/* Positions fit in 31 bits, as those of tmpfs do: checked without such a program. */
static void positions_are_small(void **state)
{
	const struct dirent *e;
	DIR *d;

	(void)state;
	put_directory("d", ROOT, 0755);
	fill_directory("d", 300);
	d = opendir(in_mount("d"));
	assert_non_null(d);
	while ((e = readdir(d)))
		assert_in_range(e->d_off, 1, INT32_MAX);
	closedir(d);
	sweep(SHM_DIR);
}

/*
 * As systemd-tmpfiles and tmpreaper do: they remove old entries, and directories where rmdir(2)
 * lets them.
 */
static void age(const char *path)
{
	const struct timespec old[2] = {{.tv_sec = 1000}, {.tv_sec = 1000}};

	assert_return_code(utimensat(AT_FDCWD, path, old, AT_SYMLINK_NOFOLLOW), errno);
}

static void cleaners_leave_a_namespace_in_use(void **state)
{
	struct outcome o;
	struct stat st;

	(void)state;
	put_directory("used", ALICE, 0755);
	put_object("used/object", ALICE, 0600, "bytes");
	put_directory("unused", ALICE, 0755);
	for (enum door door = 0; door < DOORS; door++) {
		age(in_shm("used"));
		if (access(in_shm("unused"), F_OK) == 0)
			age(in_shm("unused"));
		/* Depth first, with -delete for directories: it says so where one is in use. */
		run(&o, (const char *const[]){"find", at_door(door, ""), "-mindepth", "1", "-depth",
				"-mtime", "+10", "-type", "d", "-delete", NULL});
		assert_return_code(stat(in_mount("used"), &st), errno);
		assert_non_null(strstr(o.err, "Directory not empty"));
		EXPECT_AS(ALICE, 0, try_content(in_mount("used/object"), "bytes"));
		EXPECT_ERROR(rmdir(at_door(door, "used")), ENOTEMPTY);
		EXPECT_ERROR(stat(in_mount("unused"), &st), ENOENT);
	}
	sweep(SHM_DIR);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(moving_is_one_call),
		cmocka_unit_test(an_old_program_lists),
		cmocka_unit_test(positions_are_small),
		cmocka_unit_test(cleaners_leave_a_namespace_in_use),
	};

	return RUN_MOUNTED(tests);
}

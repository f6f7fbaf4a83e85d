/* SPDX-License-Identifier: MIT */
/*
 * The worker dies when it has done what a request asks for and before it has answered (die.c), at
 * each of the requests that a call consists of. Then the next one gets the request again, and must
 * not do it twice, nor refuse it. SHMFS_TEST_DIE_PRELOAD: the path of die.c as a library.
 */
#include "harness.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

enum { FD_FLAGS = O_RDWR | O_CREAT | O_CLOEXEC, REQUESTS_MAX = 6, STEPS = 100 };

static struct daemon daemon_under_test;
static atomic_int *countdown;

/* What is done is one call. Its preparation, and the look at what it did, are before and after. */
struct script {
	const char *name;
	void (*before)(void);
	long (*call)(void);
	void (*after)(void);
};

static int opened = -1, other = -1;

static void touch(const char *name)
{
	const int fd = open(name, FD_FLAGS, 0644);

	assert_return_code(fd, errno);
	assert_int_equal(write(fd, name, 1), 1);
	close(fd);
}

static bool exists(const char *name)
{
	return access(name, F_OK) == 0;
}

static char first_byte(const char *name)
{
	const int fd = open(name, O_RDONLY | O_CLOEXEC);
	char byte = 0;

	assert_return_code(fd, errno);
	assert_int_equal(read(fd, &byte, 1), 1);
	close(fd);
	return byte;
}

/* A worker that has done nothing yet when it dies is a bad sign for its keeper. */
static void use(void)
{
	for (int i = 0; i < STEPS; i++)
		assert_false(exists("no-such-name"));
}

static nlink_t links(const char *name)
{
	struct stat st;

	assert_return_code(lstat(name, &st), errno);
	return st.st_nlink;
}

static void nothing(void)
{
}

static void make_a(void)
{
	touch("a");
}

static void make_a_and_b(void)
{
	touch("a");
	touch("b");
}

static void open_a(void)
{
	touch("a");
	opened = open("a", O_RDWR | O_CLOEXEC);
	assert_return_code(opened, errno);
}

static void make_trees(void)
{
	assert_return_code(mkdir("d", 0755), errno);
	assert_return_code(mkdir("e", 0700), errno);
	assert_return_code(mkdir("d/sub", 0755), errno);
	touch("d/x");
	touch("d/sub/y");
}

static void fill_both_trees(void)
{
	make_trees();
	touch("e/x");
	touch("e/z");
}

static long create_new(void)
{
	return opened = open("a", FD_FLAGS | O_EXCL, 0400);
}

static void is_new(void)
{
	assert_int_equal(write(opened, "a", 1), 1);
	assert_int_equal(links("a"), 1);
}

static long create_or_open(void)
{
	return opened = open("a", FD_FLAGS | O_TRUNC, 0600);
}

static void is_empty_now(void)
{
	struct stat st;

	assert_return_code(fstat(opened, &st), errno);
	assert_int_equal(st.st_size, 0);
}

static long open_plain(void)
{
	return opened = open("a", O_RDWR | O_CLOEXEC);
}

static void is_readable(void)
{
	char byte;

	assert_int_equal(pread(opened, &byte, 1, 0), 1);
}

static long open_unnamed(void)
{
	return opened = open(".", O_RDWR | O_TMPFILE | O_CLOEXEC, 0600);
}

static void is_unnamed(void)
{
	struct stat st;

	assert_return_code(fstat(opened, &st), errno);
	assert_int_equal(st.st_nlink, 0);
	assert_int_equal(write(opened, "a", 1), 1);
}

static long close_it(void)
{
	const int r = close(opened);

	opened = -1;
	return r;
}

static void open_a_twice(void)
{
	open_a();
	other = open("a", O_RDWR | O_CLOEXEC);
	assert_return_code(other, errno);
	assert_return_code(unlink("a"), errno);
}

/* The object has no name: only what is open leads to it. */
static void other_is_open(void)
{
	char byte;

	use();
	assert_int_equal(pread(other, &byte, 1, 0), 1);
	assert_return_code(ftruncate(other, 5), errno);
	assert_return_code(fchmod(other, 0600), errno);
}

static void still_opens(void)
{
	assert_int_equal(first_byte("a"), 'a');
}

static long make_node(void)
{
	return mknod("a", S_IFREG | 0604, 0);
}

static long make_fifo(void)
{
	return mkfifo("a", 0604);
}

static long make_directory(void)
{
	return mkdir("a", 0705);
}

static long make_symlink(void)
{
	return symlink("target", "a");
}

static void is_there(void)
{
	struct stat st;

	assert_return_code(lstat("a", &st), errno);
	assert_int_equal(mkdir("a", 0755), -1);
	assert_int_equal(errno, EEXIST);
}

static long link_it(void)
{
	return link("a", "b");
}

static void has_two_names(void)
{
	assert_int_equal(links("a"), 2);
	assert_int_equal(links("b"), 2);
}

static long unlink_it(void)
{
	return unlink("a");
}

static void is_gone(void)
{
	assert_false(exists("a"));
}

static void make_empty(void)
{
	assert_return_code(mkdir("a", 0755), errno);
}

static long remove_directory(void)
{
	return rmdir("a");
}

static long rename_it(void)
{
	return rename("a", "b");
}

static void is_renamed(void)
{
	assert_false(exists("a"));
	assert_int_equal(first_byte("b"), 'a');
}

static long rename_carefully(void)
{
	return renameat2(AT_FDCWD, "a", AT_FDCWD, "b", RENAME_NOREPLACE);
}

static long exchange(void)
{
	return renameat2(AT_FDCWD, "a", AT_FDCWD, "b", RENAME_EXCHANGE);
}

static void is_exchanged(void)
{
	assert_int_equal(first_byte("a"), 'b');
	assert_int_equal(first_byte("b"), 'a');
}

static long move_tree(void)
{
	return rename("d", "e");
}

static void is_moved(void)
{
	assert_false(exists("d"));
	assert_int_equal(first_byte("e/x"), 'd');
	assert_int_equal(first_byte("e/sub/y"), 'd');
}

static long exchange_trees(void)
{
	return renameat2(AT_FDCWD, "d", AT_FDCWD, "e", RENAME_EXCHANGE);
}

static void are_exchanged(void)
{
	assert_int_equal(first_byte("d/x"), 'e');
	assert_int_equal(first_byte("d/z"), 'e');
	assert_int_equal(first_byte("e/x"), 'd');
	assert_int_equal(first_byte("e/sub/y"), 'd');
	assert_false(exists("d/sub"));
}

static void open_to_append(void)
{
	touch("a");
	opened = open("a", O_WRONLY | O_APPEND | O_CLOEXEC);
	assert_return_code(opened, errno);
}

static long append(void)
{
	return write(opened, "0123456789", 10) == 10 ? 0 : -1;
}

static void is_appended(void)
{
	struct stat st;

	assert_return_code(fstat(opened, &st), errno);
	assert_int_equal(st.st_size, 11);
}

static long truncate_it(void)
{
	return ftruncate(opened, 12345);
}

static void is_truncated(void)
{
	struct stat st;

	assert_return_code(fstat(opened, &st), errno);
	assert_int_equal(st.st_size, 12345);
}

static const struct script scripts[] = {
	{"open O_EXCL", nothing, create_new, is_new},
	{"open O_CREAT O_TRUNC", nothing, create_or_open, is_empty_now},
	{"open O_TRUNC", make_a, create_or_open, is_empty_now},
	{"open", make_a, open_plain, is_readable},
	{"open O_TMPFILE", nothing, open_unnamed, is_unnamed},
	{"close", open_a, close_it, still_opens},
	{"close one of two", open_a_twice, close_it, other_is_open},
	{"mknod", nothing, make_node, is_there},
	{"mkfifo", nothing, make_fifo, is_there},
	{"mkdir", nothing, make_directory, is_there},
	{"symlink", nothing, make_symlink, is_there},
	{"link", make_a, link_it, has_two_names},
	{"unlink", make_a, unlink_it, is_gone},
	{"rmdir", make_empty, remove_directory, is_gone},
	{"rename", make_a, rename_it, is_renamed},
	{"rename to a name that is taken", make_a_and_b, rename_it, is_renamed},
	{"rename RENAME_NOREPLACE", make_a, rename_carefully, is_renamed},
	{"rename RENAME_EXCHANGE", make_a_and_b, exchange, is_exchanged},
	{"rename of a directory", make_trees, move_tree, is_moved},
	{"rename RENAME_EXCHANGE of directories", fill_both_trees, exchange_trees, are_exchanged},
	{"append", open_to_append, append, is_appended},
	{"ftruncate", open_a, truncate_it, is_truncated},
};

/* Objects without a name go when nobody has them open: what is counted twice stays. */
static bool is_given_back(const void *arg)
{
	const struct statvfs *before = arg;
	struct statvfs now;

	use();
	return statvfs(SHM_DIR, &now) == 0 && now.f_ffree >= before->f_ffree &&
	       now.f_bfree >= before->f_bfree;
}

/* What is counted down until the worker dies: see die.c. */
enum event { ANSWER, RENAME };

/* Whether the worker died. */
static bool run_script(const struct script *script, enum event event, int nth)
{
	struct statvfs before;
	long r;
	int error;
	bool died;

	use();
	assert_return_code(statvfs(SHM_DIR, &before), errno);
	script->before();
	atomic_store(&countdown[event], nth);
	r = script->call();
	error = errno;
	/* The answer to a close(2) is not waited for. */
	use();
	died = atomic_exchange(&countdown[event], 0) == 0;
	if (r < 0)
		fail_msg("%s, dead at %s %d: %s", script->name,
			event == ANSWER ? "answer" : "rename", nth, strerror(error));
	script->after();
	if (opened >= 0)
		close(opened);
	if (other >= 0)
		close(other);
	opened = other = -1;
	sweep(".");
	if (!wait_until(is_given_back, &before))
		fail_msg("%s, dead at %d: not all is given back", script->name, nth);
	return died;
}

/* There is none with an older kernel. */
static void need_keeper(void)
{
	if (daemon_worker(&daemon_under_test) == 0)
		skip();
}

/* As many as there are in the call, and some of those that follow it. */
static void a_request_is_done_once(void **state)
{
	(void)state;
	need_keeper();
	for (size_t i = 0; i < ARRAY_SIZE(scripts); i++)
		for (int request = 1; request <= REQUESTS_MAX; request++) {
#if !LIBFUSE_HAS_TMPFILE
			if (scripts[i].call == open_unnamed)
				continue;
#endif
			assert_true(run_script(&scripts[i], ANSWER, request));
			assert_true(is_empty(SHM_DIR));
		}
}

/* Before each of its steps. */
static void a_move_is_completed(void **state)
{
	(void)state;
	need_keeper();
	for (size_t i = 0; i < ARRAY_SIZE(scripts); i++) {
		int steps = 0;

		if (scripts[i].call != move_tree && scripts[i].call != exchange_trees)
			continue;
		while (run_script(&scripts[i], RENAME, steps + 1))
			steps++;
		assert_in_range(steps, 3, 10);
	}
}

static int map_countdown(const char *path)
{
	const int fd = open(path, FD_FLAGS, 0666);

	assert_return_code(fd, errno);
	assert_return_code(ftruncate(fd, 4096), errno);
	countdown = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	close(fd);
	return countdown == MAP_FAILED ? -1 : 0;
}

static int begin(void **state)
{
	const char *library = getenv("SHMFS_TEST_DIE_PRELOAD");
	const char *data_path = getenv("SHMFS_TEST_DATA_PATH");
	char dir[64], path[64];

	(void)state;
	if (!library)
		return -1;
	snprintf(dir, sizeof(dir), "%s/mount", harness()->base);
	mkdir(dir, 0755);
	snprintf(path, sizeof(path), "%s/die", harness()->base);
	if (map_countdown(path) < 0)
		return -1;
	daemon_path();
	setenv("SHMFS_TEST_DIE", path, 1);
	setenv("LD_PRELOAD", library, 1);
	daemon_start(&daemon_under_test, dir,
		(const char *const[]){"-o", data_path ? data_path : "passthrough=auto", NULL});
	unsetenv("LD_PRELOAD");
	return chdir(dir);
}

static int end(void **state)
{
	(void)state;
	assert_return_code(chdir("/"), errno);
	daemon_stop(&daemon_under_test);
	munmap(countdown, 4096);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_request_is_done_once, begin, end),
		cmocka_unit_test_setup_teardown(a_move_is_completed, begin, end),
	};

	return RUN_BARE(tests);
}

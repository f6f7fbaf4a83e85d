/* SPDX-License-Identifier: MIT */
/*
 * Attributes come with the name, for the call that walked the path, and are not believed any longer
 * once the object is open: open, let it grow outside, fstat.
 */
#include "as.h"
#include "harness.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>

/* Fewer where each call takes long. */
static unsigned long rounds(void)
{
	return number_of("SHMFS_TEST_FRESH_ROUNDS", 100000);
}

/* Grows the object by a byte outside, between an open and an fstat(2). */
static void grow_and_look(const char *path, int outside, off_t size, int flags)
{
	const int fd = open(path, flags | O_CLOEXEC);
	struct stat st;

	assert_return_code(fd, errno);
	assert_return_code(ftruncate(outside, size), errno);
	assert_return_code(fstat(fd, &st), errno);
	if (st.st_size != size)
		fail_msg("fstat tells %jd, not %jd", (intmax_t)st.st_size, (intmax_t)size);
	if (size % 16 == 0 && lseek(fd, 0, SEEK_END) != size)
		fail_msg("the end is not at %jd", (intmax_t)size);
	close(fd);
}

static void run_rounds(unsigned long count)
{
	static const int flags[] = {O_RDONLY, O_RDWR, O_WRONLY, O_RDONLY | O_NONBLOCK};
	const int outside = open(in_shm("object"), O_RDWR | O_CLOEXEC);

	assert_return_code(outside, errno);
	for (unsigned long i = 1; i <= count; i++)
		grow_and_look(in_mount("object"), outside, (off_t)i, flags[i % ARRAY_SIZE(flags)]);
	close(outside);
}

static void an_open_object_is_asked_for(void **state)
{
	(void)state;
	put_object("object", ALICE, 0666, "");
	run_rounds(rounds());
	sweep(SHM_DIR);
}

/* Each lookup brings attributes that the next call may believe: not that of another process. */
static pid_t start_looking(void)
{
	const pid_t pid = fork();
	struct stat st;

	if (pid != 0)
		return pid;
	for (;;)
		if (stat(in_mount("object"), &st) < 0)
			_exit(1);
}

static void end_looking(pid_t pid)
{
	assert_return_code(kill(pid, SIGKILL), errno);
	assert_int_equal(wait_child(pid), SIGKILL);
}

static void while_others_look_it_up(void **state)
{
	pid_t pids[2];

	(void)state;
	put_object("object", ALICE, 0666, "");
	for (size_t i = 0; i < ARRAY_SIZE(pids); i++)
		pids[i] = start_looking();
	run_rounds(rounds() / 4);
	for (size_t i = 0; i < ARRAY_SIZE(pids); i++)
		end_looking(pids[i]);
	sweep(SHM_DIR);
}

/* Without an open: a name, and a descriptor that is none for reading. */
static void names_are_asked_for(void **state)
{
	int outside, fd;
	struct stat st;

	(void)state;
	put_object("object", ALICE, 0666, "");
	outside = open(in_shm("object"), O_RDWR | O_CLOEXEC);
	assert_return_code(outside, errno);
	for (unsigned long i = 1; i <= rounds() / 10; i++) {
		assert_return_code(ftruncate(outside, (off_t)i), errno);
		assert_return_code(stat(in_mount("object"), &st), errno);
		assert_int_equal(st.st_size, i);
	}
	fd = open(in_mount("object"), O_WRONLY | O_APPEND | O_CLOEXEC);
	for (unsigned long i = 1; i <= rounds() / 10; i++) {
		assert_return_code(ftruncate(outside, (off_t)i), errno);
		assert_return_code(stat(in_mount("object"), &st), errno);
		assert_int_equal(st.st_size, i);
		assert_int_equal(write(fd, "x", 1), 1);
		assert_return_code(fstat(outside, &st), errno);
		assert_int_equal(st.st_size, i + 1);
	}
	close(fd);
	close(outside);
	sweep(SHM_DIR);
}

/* Two ticks at most: the attributes of a directory may be that old, its entries never. */
static bool mode_is_new(const void *path)
{
	struct stat st;

	return stat(path, &st) == 0 && (st.st_mode & 07777) == 0700;
}

static void directories_follow_soon(void **state)
{
	struct stat st;
	int fd;

	(void)state;
	put_directory("d", ALICE, 0755);
	fd = open(in_mount("d"), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_return_code(fd, errno);
	for (int i = 0; i < 200; i++) {
		put_object("d/new", ALICE, 0666, "");
		assert_return_code(fstatat(fd, "new", &st, 0), errno);
		assert_return_code(unlink(in_shm("d/new")), errno);
		EXPECT_ERROR(fstatat(fd, "new", &st, 0), ENOENT);
	}
	assert_return_code(chmod(in_shm("d"), 0700), errno);
	assert_true(wait_until(mode_is_new, in_mount("d")));
	close(fd);
	sweep(SHM_DIR);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_open_object_is_asked_for),
		cmocka_unit_test(while_others_look_it_up),
		cmocka_unit_test(names_are_asked_for),
		cmocka_unit_test(directories_follow_soon),
	};

	return RUN_MOUNTED(tests);
}

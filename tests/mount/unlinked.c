/* SPDX-License-Identifier: MIT */
/* Objects without a name that are still open. */
#include "harness.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/falloc.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/statvfs.h>
#include <unistd.h>

enum { FD_FLAGS = O_RDWR | O_CREAT | O_CLOEXEC };

static char buf[2 * MIB];

/* Everything one can do with a descriptor. */
static void use_descriptor(struct side *s, int fd)
{
	const struct timespec times[2] = {{.tv_sec = 1000}, {.tv_sec = 2000}};
	struct stat st;

	note_fstat(s, fd);
	fill(buf, MIB, 1, 0);
	T(s, pwrite(fd, buf, MIB, 1000));
	note_range(s, fd, 0, 2 * MIB);
	T(s, pwrite(fd, buf, 10, 0));
	T(s, pread(fd, buf, 10, 5));
	T(s, ftruncate(fd, 5000));
	T(s, fallocate(fd, 0, 0, 50000));
	T(s, fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 4096, 4096));
	T(s, lseek(fd, 0, SEEK_HOLE));
	T(s, lseek(fd, 0, SEEK_END));
	T(s, fchmod(fd, 0640));
	T(s, fchown(fd, ALICE.uid, ALICE.gid));
	T(s, futimens(fd, times));
	fstat(fd, &st);
	note(s, "times %jd %jd", (intmax_t)st.st_atim.tv_sec, (intmax_t)st.st_mtim.tv_sec);
	T(s, fsync(fd));
	note_fstat(s, fd);
}

static void every_call_after_unlink(struct side *s)
{
	const int first = T_FD(s, open("o", FD_FLAGS, 0600));
	const int second = T_FD(s, open("o", O_RDWR | O_CLOEXEC));

	T(s, write(first, "kept", 4));
	T(s, unlink("o"));
	use_descriptor(s, first);
	use_descriptor(s, second);
	T(s, close(first));
	use_descriptor(s, second);
}

static void every_call_after_an_outside_unlink(struct side *s)
{
	const int fd = T_FD(s, open("o", FD_FLAGS, 0600));

	T(s, write(fd, "kept", 4));
	T(s, unlinkat(s->out, "o", 0));
	use_descriptor(s, fd);
	T(s, unlink("o"));
}

/* Nothing was asked about the object between its creation and its end. */
static void an_outside_unlink_right_after_create(struct side *s)
{
	for (int i = 0; i < 20; i++) {
		const int fd = T_FD(s, open("o", FD_FLAGS | O_EXCL, 0600));

		T(s, unlinkat(s->out, "o", 0));
		note_fstat(s, fd);
		T(s, write(fd, "x", 1));
		T(s, close(fd));
	}
}

static void replaced_by_rename(struct side *s)
{
	const int old = T_FD(s, open("old", FD_FLAGS, 0600));
	const int new = T_FD(s, open("new", FD_FLAGS, 0644));

	T(s, write(old, "old one", 7));
	T(s, write(new, "new", 3));
	T(s, rename("new", "old"));
	note_lstat(s, "old");
	T(s, pwrite(new, "NEW", 3, 3));
	note_range(s, old, 0, 10);
	use_descriptor(s, old);
	T(s, renameat(s->out, "old", s->out, "elsewhere"));
	use_descriptor(s, new);
	note_lstat(s, "elsewhere");
}

static void one_of_two_links(struct side *s)
{
	const int fd = T_FD(s, open("a", FD_FLAGS, 0600));

	T(s, link("a", "b"));
	T(s, unlink("a"));
	use_descriptor(s, fd);
	T(s, chmod("b", 0600));
	T(s, unlinkat(s->out, "b", 0));
	use_descriptor(s, fd);
}

static void as_another_user(struct side *s)
{
	int fd;

	make_outside(s, "o", ALICE.uid, ALICE.gid, 0666, 10);
	fd = T_FD(s, open("o", O_RDWR | O_CLOEXEC));
	T(s, unlink("o"));
	AS(s, BOB)
	{
		T(s, pwrite(fd, "x", 1, 0));
		T(s, ftruncate(fd, 100));
		T(s, fchmod(fd, 0600));
		T(s, fchown(fd, BOB.uid, BOB.gid));
		T(s, futimens(fd, NULL));
		note_fstat(s, fd);
	}
	AS(s, ALICE)
	{
		T(s, fchmod(fd, 0600));
		note_fstat(s, fd);
	}
}

static uint64_t free_blocks(void)
{
	struct statvfs fs;

	assert_return_code(statvfs(harness()->daemon.mount, &fs), errno);
	assert_int_equal(fs.f_bsize, 4096);
	return fs.f_bfree;
}

/* An object that was closed just now may still be there for a moment. */
static uint64_t free_blocks_at_rest(void)
{
	next_tick();
	return free_blocks();
}

static bool memory_is_back(const void *arg)
{
	const uint64_t *before = arg;

	return free_blocks() == *before;
}

enum { BIG = 32 << 20 };

static int make_big(void)
{
	char path[80];
	int fd;

	snprintf(path, sizeof(path), "%s/big", harness()->daemon.mount);
	fd = open(path, FD_FLAGS, 0600);
	assert_return_code(fd, errno);
	for (off_t at = 0; at < BIG; at += (off_t)sizeof(buf))
		assert_int_equal(pwrite(fd, buf, sizeof(buf), at), sizeof(buf));
	assert_int_equal(pread(fd, buf, sizeof(buf), 0), sizeof(buf));
	return fd;
}

static void memory_is_free_after_the_last_close(void **state)
{
	const uint64_t before = free_blocks_at_rest();
	char path[80];

	(void)state;
	snprintf(path, sizeof(path), "%s/big", harness()->daemon.mount);
	for (int outside = 0; outside < 2; outside++) {
		const int fd = make_big();
		const int second = open(path, O_RDONLY | O_CLOEXEC);

		assert_int_equal(before - free_blocks(), BIG / 4096);
		assert_return_code(outside ? shm_unlink("/big") : unlink(path), errno);
		assert_int_equal(before - free_blocks(), BIG / 4096);
		close(fd);
		assert_int_equal(pread(second, buf, 10, BIG - 10), 10);
		assert_int_equal(before - free_blocks(), BIG / 4096);
		close(second);
		assert_true(wait_until(memory_is_back, &before));
	}
}

static _Noreturn void keep_asking(const char *path)
{
	struct stat st;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (;;)
		stat(path, &st);
}

/* Closing may wait, but not until the last request has been answered. */
static void memory_is_free_while_others_ask(void **state)
{
	const uint64_t before = free_blocks_at_rest();
	pid_t pids[4];
	char path[80];

	(void)state;
	snprintf(path, sizeof(path), "%s/big", harness()->daemon.mount);
	for (size_t i = 0; i < ARRAY_SIZE(pids); i++) {
		pids[i] = fork();
		if (pids[i] == 0)
			keep_asking(path);
	}
	for (int i = 0; i < 10; i++) {
		const int fd = make_big();

		assert_return_code(unlink(path), errno);
		close(fd);
		assert_true(wait_until(memory_is_back, &before));
	}
	for (size_t i = 0; i < ARRAY_SIZE(pids); i++) {
		assert_return_code(kill(pids[i], SIGKILL), errno);
		wait_child(pids[i]);
	}
}

/* The daemon must not keep an object whose last user outside, a mapping, has let it go. */
static void memory_is_free_after_the_last_munmap(void **state)
{
	const uint64_t before = free_blocks_at_rest();
	int fd = make_big(), outside;
	char *mapping;

	(void)state;
	outside = shm_open("/big", O_RDWR, 0);
	mapping = mmap(NULL, BIG, PROT_READ | PROT_WRITE, MAP_SHARED, outside, 0);
	assert_ptr_not_equal(mapping, MAP_FAILED);
	close(outside);
	assert_return_code(shm_unlink("/big"), errno);
	close(fd);
	mapping[BIG - 1] = 'x';
	assert_int_equal(before - free_blocks(), BIG / 4096);
	munmap(mapping, BIG);
	assert_true(wait_until(memory_is_back, &before));
}

/* Nor when it was cut off or punched out. */
static void memory_is_free_after_truncate(void **state)
{
	const uint64_t before = free_blocks_at_rest();
	const int fd = make_big();

	(void)state;
	assert_return_code(
		fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, BIG / 2), errno);
	assert_int_equal(before - free_blocks(), BIG / 2 / 4096);
	assert_return_code(ftruncate(fd, 0), errno);
	assert_true(wait_until(memory_is_back, &before));
	close(fd);
	assert_return_code(shm_unlink("/big"), errno);
}

/*
 * With the last name and not some time later, when it is not open: also when the kernel does not
 * know that another name was removed outside.
 */
static void memory_is_free_with_the_last_name(void **state)
{
	const uint64_t before = free_blocks_at_rest();
	char path[80], link_path[80];
	struct stat st;

	(void)state;
	snprintf(path, sizeof(path), "%s/big", harness()->daemon.mount);
	snprintf(link_path, sizeof(link_path), "%s/link", harness()->daemon.mount);
	close(make_big());
	assert_return_code(link(path, link_path), errno);
	assert_return_code(stat(path, &st), errno);
	assert_return_code(shm_unlink("/big"), errno);
	assert_int_equal(before - free_blocks(), BIG / 4096);
	assert_return_code(unlink(link_path), errno);
	assert_true(wait_until(memory_is_back, &before));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		COMPARED(every_call_after_unlink),
		COMPARED(every_call_after_an_outside_unlink),
		COMPARED(an_outside_unlink_right_after_create),
		COMPARED(replaced_by_rename),
		COMPARED(one_of_two_links),
		COMPARED(as_another_user),
		cmocka_unit_test(memory_is_free_after_the_last_close),
		cmocka_unit_test(memory_is_free_while_others_ask),
		cmocka_unit_test(memory_is_free_after_the_last_munmap),
		cmocka_unit_test(memory_is_free_after_truncate),
		cmocka_unit_test(memory_is_free_with_the_last_name),
	};

	return RUN_MOUNTED(tests);
}

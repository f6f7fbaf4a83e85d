/* SPDX-License-Identifier: MIT */
/* Opening: flags, appending, temporary files, descriptors opened again, permissions. */
#include "harness.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>

enum { FD_FLAGS = O_RDWR | O_CREAT | O_CLOEXEC };

static char buf[2 * MIB];

static void open_in_every_mode(struct side *s, int flags)
{
	char name[16];

	for (mode_t mode = 0; mode <= 0777; mode++) {
		snprintf(name, sizeof(name), "%o", mode);
		note_open(s, name, flags, 0);
	}
}

static void every_mode_for_every_user(struct side *s)
{
	static const int flags[] = {
		O_RDONLY, O_WRONLY, O_RDWR, O_RDONLY | O_TRUNC, O_WRONLY | O_APPEND, O_PATH};
	static const struct who users[] = {
		{0}, {2001, 2001, {0}}, {2002, 2001, {0}}, {2002, 2002, {0}}, {65534, 65534, {0}}};
	char name[16];

	for (mode_t mode = 0; mode <= 0777; mode++) {
		snprintf(name, sizeof(name), "%o", mode);
		make_outside(s, name, ALICE.uid, ALICE.gid, mode, 10);
	}
	for (size_t u = 0; u < ARRAY_SIZE(users); u++) {
		AS(s, users[u])
		{
			for (size_t i = 0; i < ARRAY_SIZE(flags); i++)
				open_in_every_mode(s, flags[i]);
		}
	}
	for (mode_t mode = 0; mode <= 0777; mode++) {
		snprintf(name, sizeof(name), "%o", mode);
		unlink(name);
	}
}

/* The class decides: an owner without the bit is refused though the other classes have it. */
static void the_first_class_that_fits_decides(struct side *s)
{
	make_outside(s, "not-owner", ALICE.uid, ALICE.gid, 0066, 10);
	make_outside(s, "not-group", ALICE.uid, ALICE.gid, 0606, 10);
	for (int i = 0; i < 4; i++) {
		const struct who users[] = {ALICE, MEMBER, SUPPLEMENT, BOB};

		AS(s, users[i])
		{
			note_open(s, "not-owner", O_RDWR, 0);
			note_open(s, "not-group", O_RDWR, 0);
			note_open(s, "not-owner", O_RDONLY, 0);
			note_open(s, "not-group", O_RDONLY, 0);
		}
	}
}

static void o_trunc(struct side *s)
{
	static const int flags[] = {
		O_RDONLY, O_WRONLY, O_RDWR, O_WRONLY | O_APPEND, O_RDWR | O_CREAT};

	for (size_t i = 0; i < ARRAY_SIZE(flags); i++) {
		const int fd = T_FD(s, open("o", FD_FLAGS, 0644));

		fill(buf, MIB, 1, 0);
		T(s, write(fd, buf, MIB));
		note_open(s, "o", flags[i] | O_TRUNC, 0600);
		note_fstat(s, fd);
		T(s, pread(fd, buf, 10, 0));
		T(s, pwrite(fd, "after", 5, 100));
		note_open(s, "o", O_RDONLY, 0);
		note_fstat(s, fd);
		close(fd);
	}
	make_outside(s, "theirs", ALICE.uid, ALICE.gid, 0444, 10);
	AS(s, BOB)
	{
		note_open(s, "theirs", O_RDONLY | O_TRUNC, 0);
		note_open(s, "theirs", O_WRONLY | O_TRUNC, 0);
	}
	note_lstat(s, "theirs");
}

static void special_flags(struct side *s)
{
	make_outside(s, "o", 0, 0, 0644, 10);
	note_open(s, "o", O_RDONLY | O_DIRECTORY, 0);
	note_open(s, "missing", O_RDONLY | O_DIRECTORY, 0);
	note_open(s, ".", O_RDONLY | O_DIRECTORY, 0);
	note_open(s, ".", O_RDWR, 0);
	note_open(s, ".", O_RDONLY, 0);
	note_open(s, "o", O_RDWR | O_NOFOLLOW, 0);
	note_open(s, "o", O_RDWR | O_NONBLOCK | O_NOCTTY | O_LARGEFILE, 0);
	note_open(s, "o", O_ACCMODE, 0);
	note_open(s, "o", O_RDONLY | O_EXCL, 0);
	note_open(s, "o/", O_RDONLY, 0);
	note_open(s, "o/x", O_RDONLY, 0);
	AS(s, BOB)
	{
		note_open(s, "o", O_RDONLY | O_NOATIME, 0);
	}
}

/* With passthrough an open object appends for ever, see shmfs(1). */
static void status_flags_of_a_descriptor(struct side *s)
{
	const char *data_path = getenv("SHMFS_TEST_DATA_PATH");
	const int fd = T_FD(s, open("o", FD_FLAGS | O_APPEND, 0600));

	T(s, fcntl(fd, F_GETFL) & (O_ACCMODE | O_APPEND));
	T(s, write(fd, "aaaa", 4));
	if (!data_path || strcmp(data_path, "passthrough=off") != 0)
		return;
	T(s, fcntl(fd, F_SETFL, 0));
	T(s, pwrite(fd, "b", 1, 0));
	T(s, fcntl(fd, F_SETFL, O_APPEND));
	T(s, pwrite(fd, "c", 1, 0));
	T(s, write(fd, "d", 1));
	T(s, lseek(fd, 0, SEEK_CUR));
	T(s, fcntl(fd, F_SETFL, 0));
	T(s, write(fd, "e", 1));
	note_range(s, fd, 0, 100);
}

static int open_again(int fd, int flags)
{
	char path[32];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	return open(path, flags | O_CLOEXEC);
}

static void o_path_descriptors(struct side *s)
{
	int fd;

	make_outside(s, "o", ALICE.uid, ALICE.gid, 0600, 10);
	AS(s, BOB)
	{
		fd = T_FD(s, open("o", O_PATH | O_CLOEXEC));
		note_fstat(s, fd);
		T(s, read(fd, buf, 1));
		T(s, ftruncate(fd, 0));
		T(s, fchmod(fd, 0777));
		T(s, faccessat(fd, "", R_OK, AT_EMPTY_PATH));
		T(s, fchownat(fd, "", BOB.uid, BOB.gid, AT_EMPTY_PATH));
	}
	fd = T_FD(s, open("o", O_PATH | O_CLOEXEC));
	T(s, fchownat(fd, "", BOB.uid, BOB.gid, AT_EMPTY_PATH));
	note_fstat(s, fd);
}

static bool has_free_inodes(const void *arg)
{
	const struct statvfs *before = arg;
	struct statvfs now;

	return statvfs(SHM_DIR, &now) == 0 && now.f_ffree == before->f_ffree;
}

/* Such a descriptor does not keep the object, as it does on tmpfs: its memory is free. */
static void o_path_is_no_hold(void **state)
{
	struct statvfs before;
	struct stat st;
	char path[80];
	int fd;

	(void)state;
	snprintf(path, sizeof(path), "%s/o", harness()->daemon.mount);
	assert_return_code(statvfs(SHM_DIR, &before), errno);
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	assert_true(fd >= 0);
	close(fd);
	fd = open(path, O_PATH | O_CLOEXEC);
	assert_true(fd >= 0);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(open_again(fd, O_RDONLY), -1);
	assert_int_equal(errno, ESTALE);
	assert_int_equal(fchownat(fd, "", 1, 1, AT_EMPTY_PATH), -1);
	assert_int_equal(errno, ESTALE);
	let_directories_age();
	assert_int_equal(fstat(fd, &st), -1);
	assert_int_equal(errno, ESTALE);
	assert_true(wait_until(has_free_inodes, &before));
	close(fd);
}

static void descriptors_opened_again(struct side *s)
{
	static const int kinds[] = {O_RDONLY, O_PATH, O_RDWR};

	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		int fd, again;

		make_outside(s, "o", 0, 0, 0644, 5000);
		fd = T_FD(s, open("o", kinds[i] | O_CLOEXEC));
		again = T_FD(s, open_again(fd, O_RDWR));
		T(s, pwrite(again, "x", 1, 1));
		T(s, unlink("o"));
		T(s, pwrite(again, "x", 1, 2));
		again = T_FD(s, open_again(fd, O_RDWR));
		T(s, pwrite(again, "x", 1, 3));
		note_range(s, again, 0, 6000);
		again = T_FD(s, open_again(fd, O_RDWR | O_APPEND));
		T(s, write(again, "y", 1));
		again = T_FD(s, open_again(fd, O_RDWR | O_TRUNC));
		note_fstat(s, fd);
		T(s, write(again, "z", 1));
		note_fstat(s, fd);
		close(fd);
	}
}

static void others_may_not_open_a_descriptor_again(struct side *s)
{
	int fd;

	make_outside(s, "o", 0, 0, 0600, 10);
	make_outside(s, "p", 0, 0, 0644, 10);
	fd = T_FD(s, open("o", O_RDONLY));
	const int public = T_FD(s, open("p", O_RDONLY));

	AS(s, BOB)
	{
		T(s, read(fd, buf, 3));
		T_FD(s, open_again(fd, O_RDONLY));
		T_FD(s, open_again(fd, O_RDWR));
		T_FD(s, open_again(public, O_RDONLY));
		T_FD(s, open_again(public, O_RDWR));
	}
}

#if LIBFUSE_HAS_TMPFILE
static void temporary_files(struct side *s)
{
	char path[32];
	int fd;

	umask(027);
	fd = T_FD(s, open(".", O_TMPFILE | O_RDWR | O_CLOEXEC, 0666));
	note_fstat(s, fd);
	fill(buf, MIB, 1, 0);
	T(s, write(fd, buf, MIB));
	note_range(s, fd, 0, MIB);
	T(s, fchmod(fd, 0604));
	T(s, ftruncate(fd, 5000));
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	T(s, linkat(AT_FDCWD, path, AT_FDCWD, "linked", AT_SYMLINK_FOLLOW));
	note_fstat(s, fd);
	note_lstat(s, "linked");
	T(s, pwrite(fd, "later", 5, 100));
	T(s, linkat(AT_FDCWD, path, AT_FDCWD, "second", AT_SYMLINK_FOLLOW));
	T(s, linkat(AT_FDCWD, path, AT_FDCWD, "linked", AT_SYMLINK_FOLLOW));
	fd = T_FD(s, open(".", O_TMPFILE | O_RDWR | O_EXCL | O_CLOEXEC, 0600));
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	T(s, linkat(AT_FDCWD, path, AT_FDCWD, "third", AT_SYMLINK_FOLLOW));
	T_FD(s, open(".", O_TMPFILE | O_RDONLY, 0600));
	AS(s, ALICE)
	{
		fd = T_FD(s, open(".", O_TMPFILE | O_WRONLY, 0600));
		note_fstat(s, fd);
		snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
		T(s, linkat(AT_FDCWD, path, AT_FDCWD, "alice", AT_SYMLINK_FOLLOW));
	}
}
#else
static void temporary_files(void **state)
{
	(void)state;
	assert_int_equal(open(harness()->daemon.mount, O_TMPFILE | O_RDWR, 0600), -1);
	assert_int_equal(errno, EOPNOTSUPP);
}
#endif

/* The end is where the object ends now, through whichever door it grew. */
static void appending_beside_outside_writers(struct side *s)
{
	const int fd = T_FD(s, open("o", FD_FLAGS | O_APPEND, 0600));
	const int second = T_FD(s, open("o", O_WRONLY | O_APPEND | O_CLOEXEC));
	const int outside = openat(s->out, "o", O_WRONLY | O_APPEND | O_CLOEXEC);

	for (int i = 0; i < 20; i++) {
		const size_t len = i % 5 == 4 ? MIB / 8 + 1 : 10;

		fill(buf, len, (unsigned int)i, 0);
		T(s, write(fd, buf, len));
		T(s, write(outside, "outside", 7));
		T(s, write(second, "second", 6));
		if (i % 7 == 3)
			T(s, ftruncate(outside, i * 1000));
		if (i % 7 == 5)
			T(s, ftruncate(outside, 5));
		T(s, pwrite(fd, "nowhere", 7, 0));
	}
	note_fstat(s, fd);
}

/* An outside append is that much faster. */
enum { APPENDS = 2000, OUTSIDE_APPENDS = 30 * APPENDS, RECORD = 16 };

static _Noreturn void append_records(const char *path, char mark, int n)
{
	const int fd = open(path, O_WRONLY | O_APPEND | O_CLOEXEC);
	char record[RECORD];

	memset(record, mark, RECORD);
	for (int i = 0; i < n; i++)
		if (write(fd, record, RECORD) != RECORD)
			_exit(1);
	_exit(0);
}

static bool is_whole_record(const char *record)
{
	for (int i = 1; i < RECORD; i++)
		if (record[i] != record[0])
			return false;
	return record[0] >= 'a' && record[0] <= 'c';
}

/* Three at once, one of them outside: no record is lost or torn. */
static void appenders_at_the_same_time(void **state)
{
	char inside[80], outside[80];
	pid_t pids[3];

	(void)state;
	snprintf(inside, sizeof(inside), "%s/o", harness()->daemon.mount);
	snprintf(outside, sizeof(outside), SHM_DIR "/o");
	write_file(outside, "", 0);
	for (size_t i = 0; i < ARRAY_SIZE(pids); i++) {
		pids[i] = fork();
		if (pids[i] == 0)
			append_records(i == 2 ? outside : inside, (char)('a' + i),
				i == 2 ? OUTSIDE_APPENDS : APPENDS);
	}
	for (size_t i = 0; i < ARRAY_SIZE(pids); i++)
		assert_int_equal(wait_child(pids[i]), 0);
	read_text(outside, buf, sizeof(buf));
	assert_int_equal(strlen(buf), (2 * APPENDS + OUTSIDE_APPENDS) * RECORD);
	for (size_t i = 0; buf[i] != '\0'; i += RECORD)
		assert_true(is_whole_record(buf + i));
	unlink(outside);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		COMPARED(every_mode_for_every_user),
		COMPARED(the_first_class_that_fits_decides),
		COMPARED(o_trunc),
		COMPARED(special_flags),
		COMPARED(status_flags_of_a_descriptor),
		COMPARED(o_path_descriptors),
		cmocka_unit_test(o_path_is_no_hold),
		COMPARED(descriptors_opened_again),
		COMPARED(others_may_not_open_a_descriptor_again),
#if LIBFUSE_HAS_TMPFILE
		COMPARED(temporary_files),
#else
		cmocka_unit_test(temporary_files),
#endif
		COMPARED(appending_beside_outside_writers),
		cmocka_unit_test(appenders_at_the_same_time),
	};

	return RUN_MOUNTED(tests);
}

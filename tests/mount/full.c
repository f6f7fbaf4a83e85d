/* SPDX-License-Identifier: MIT */
/* A tmpfs without room: errors where tmpfs gives them, no SIGBUS, and a mount that goes on. */
#include "harness.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/falloc.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/sendfile.h>
#include <sys/statvfs.h>
#include <unistd.h>

enum { FD_FLAGS = O_RDWR | O_CREAT | O_CLOEXEC, ROOM = 8 << 20, INODES = 100 };

static char buf[MIB];

static void the_tmpfs_becomes_small(void **state)
{
	const char *const dirs[] = {SHM_DIR, harness()->reference};
	struct statvfs fs;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(dirs); i++)
		assert_return_code(
			mount(NULL, dirs[i], NULL, MS_REMOUNT, "mode=1777,size=8m,nr_inodes=100"),
			errno);
	assert_return_code(statvfs(harness()->daemon.mount, &fs), errno);
	assert_int_equal(fs.f_blocks * fs.f_frsize, ROOM);
	assert_int_equal(fs.f_files, INODES);
}

static bool is_room(const void *arg)
{
	const struct side *s = arg;
	struct statvfs fs;

	return fstatvfs(s->out, &fs) == 0 && fs.f_bfree == fs.f_blocks;
}

static bool is_inode(const void *arg)
{
	const struct side *s = arg;
	struct statvfs fs;

	return fstatvfs(s->out, &fs) == 0 && fs.f_ffree > 0;
}

/* The last close reaches the daemon a little after it returned. */
static void remove_and_wait(struct side *s, const char *name)
{
	T(s, unlink(name));
	note(s, "room again: %d", wait_until(is_room, s));
}

/* Writes on until it fails, each time `step` bytes further. */
static void write_until_full(struct side *s, int fd, size_t len, off_t step)
{
	off_t at = 0;
	ssize_t n;

	fill(buf, sizeof(buf), 1, 0);
	while ((n = pwrite(fd, buf, len, at)) == (ssize_t)len)
		at += step;
	note(s, "at %jd: %zd %s", (intmax_t)at, n, n < 0 ? strerrorname_np(errno) : "");
	if (n > 0)
		T(s, pwrite(fd, buf, len, at + n));
	note_fstat(s, fd);
}

static void writes_of(struct side *s, size_t len)
{
	const int fd = T_FD(s, open("o", FD_FLAGS, 0600));

	write_until_full(s, fd, len, (off_t)len);
	T(s, pwrite(fd, buf, 10, 5));
	T(s, pwrite(fd, buf, MIB, 0));
	T(s, pwrite(fd, buf, MIB, ROOM - MIB));
	T(s, pwrite(fd, buf, 100, ROOM - 50));
	note_range(s, fd, 0, ROOM);
	T(s, ftruncate(fd, ROOM - 100000));
	T(s, pwrite(fd, buf, MIB, ROOM - 50000));
	note_fstat(s, fd);
	close(fd);
	remove_and_wait(s, "o");
}

static void small_writes(struct side *s)
{
	writes_of(s, 4096);
	writes_of(s, 1000);
}

static void big_writes(struct side *s)
{
	writes_of(s, MIB);
	writes_of(s, 300001);
	writes_of(s, 65536);
}

static void holes_of(struct side *s, size_t len, off_t step)
{
	const int fd = T_FD(s, open("o", FD_FLAGS, 0600));

	note(s, "holes: %zu bytes every %jd", len, (intmax_t)step);
	T(s, ftruncate(fd, 1 * TIB));
	write_until_full(s, fd, len, step);
	T(s, pread(fd, buf, MIB, 1000 * GIB));
	note_bytes(s, "hole", buf, MIB);
	T(s, pread(fd, buf, MIB, 0));
	note_bytes(s, "mixed", buf, MIB);
	T(s, pwrite(fd, buf, MIB, 500 * GIB));
	T(s, pwrite(fd, buf, 1, 500 * GIB));
	note_fstat(s, fd);
	close(fd);
	remove_and_wait(s, "o");
}

static void writes_into_holes(struct side *s)
{
	holes_of(s, 4096, 40960);
	holes_of(s, 1, 65536);
	holes_of(s, 100000, 1000000);
	holes_of(s, MIB, 3 * MIB);
}

/* A dense part, so that the daemon has a mapping, then holes beside it. */
static void writes_half_into_a_hole(struct side *s)
{
	const int fd = T_FD(s, open("o", FD_FLAGS, 0600));
	const int other = T_FD(s, open("other", FD_FLAGS, 0600));

	T(s, pwrite(fd, buf, MIB, 0));
	T(s, pwrite(fd, buf, MIB, 0));
	T(s, ftruncate(fd, 16 * MIB));
	write_until_full(s, other, MIB, MIB);
	T(s, pwrite(fd, buf, MIB, MIB / 2));
	T(s, pwrite(fd, buf, 65536, 4 * MIB));
	T(s, pread(fd, buf, MIB, 4 * MIB));
	note_bytes(s, "hole", buf, MIB);
	T(s, fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, 8192));
	T(s, pwrite(other, buf, 8192, ROOM));
	T(s, pwrite(fd, buf, MIB, 0));
	T(s, pwrite(fd, buf, 4096, 0));
	note_fstat(s, fd);
	T(s, ftruncate(other, 0));
	T(s, pwrite(fd, buf, MIB, 0));
	T(s, pwrite(fd, buf, MIB, 4 * MIB));
	note_range(s, fd, 0, 5 * MIB);
}

static void other_ways_to_fill(struct side *s)
{
	const int fd = T_FD(s, open("o", FD_FLAGS, 0600));
	const int append = T_FD(s, open("o", O_WRONLY | O_APPEND | O_CLOEXEC));
	off_t at = 0;

	T(s, fallocate(fd, 0, 0, 2 * ROOM));
	note_fstat(s, fd);
	T(s, fallocate(fd, FALLOC_FL_KEEP_SIZE, 0, ROOM + 4096));
	note_fstat(s, fd);
	T(s, pwrite(fd, buf, MIB, 0));
	T(s, fallocate(fd, 0, 0, ROOM));
	T(s, fallocate(fd, 0, ROOM, 1));
	T(s, write(append, buf, 1));
	T(s, write(append, buf, MIB));
	T(s, sendfile(append, fd, &at, 4096));
	T(s, ftruncate(fd, 3 * ROOM));
	at = 2 * ROOM;
	T(s, copy_file_range(fd, NULL, fd, &at, 4096, 0));
	T(s, ftruncate(fd, ROOM - 10000));
	T(s, write(append, buf, 1));
	T(s, write(append, buf, MIB));
	T(s, write(append, buf, 1));
	note_fstat(s, fd);
}

static void creating_without_inodes(struct side *s)
{
	char name[16];
	int i = 0;

	do
		snprintf(name, sizeof(name), "%d", i);
	while (mknod(name, S_IFREG | 0600, 0) == 0 && i++ < 2 * INODES);
	note(s, "made %d: %s", i, strerrorname_np(errno));
	note_open(s, "new", FD_FLAGS | O_EXCL, 0600);
	note_open(s, "new", FD_FLAGS, 0600);
	T(s, link("0", "linked"));
	note_open(s, "0", FD_FLAGS, 0600);
	T(s, rename("0", "renamed"));
	T(s, unlink("1"));
	note(s, "inode again: %d", wait_until(is_inode, s));
	note_open(s, "new", FD_FLAGS | O_EXCL, 0600);
	while (i-- > 2) {
		snprintf(name, sizeof(name), "%d", i);
		unlink(name);
	}
}

/* Nothing is half made: all that is there is listed below. */
static void note_tree(struct side *s)
{
	static const char *const names[] = {"d", "d/e", "d/e/f", "d/link", "d/fifo", "d/file",
		"d/new", "d/hard", "moved", "moved/e/f", "other"};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		note_lstat(s, names[i]);
}

static void change_tree(struct side *s)
{
	T(s, mkdir("other", 0755));
	T(s, mkdir("d/new", 0755));
	T(s, symlink("file", "d/link"));
	T(s, mknod("d/fifo", S_IFIFO | 0600, 0));
	T(s, link("d/file", "d/hard"));
	note_open(s, "d/other", FD_FLAGS | O_EXCL, 0600);
	note_tree(s);
	T(s, rename("d", "moved"));
	note_tree(s);
	T(s, rename("moved", "d"));
	T(s, renameat2(AT_FDCWD, "d/e", AT_FDCWD, "d/file", RENAME_EXCHANGE));
	T(s, renameat2(AT_FDCWD, "d/e", AT_FDCWD, "d/file", RENAME_EXCHANGE));
	T(s, rmdir("d"));
	T(s, rmdir("d/e/f"));
	note_tree(s);
	T(s, rmdir("other"));
	T(s, rmdir("d/new"));
	T(s, unlink("d/link"));
	T(s, unlink("d/fifo"));
	T(s, unlink("d/hard"));
	T(s, unlink("d/other"));
}

static void make_tree(struct side *s)
{
	T(s, mkdir("d", 0755));
	T(s, mkdir("d/e", 0755));
	T(s, mkdir("d/e/f", 0755));
	note_open(s, "d/file", FD_FLAGS, 0600);
}

static void remove_tree(struct side *s)
{
	T(s, unlink("d/file"));
	T(s, rmdir("d/e"));
	T(s, rmdir("d"));
}

static void directories_without_inodes(struct side *s)
{
	char name[16];
	int i = 0;

	make_tree(s);
	do
		snprintf(name, sizeof(name), "d/%d", i);
	while (mkdir(name, 0700) == 0 && i++ < 2 * INODES);
	note(s, "made %d: %s", i, strerrorname_np(errno));
	change_tree(s);
	while (i-- > 0) {
		snprintf(name, sizeof(name), "d/%d", i);
		T(s, rmdir(name));
	}
	note(s, "inode again: %d", wait_until(is_inode, s));
	T(s, mkdir("d/e/f", 0755));
	change_tree(s);
	remove_tree(s);
}

static void directories_without_room(struct side *s)
{
	static char target[1000];
	int fd;

	make_tree(s);
	fd = T_FD(s, open("o", FD_FLAGS, 0600));
	write_until_full(s, fd, MIB, MIB);
	memset(target, 'x', sizeof(target) - 1);
	T(s, symlink(target, "d/long"));
	note_lstat(s, "d/long");
	change_tree(s);
	close(fd);
	remove_and_wait(s, "o");
	T(s, symlink(target, "d/long"));
	note_lstat(s, "d/long");
	T(s, unlink("d/long"));
	remove_tree(s);
}

static void creating_without_room(struct side *s)
{
	const int fd = T_FD(s, open("o", FD_FLAGS, 0600));

	write_until_full(s, fd, MIB, MIB);
	note_open(s, "new", FD_FLAGS | O_EXCL, 0600);
	note_open(s, "second", FD_FLAGS, 0600);
	T(s, truncate("new", 1 * TIB));
	note_lstat(s, "new");
	T(s, unlink("second"));
	T(s, link("new", "second"));
	T(s, rename("new", "third"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_tmpfs_becomes_small),
		COMPARED(small_writes),
		COMPARED(big_writes),
		COMPARED(writes_into_holes),
		COMPARED(writes_half_into_a_hole),
		COMPARED(other_ways_to_fill),
		COMPARED(creating_without_inodes),
		COMPARED(creating_without_room),
		COMPARED(directories_without_inodes),
		COMPARED(directories_without_room),
	};

	return RUN_MOUNTED(tests);
}

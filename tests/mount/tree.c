/* SPDX-License-Identifier: MIT */
/* Directories: made, removed, listed, opened, and where a path may lead. */
#include "harness.h"
#include "worker.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

enum { FD_FLAGS = O_RDWR | O_CREAT | O_CLOEXEC, DIR_FLAGS = O_RDONLY | O_DIRECTORY | O_CLOEXEC };

static void make_file(struct side *s, const char *path)
{
	close(T_FD(s, open(path, FD_FLAGS | O_EXCL, 0640)));
}

/* a, a/b, a/b/c, and a file on each level. */
static void make_nested(struct side *s)
{
	T(s, mkdir("a", 0755));
	T(s, mkdir("a/b", 0750));
	T(s, mkdir("a/b/c", 0700));
	make_file(s, "f");
	make_file(s, "a/f");
	make_file(s, "a/b/f");
	make_file(s, "a/b/c/f");
}

static void modes_and_umasks(struct side *s)
{
	static const mode_t modes[] = {0, 0700, 0755, 0777, 01777, 02755, 04755, 07777};
	static const mode_t masks[] = {0, 022, 077, 0777};

	for (size_t m = 0; m < ARRAY_SIZE(masks); m++) {
		umask(masks[m]);
		for (size_t i = 0; i < ARRAY_SIZE(modes); i++) {
			note(s, "mode %o mask %o", modes[i], masks[m]);
			T(s, mkdir("d", modes[i]));
			note_lstat(s, "d");
			T(s, mkdir("d/e", modes[i]));
			note_lstat(s, "d/e");
			T(s, rmdir("d/e"));
			T(s, rmdir("d"));
			note_lstat(s, "d");
		}
	}
}

static void making(struct side *s)
{
	make_nested(s);
	T(s, mkdir("a", 0755));
	T(s, mkdir("f", 0755));
	T(s, mkdir("a/", 0755));
	T(s, mkdir("a/b/", 0755));
	T(s, mkdir("new/", 0755));
	T(s, mkdir("a/new/", 0755));
	T(s, mkdir(".", 0755));
	T(s, mkdir("..", 0755));
	T(s, mkdir("a/.", 0755));
	T(s, mkdir("a/..", 0755));
	T(s, mkdir("", 0755));
	T(s, mkdir("missing/x", 0755));
	T(s, mkdir("f/x", 0755));
	T(s, mkdir("a/b/../b2", 0755));
	T(s, mkdir("a/./b3", 0755));
	T(s, mkdir("a//b4", 0755));
	T(s, mknod("a", S_IFREG | 0600, 0));
	note_open(s, "a", FD_FLAGS | O_EXCL, 0600);
	T(s, link("f", "a"));
	T(s, link("a", "linked"));
	T(s, symlink("f", "a"));
}

static void removing(struct side *s)
{
	make_nested(s);
	T(s, rmdir("a"));
	T(s, rmdir("a/b"));
	T(s, rmdir("a/b/c"));
	T(s, rmdir("f"));
	T(s, rmdir("a/f"));
	T(s, rmdir("missing"));
	T(s, rmdir("missing/x"));
	T(s, rmdir("f/x"));
	T(s, rmdir("."));
	T(s, rmdir("a/."));
	T(s, rmdir("a/.."));
	T(s, rmdir("a/b/c/.."));
	T(s, rmdir("a/b/c/."));
	T(s, unlink("a"));
	T(s, unlink("a/b/"));
	T(s, unlink("a/b/c/f"));
	T(s, rmdir("a/b/c/"));
	T(s, rmdir("a/b"));
	T(s, unlink("a/b/f"));
	T(s, unlinkat(AT_FDCWD, "a/b", AT_REMOVEDIR));
	T(s, mkdir("a/b", 0711));
	T(s, remove("a/b"));
	T(s, rmdir("a"));
	T(s, unlink("a/f"));
	T(s, rmdir("a"));
	T(s, rmdir("a"));
	make_file(s, "a");
	T(s, mkdir("f2", 0755));
}

/* Names that begin like that of a directory are not in it. */
static void names_that_begin_alike(struct side *s)
{
	T(s, mkdir("a", 0755));
	make_file(s, "ab");
	make_file(s, "a%");
	make_file(s, "a%2");
	make_file(s, "a%2f");
	T(s, mkdir("a%", 0755));
	T(s, mkdir("a%2", 0755));
	T(s, mkdir("a b", 0755));
	make_file(s, "a b/%");
	make_file(s, "a b/2F");
	note_lstat(s, "a b");
	T(s, rmdir("a"));
	T(s, mkdir("a-", 0755));
	T(s, rmdir("a"));
}

static void paths_that_lead_nowhere(struct side *s)
{
	static const char *const paths[] = {"f/", "f/.", "f/..", "f/x", "a/f/", "a/f/x", "a/f/../b",
		"missing", "missing/", "missing/x", "a/missing", "a/missing/x", "a/b/missing/../f",
		"a/b/f", "a/b/../f", "a/b/c/../../f", "a//b///f", "./a/./b/./f", "a/b/c/../../../f",
		"a", "a/", "a/.", "a/b/..", "b", "c", "a/c", "a/a"};
	struct stat st;

	make_nested(s);
	for (size_t i = 0; i < ARRAY_SIZE(paths); i++) {
		note_lstat(s, paths[i]);
		T(s, stat(paths[i], &st));
		note_open(s, paths[i], O_RDONLY, 0);
		note_open(s, paths[i], O_RDONLY | O_DIRECTORY, 0);
		note_open(s, paths[i], O_RDWR, 0);
		T(s, access(paths[i], F_OK));
		T(s, truncate(paths[i], 0));
	}
}

static void note_entry(struct side *s, int dir, const struct dirent *e)
{
	struct stat st;

	if (fstatat(dir, e->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		note(s, "%s: %s", e->d_name, strerrorname_np(errno));
	else
		note(s, "%s type %d, that of stat: %d, inode number too: %d", e->d_name, e->d_type,
			e->d_type == IFTODT(st.st_mode), e->d_ino == st.st_ino);
}

/* `dir` is not the root: the directory above the mount belongs to another file system. */
static void note_listing(struct side *s, const char *dir)
{
	struct dirent **entries;
	const int fd = T_FD(s, open(dir, DIR_FLAGS));
	const int n = scandir(dir, &entries, NULL, alphasort);

	note(s, "%s: %d entries", dir, n);
	for (int i = 0; i < n; i++) {
		note_entry(s, fd, entries[i]);
		free(entries[i]);
	}
	if (n >= 0)
		free(entries);
	close(fd);
}

static void listing(struct side *s)
{
	make_nested(s);
	note_listing(s, "a");
	note_listing(s, "a/b");
	note_listing(s, "a/b/c");
	T(s, symlink("f", "a/symlink"));
	T(s, mkfifo("a/fifo", 0600));
	T(s, mknod("a/socket", S_IFSOCK | 0600, 0));
	T(s, link("f", "a/hard link"));
	T(s, mkdir("a/.hidden", 0700));
	T(s, unlink("a/f"));
	note_listing(s, "a");
	T(s, rmdir("a/.hidden"));
	note_listing(s, "a");
	make_outside(s, "a/outside", 0, 0, 0600, 10);
	make_outside_dir(s, "a/dir outside", 0, 0, 0700);
	note_listing(s, "a");
	note_listing(s, "a/dir outside");
	note_listing(s, "missing");
	note_listing(s, "f");
}

static void note_both(struct side *s)
{
	note_lstat(s, ".");
	note_lstat(s, "a");
}

static void links_and_sizes(struct side *s)
{
	T(s, mkdir("a", 0755));
	note_both(s);
	T(s, mkdir("a/b", 0755));
	note_both(s);
	make_file(s, "a/f");
	note_both(s);
	T(s, mkdir("a/b/c", 0755));
	make_file(s, "a/b/f");
	note_both(s);
	T(s, link("a/f", "a/g"));
	note_both(s);
	T(s, symlink("x", "a/h"));
	T(s, rename("a/f", "f"));
	note_both(s);
	T(s, rename("a/b/c", "a/c"));
	note_both(s);
	T(s, rename("a/b", "b"));
	note_both(s);
	T(s, renameat2(AT_FDCWD, "f", AT_FDCWD, "a/c", RENAME_EXCHANGE));
	note_both(s);
	T(s, rename("a/g", "a/h"));
	note_both(s);
	T(s, rmdir("f"));
	T(s, unlink("a/c"));
	make_outside(s, "a/outside", 0, 0, 0600, 10);
	make_outside_dir(s, "a/dir outside", 0, 0, 0700);
	note_both(s);
}

/* Directories can be opened for reading only, and not be created by open(2). */
static void opening(struct side *s)
{
	static const int flags[] = {O_RDONLY, O_WRONLY, O_RDWR, O_RDONLY | O_DIRECTORY,
		O_RDWR | O_DIRECTORY, O_RDONLY | O_TRUNC, O_RDONLY | O_CREAT,
		O_RDONLY | O_CREAT | O_EXCL, O_RDWR | O_CREAT, O_RDONLY | O_CREAT | O_DIRECTORY,
		O_PATH, O_PATH | O_DIRECTORY, O_RDONLY | O_NOFOLLOW, O_RDONLY | O_APPEND,
		O_RDONLY | O_NOATIME};
	static const char *const paths[] = {".", "a", "a/", "a/b", "a/b/.", "a/new/", "a/new/new"};
	char c;
	int fd;

	make_nested(s);
	for (size_t i = 0; i < ARRAY_SIZE(flags); i++)
		for (size_t k = 0; k < ARRAY_SIZE(paths); k++)
			note_open(s, paths[k], flags[i], 0600);
	fd = T_FD(s, open("a", DIR_FLAGS));
	note_fstat(s, fd);
	T(s, read(fd, &c, 1));
	T(s, write(fd, &c, 1));
	T(s, ftruncate(fd, 0));
	T(s, truncate("a", 0));
	T(s, fallocate(fd, 0, 0, 1));
	T(s, fsync(fd));
	T(s, fdatasync(fd));
	T(s, syncfs(fd));
}

static void paths_from_descriptors(struct side *s)
{
	int a, b, path;

	make_nested(s);
	a = T_FD(s, open("a", DIR_FLAGS));
	b = T_FD(s, openat(a, "b", DIR_FLAGS));
	path = T_FD(s, open("a/b/c", O_PATH | O_CLOEXEC));
	T(s, mkdirat(a, "x", 0755));
	T(s, mkdirat(path, "y", 0755));
	close(T_FD(s, openat(a, "x/f", FD_FLAGS, 0600)));
	close(T_FD(s, openat(path, "../../x/g", FD_FLAGS, 0600)));
	T(s, mknodat(b, "n", S_IFREG | 0600, 0));
	T(s, linkat(a, "f", path, "linked", 0));
	T(s, symlinkat("f", b, "symlink"));
	T(s, renameat(a, "f", path, "y/renamed"));
	T(s, unlinkat(b, "f", 0));
	T(s, unlinkat(path, "y", AT_REMOVEDIR));
	T(s, fchmodat(path, "y", 0711, 0));
	T(s, faccessat(b, "c/y/renamed", W_OK, 0));
	T(s, fchdir(path));
	note_lstat(s, "y/renamed");
	note_lstat(s, "../n");
	T(s, mkdir("../z", 0700));
	note_fstat(s, a);
	note_fstat(s, b);
}

/*
 * On tmpfs it can still be looked at; here it is gone, which the kernel finds out after a moment.
 * Nothing can be made in it before or after. A daemon without a keeper keeps open directories, so
 * there it is as on tmpfs.
 */
static void working_in_a_removed_directory(void **state)
{
	const int error = keeper_obstacle() ? ENOENT : ESTALE;
	char cwd[PATH_MAX];
	int dir;

	(void)state;
	assert_return_code(mkdir(in_mount("gone"), 0755), errno);
	assert_return_code(chdir(in_mount("gone")), errno);
	dir = open(".", DIR_FLAGS);
	assert_return_code(dir, errno);
	assert_return_code(rmdir(in_mount("gone")), errno);
	assert_null(getcwd(cwd, sizeof(cwd)));
	EXPECT_ERROR(open("new", FD_FLAGS, 0600), ENOENT);
	let_directories_age();
	EXPECT_ERROR(open("new", FD_FLAGS, 0600), error);
	EXPECT_ERROR(mkdirat(dir, "new", 0700), error);
	assert_return_code(chdir("/"), errno);
	assert_true(is_empty(SHM_DIR));
	close(dir);
}

/* Something is mounted on a directory of the view. */
static void removing_a_mount_point(struct side *s)
{
	make_nested(s);
	T(s, mount("tmpfs", "a/b/c", "tmpfs", 0, "mode=0711"));
	T(s, rmdir("a/b/c"));
	T(s, rename("a/b/c", "c"));
	T(s, rename("a/b", "b"));
	T(s, rename("b", "a/b"));
	T(s, mkdir("a/b/c/d", 0755));
	note_lstat(s, "a/b/c");
	T(s, rename("a/b/c/d", "d"));
	T(s, umount("a/b/c"));
	note_lstat(s, "a/b/c");
	T(s, rmdir(s->path));
}

#if LIBFUSE_HAS_TMPFILE
static void files_without_a_name(struct side *s)
{
	char path[32];
	int fd;

	make_nested(s);
	fd = T_FD(s, open("a/b", O_RDWR | O_TMPFILE | O_CLOEXEC, 0640));
	T(s, write(fd, "bytes", 5));
	note_fstat(s, fd);
	note_lstat(s, "a/b");
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	T(s, linkat(AT_FDCWD, path, AT_FDCWD, "a/b/c/named", AT_SYMLINK_FOLLOW));
	T(s, linkat(AT_FDCWD, path, AT_FDCWD, "a/b/f", AT_SYMLINK_FOLLOW));
	T(s, linkat(fd, "", AT_FDCWD, "second", AT_EMPTY_PATH));
	note_fstat(s, fd);
	note_lstat(s, "a/b/c");
	T_FD(s, open("a/f", O_RDWR | O_TMPFILE | O_CLOEXEC, 0640));
	T_FD(s, open("missing", O_RDWR | O_TMPFILE | O_CLOEXEC, 0640));
	T_FD(s, open("a", O_RDONLY | O_TMPFILE | O_CLOEXEC, 0640));
	fd = T_FD(s, open("a", O_RDWR | O_TMPFILE | O_EXCL | O_CLOEXEC, 0640));
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	T(s, linkat(AT_FDCWD, path, AT_FDCWD, "a/named", AT_SYMLINK_FOLLOW));
}
#endif

int main(void)
{
	const struct CMUnitTest tests[] = {
		COMPARED(modes_and_umasks),
		COMPARED(making),
		COMPARED(removing),
		COMPARED(names_that_begin_alike),
		COMPARED(paths_that_lead_nowhere),
		COMPARED(listing),
		COMPARED(links_and_sizes),
		COMPARED(opening),
		COMPARED(paths_from_descriptors),
		cmocka_unit_test(working_in_a_removed_directory),
		COMPARED(removing_a_mount_point),
#if LIBFUSE_HAS_TMPFILE
		COMPARED(files_without_a_name),
#endif
	};

	return RUN_MOUNTED(tests);
}

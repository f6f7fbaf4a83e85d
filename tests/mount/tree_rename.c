/* SPDX-License-Identifier: MIT */
/* Renaming in trees and renaming trees; links across directories. */
#include "harness.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { FD_FLAGS = O_RDWR | O_CREAT | O_CLOEXEC, DIR_FLAGS = O_RDONLY | O_DIRECTORY | O_CLOEXEC };

static void make(struct side *s, const char *path)
{
	const int fd = T_FD(s, open(path, FD_FLAGS | O_EXCL, 0640));

	T(s, write(fd, path, strlen(path)));
	close(fd);
}

/* Nothing, or one of each kind of thing. */
enum kind { NOTHING, FILE_KIND, SYMLINK, FIFO, SOCKET, EMPTY, FULL, KINDS };

static void make_kind(const char *path, enum kind kind)
{
	char inner[64];

	switch (kind) {
	case FILE_KIND:
		close(open(path, FD_FLAGS, 0600));
		break;
	case SYMLINK:
		symlink("target", path);
		break;
	case FIFO:
		mkfifo(path, 0620);
		break;
	case SOCKET:
		mknod(path, S_IFSOCK | 0604, 0);
		break;
	case EMPTY:
		mkdir(path, 0750);
		break;
	case FULL:
		mkdir(path, 0705);
		snprintf(inner, sizeof(inner), "%s/inner", path);
		mkdir(inner, 0711);
		snprintf(inner, sizeof(inner), "%s/inner/%s", path, strchr(path, '/') + 1);
		close(open(inner, FD_FLAGS, 0644));
		break;
	default:
		break;
	}
}

static void note_all(struct side *s)
{
	static const char *const paths[] = {"d", "e", "d/x", "d/y", "e/y", "d/x/inner",
		"d/x/inner/x", "d/x/inner/y", "d/y/inner/x", "d/y/inner/y", "e/y/inner/x",
		"e/y/inner/y"};

	for (size_t i = 0; i < ARRAY_SIZE(paths); i++)
		note_lstat(s, paths[i]);
}

static void try_kinds(struct side *s, enum kind from, enum kind to, const char *to_path)
{
	static const unsigned int flags[] = {0, RENAME_NOREPLACE, RENAME_EXCHANGE};

	for (size_t i = 0; i < ARRAY_SIZE(flags); i++) {
		T(s, mkdir("d", 0755));
		T(s, mkdir("e", 0755));
		make_kind("d/x", from);
		make_kind(to_path, to);
		note(s, "kind %d to %s of kind %d, flags %u", from, to_path, to, flags[i]);
		T(s, renameat2(AT_FDCWD, "d/x", AT_FDCWD, to_path, flags[i]));
		note_all(s);
		sweep("d");
		sweep("e");
		T(s, rmdir("d"));
		T(s, rmdir("e"));
	}
}

static void everything_to_everything(struct side *s, const char *to_path)
{
	for (int from = 0; from < KINDS; from++)
		for (int to = 0; to < KINDS; to++)
			try_kinds(s, (enum kind)from, (enum kind)to, to_path);
}

static void all_kinds_within_a_directory(struct side *s)
{
	everything_to_everything(s, "d/y");
}

static void all_kinds_across_directories(struct side *s)
{
	everything_to_everything(s, "e/y");
}

static void make_tree(struct side *s)
{
	T(s, mkdir("a", 0755));
	T(s, mkdir("a/b", 0750));
	T(s, mkdir("a/b/c", 0700));
	make(s, "a/f");
	make(s, "a/b/f");
	make(s, "a/b/c/f");
	make(s, "f");
}

static void directories_and_what_is_above_them(struct side *s)
{
	static const unsigned int flags[] = {0, RENAME_NOREPLACE, RENAME_EXCHANGE};

	make_tree(s);
	for (size_t i = 0; i < ARRAY_SIZE(flags); i++) {
		note(s, "flags %u", flags[i]);
		T(s, renameat2(AT_FDCWD, "a", AT_FDCWD, "a/x", flags[i]));
		T(s, renameat2(AT_FDCWD, "a", AT_FDCWD, "a/b", flags[i]));
		T(s, renameat2(AT_FDCWD, "a", AT_FDCWD, "a/b/c/x", flags[i]));
		T(s, renameat2(AT_FDCWD, "a/b", AT_FDCWD, "a", flags[i]));
		T(s, renameat2(AT_FDCWD, "a/b/c", AT_FDCWD, "a", flags[i]));
		T(s, renameat2(AT_FDCWD, "a", AT_FDCWD, "a", flags[i]));
		T(s, renameat2(AT_FDCWD, "a/b", AT_FDCWD, "a/b/../b", flags[i]));
		T(s, renameat2(AT_FDCWD, "f", AT_FDCWD, "f/x", flags[i]));
		T(s, renameat2(AT_FDCWD, "a/b", AT_FDCWD, "f/x", flags[i]));
		T(s, renameat2(AT_FDCWD, "a/b", AT_FDCWD, "missing/x", flags[i]));
		T(s, renameat2(AT_FDCWD, "missing/x", AT_FDCWD, "a/x", flags[i]));
		T(s, renameat2(AT_FDCWD, "a/.", AT_FDCWD, "x", flags[i]));
		T(s, renameat2(AT_FDCWD, "a", AT_FDCWD, "a/b/..", flags[i]));
		T(s, renameat2(AT_FDCWD, ".", AT_FDCWD, "x", flags[i]));
		T(s, renameat2(AT_FDCWD, "f", AT_FDCWD, "x/", flags[i]));
	}
	T(s, rename("a/b", "x/"));
	T(s, rename("x/", "a/b"));
	T(s, rename("a/b/c", "a/c"));
	T(s, rename("a/b", "a/c/b"));
	T(s, rename("a/c", "c"));
	T(s, rename("a", "c/b/a"));
	note_lstat(s, "c/b/a/f");
	note_lstat(s, "c");
	note_lstat(s, "c/b");
	note_lstat(s, "a");
}

/* The host sees them begin alike, but they are not below the directory. */
static void names_that_begin_alike_stay(struct side *s)
{
	make_tree(s);
	make(s, "ab");
	make(s, "a%");
	make(s, "a%2");
	T(s, mkdir("a%2", 0755));
	T(s, mkdir("aa", 0755));
	make(s, "aa/f");
	make(s, "aa/a");
	T(s, rename("a", "moved"));
	T(s, rename("aa", "a"));
	T(s, rename("moved", "a/a"));
	note_lstat(s, "a/a/b/c/f");
}

static void make_many(struct side *s, const char *dir, int n)
{
	char path[128];

	for (int i = 0; i < n; i++) {
		snprintf(path, sizeof(path), "%s/%d", dir, i);
		make_outside(
			s, path, (uid_t)(i % 5), (gid_t)(i % 3), 0600 + (mode_t)i % 64, (size_t)i);
	}
}

static void trees_with_many_objects(struct side *s)
{
	T(s, mkdir("a", 0755));
	T(s, mkdir("a/b", 0755));
	T(s, mkdir("a/b/c", 0755));
	T(s, mkdir("to", 0755));
	make_many(s, "a", 70);
	make_many(s, "a/b", 100);
	make_many(s, "a/b/c", 50);
	T(s, link("a/b/7", "a/b/c/linked"));
	T(s, link("a/7", "outside"));
	T(s, symlink("../7", "a/b/symlink"));
	T(s, rename("a", "x"));
	note_lstat(s, "x/b/99");
	T(s, rename("x/b", "to/b"));
	note_lstat(s, "to/b/c/linked");
	note_lstat(s, "x/b/99");
	T(s, rename("to", "x/to"));
	T(s, mkdir("empty", 0700));
	T(s, rename("x", "empty"));
	note_lstat(s, "empty/to/b/c/49");
	note_lstat(s, "empty");
	T(s, access("x", F_OK));
}

/* Everything that is open follows the tree. */
static void what_is_open_in_a_moved_tree(struct side *s)
{
	int f, dir, path;

	make_tree(s);
	T(s, mkdir("to", 0755));
	f = T_FD(s, open("a/b/f", O_RDWR | O_CLOEXEC));
	dir = T_FD(s, open("a/b", DIR_FLAGS));
	path = T_FD(s, open("a/b/c/f", O_PATH | O_CLOEXEC));
	T(s, chdir("a/b/c"));
	T(s, rename("../../../a", "../../../to/a"));
	T(s, write(f, "more", 4));
	T(s, ftruncate(f, 100));
	note_fstat(s, f);
	T(s, fchmod(f, 0600));
	T(s, close(openat(dir, "new", FD_FLAGS, 0600)));
	T(s, unlinkat(dir, "f", 0));
	note_fstat(s, f);
	T(s, write(f, "x", 1));
	note_fstat(s, path);
	T(s, fchownat(path, "", 5, 6, AT_EMPTY_PATH));
	make(s, "made");
	T(s, mkdir("../sub", 0755));
	note_lstat(s, "../../../a");
	note_lstat(s, "../../f");
	T(s, renameat(AT_FDCWD, "made", dir, "moved"));
	T(s, rename("../sub", "sub"));
	note_fstat(s, dir);
	T(s, rename("../../../a", "../../../../a"));
	note_lstat(s, "f");
	note_lstat(s, ".");
	make(s, "again");
	T(s, fchdir(dir));
	note_lstat(s, "c/again");
	T(s, rmdir("../../to"));
}

/* The names of exchanged trees, and the objects that are open in them. */
static void exchanged_trees(struct side *s)
{
	int f, g, dir;

	make_tree(s);
	T(s, mkdir("x", 0711));
	make(s, "x/f");
	make(s, "x/g");
	f = T_FD(s, open("a/f", O_RDWR | O_CLOEXEC));
	g = T_FD(s, open("x/g", O_RDWR | O_CLOEXEC));
	dir = T_FD(s, open("x", DIR_FLAGS));
	T(s, renameat2(AT_FDCWD, "a", AT_FDCWD, "x", RENAME_EXCHANGE));
	T(s, write(f, "was in a", 8));
	T(s, write(g, "was in x", 8));
	T(s, faccessat(dir, "g", F_OK, 0));
	T(s, mkdirat(dir, "new", 0755));
	note_lstat(s, "x/b/c/f");
	note_lstat(s, "x/f");
	note_lstat(s, "a/f");
	note_lstat(s, "a");
	T(s, renameat2(AT_FDCWD, "x/b", AT_FDCWD, "a/new", RENAME_EXCHANGE));
	note_lstat(s, "a/new/c/f");
	T(s, renameat2(AT_FDCWD, "x/b", AT_FDCWD, "a/f", RENAME_EXCHANGE));
	note_lstat(s, "x/b");
	note_lstat(s, "a/f");
	note_lstat(s, "a");
	note_lstat(s, "x");
	T(s, renameat2(AT_FDCWD, "a/new/c", AT_FDCWD, "x", RENAME_EXCHANGE));
	T(s, renameat2(AT_FDCWD, "a/new/c/f", AT_FDCWD, "a/new", RENAME_EXCHANGE));
}

static void links_across_directories(struct side *s)
{
	int fd;

	make_tree(s);
	T(s, link("a/f", "a/b/linked"));
	T(s, link("a/b/linked", "g"));
	T(s, link("a/f", "a/b"));
	T(s, link("a/f", "a/missing/x"));
	T(s, link("a/f", "f/x"));
	T(s, link("a/b", "x"));
	T(s, link("a/f", "a/b/new/"));
	note_lstat(s, "a/f");
	fd = T_FD(s, open("a/b/linked", O_RDWR | O_CLOEXEC));
	T(s, unlink("a/f"));
	T(s, rename("g", "a/b/linked"));
	note_lstat(s, "g");
	T(s, unlink("g"));
	T(s, rename("a/b", "x"));
	note_fstat(s, fd);
	T(s, unlink("x/linked"));
	note_fstat(s, fd);
	T(s, write(fd, "still", 5));
}

/* Two names of one object in one tree: both move. */
static void links_inside_of_a_moved_tree(struct side *s)
{
	struct stat st;
	ino_t ino;

	make_tree(s);
	T(s, link("a/f", "a/b/same"));
	T(s, link("a/f", "same"));
	T(s, stat("same", &st));
	ino = st.st_ino;
	T(s, rename("a", "x"));
	T(s, stat("x/f", &st));
	note(s, "same object: %d", st.st_ino == ino);
	T(s, unlink("x/f"));
	T(s, stat("x/b/same", &st));
	note(s, "same object: %d, links %ju", st.st_ino == ino, (uintmax_t)st.st_nlink);
	T(s, truncate("x/b/same", 1));
	note_lstat(s, "same");
	T(s, unlink("same"));
	note_lstat(s, "x/b/same");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		COMPARED(all_kinds_within_a_directory),
		COMPARED(all_kinds_across_directories),
		COMPARED(directories_and_what_is_above_them),
		COMPARED(names_that_begin_alike_stay),
		COMPARED(trees_with_many_objects),
		COMPARED(what_is_open_in_a_moved_tree),
		COMPARED(exchanged_trees),
		COMPARED(links_across_directories),
		COMPARED(links_inside_of_a_moved_tree),
	};

	return RUN_MOUNTED(tests);
}

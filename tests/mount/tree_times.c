/* SPDX-License-Identifier: MIT */
/*
 * The times of directories, when their entries come, go and change. Two things cannot be as on
 * tmpfs, and are not compared: the times of the root are those of /dev/shm, where all names are,
 * and the ctime of an entry that moves with a directory is that of the renaming of its object.
 */
#include "harness.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { FD_FLAGS = O_RDWR | O_CREAT | O_CLOEXEC };

static void make_two(struct side *s)
{
	T(s, mkdir("d", 0755));
	T(s, mkdir("e", 0755));
}

static void entries_come_and_go(struct side *s)
{
	make_two(s);
	MOVES(s, "d", close(open("d/f", FD_FLAGS, 0600)));
	MOVES(s, "d", close(open("d/f", FD_FLAGS, 0600)));
	MOVES(s, "d", close(open("d/f", O_RDWR | O_TRUNC | O_CLOEXEC)));
	MOVES(s, "d", mknod("d/n", S_IFREG | 0600, 0));
	MOVES(s, "d", mknod("d/n", S_IFREG | 0600, 0));
	MOVES(s, "d", mkdir("d/s", 0755));
	MOVES(s, "d", mkdir("d/s", 0755));
	MOVES(s, "d", symlink("f", "d/l"));
	MOVES(s, "d", mkfifo("d/p", 0600));
	MOVES(s, "d", link("d/f", "d/g"));
	MOVES(s, "d/f", link("d/f", "d/h"));
	MOVES(s, "d", unlink("d/g"));
	MOVES(s, "d/f", unlink("d/h"));
	MOVES(s, "d", unlink("d/missing"));
	MOVES(s, "d", rmdir("d/s"));
	MOVES(s, "d", unlink("d/l"));
	MOVES(s, "d", unlink("d/p"));
}

/* The times of a renamed entry. */
static void rename_and_note(struct side *s, const char *from, const char *to)
{
	struct stat before = {0}, after = {0};

	T(s, lstat(from, &before));
	next_tick();
	T(s, rename(from, to));
	T(s, lstat(to, &after));
	note_times(s, to, &before, &after);
	note(s, "inode number stays: %d", before.st_ino == after.st_ino);
}

static void entries_are_renamed(struct side *s)
{
	make_two(s);
	T(s, mknod("d/f", S_IFREG | 0600, 0));
	T(s, mknod("e/g", S_IFREG | 0600, 0));
	MOVES(s, "d", rename("d/f", "d/g"));
	rename_and_note(s, "d/g", "d/f");
	MOVES(s, "d", rename("d/f", "d/f"));
	MOVES(s, "d", rename("d/f", "e/f"));
	MOVES(s, "d", rename("e/f", "d/f"));
	MOVES(s, "d", rename("e/g", "d/f"));
	MOVES(s, "d", renameat2(AT_FDCWD, "d/f", AT_FDCWD, "d/f", RENAME_NOREPLACE));
	T(s, mknod("e/g", S_IFREG | 0600, 0));
	MOVES(s, "d", renameat2(AT_FDCWD, "d/f", AT_FDCWD, "e/g", RENAME_EXCHANGE));
	MOVES(s, "e", renameat2(AT_FDCWD, "d/f", AT_FDCWD, "e/g", RENAME_EXCHANGE));
}

static void directories_are_renamed(struct side *s)
{
	make_two(s);
	T(s, mkdir("d/s", 0755));
	T(s, mkdir("d/s/t", 0755));
	T(s, mknod("d/s/t/f", S_IFREG | 0600, 0));
	MOVES(s, "d", rename("d/s", "d/r"));
	rename_and_note(s, "d/r/t", "d/r/u");
	MOVES(s, ".", rename("d", "c"));
	MOVES(s, "e", rename("c/r", "e/r"));
	MOVES(s, "c", rename("e/r", "c/r"));
	MOVES(s, "c/r", rename("c/r/u", "c/u"));
	rename_and_note(s, "c/u", "e/u");
	T(s, rename("e/u", "c/u"));
	MOVES(s, "c/u", chmod("c/u/f", 0640));
}

/* In a directory that keeps its place while the one above it moves. */
static void directories_inside_of_a_moved_one(struct side *s)
{
	struct stat before = {0}, after = {0};

	make_two(s);
	T(s, mkdir("d/s", 0755));
	T(s, mknod("d/s/f", S_IFREG | 0600, 0));
	T(s, lstat("d/s", &before));
	next_tick();
	T(s, rename("d", "e/d"));
	T(s, lstat("e/d/s", &after));
	after.st_ctim = before.st_ctim;
	note_times(s, "inner directory", &before, &after);
	note(s, "inode number stays: %d", before.st_ino == after.st_ino);
}

static void other_changes(struct side *s)
{
	const int fd = T_FD(s, open("f", FD_FLAGS, 0600));

	make_two(s);
	T(s, rename("f", "d/f"));
	MOVES(s, "d", write(fd, "x", 1));
	MOVES(s, "d", fchmod(fd, 0640));
	MOVES(s, "d", fchown(fd, ALICE.uid, ALICE.gid));
	MOVES(s, "d", ftruncate(fd, 1000));
	MOVES(s, "d", chmod("d", 0700));
	MOVES(s, "d", chown("d", ALICE.uid, (gid_t)-1));
	MOVES(s, "d", chown("d", (uid_t)-1, (gid_t)-1));
	MOVES(s, "d", utimensat(AT_FDCWD, "d", NULL, 0));
	MOVES(s, "d", access("d/f", R_OK));
	MOVES(s, ".", chmod("d", 0755));
	MOVES(s, "d", mkdir("d/s", 0755));
	MOVES(s, "d", mknod("d/s/f", S_IFREG | 0600, 0));
	MOVES(s, "d", unlink("d/s/f"));
}

static void sockets_and_files_without_a_name(struct side *s)
{
	const struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = "d/socket"};
	const int sock = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	make_two(s);
	MOVES(s, "d", bind(sock, (const struct sockaddr *)&address, sizeof(address)));
	MOVES(s, "d", unlink("d/socket"));
#if LIBFUSE_HAS_TMPFILE
	const int fd = T_FD(s, open("d", O_RDWR | O_TMPFILE | O_CLOEXEC, 0600));

	MOVES(s, "d", close(open("d", O_RDWR | O_TMPFILE | O_CLOEXEC, 0600)));
	MOVES(s, "d", linkat(fd, "", AT_FDCWD, "d/named", AT_EMPTY_PATH));
#endif
}

/* The first reading of a directory that is newer than its atime. */
static void listing(struct side *s)
{
	make_two(s);
	T(s, mknod("d/f", S_IFREG | 0600, 0));
	MOVES(s, "d", count_and_close(opendir("d")));
	MOVES(s, "d", count_and_close(opendir("d")));
	MOVES(s, "d", close(open("d", O_RDONLY | O_DIRECTORY | O_CLOEXEC)));
}

static void note_set_times(struct side *s, const char *name)
{
	struct stat st = {0};

	T(s, lstat(name, &st));
	note(s, "%s: atime %jd.%ld mtime %jd.%ld", name, (intmax_t)st.st_atim.tv_sec,
		st.st_atim.tv_nsec, (intmax_t)st.st_mtim.tv_sec, st.st_mtim.tv_nsec);
}

static void times_are_set(struct side *s)
{
	const struct timespec both[2] = {{1000, 1}, {2000, 999999999}};
	const struct timespec old[2] = {{-1000, 5}, {0, 0}};
	const struct timespec one[2] = {{5, UTIME_OMIT}, {3000, 7}};
	int fd;

	make_two(s);
	T(s, mkdir("d/s", 0755));
	T(s, utimensat(AT_FDCWD, "d", both, 0));
	note_set_times(s, "d");
	T(s, utimensat(AT_FDCWD, "d/s", old, 0));
	note_set_times(s, "d/s");
	fd = T_FD(s, open("d/s", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
	T(s, futimens(fd, one));
	note_set_times(s, "d/s");
	note_set_times(s, "d");
	MOVES(s, "d", mknod("d/s/f", S_IFREG | 0600, 0));
	T(s, utimensat(AT_FDCWD, "d/s", both, 0));
	T(s, rename("d/s", "e/s"));
	note_set_times(s, "e/s");
	T(s, rename("e", "d/e"));
	note_set_times(s, "d/e/s");
	T(s, utimensat(AT_FDCWD, ".", both, 0));
	note_set_times(s, ".");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		COMPARED(entries_come_and_go),
		COMPARED(entries_are_renamed),
		COMPARED(directories_are_renamed),
		COMPARED(directories_inside_of_a_moved_one),
		COMPARED(other_changes),
		COMPARED(sockets_and_files_without_a_name),
		COMPARED(listing),
		COMPARED(times_are_set),
	};

	return RUN_MOUNTED(tests);
}

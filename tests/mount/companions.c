/* SPDX-License-Identifier: MIT */
/* Symbolic links and FIFOs, which programs put beside their objects. */
#include "harness.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { FD_FLAGS = O_RDWR | O_CREAT | O_CLOEXEC };

static void note_target(struct side *s, const char *path)
{
	char target[PATH_MAX + 1] = "";
	const ssize_t n = readlink(path, target, sizeof(target) - 1);

	note(s, "readlink %s: %s", path, n < 0 ? strerrorname_np(errno) : target);
}

/* By name and through the link. */
static void note_link(struct side *s, const char *path)
{
	struct stat st;

	note_lstat(s, path);
	note_target(s, path);
	if (T(s, stat(path, &st)) == 0)
		note_stat(s, "target", &st);
}

static void targets_of_links(struct side *s)
{
	static const char *const targets[] = {"f", "d", "d/f", "./d/../f", "missing", "d/missing",
		"/", "/etc/passwd", "/missing", "f/", "d/", ".", "..", "a%2Fb", " ", "\xff"};
	char path[32];

	T(s, mkdir("d", 0755));
	make_outside(s, "f", 0, 0, 0644, 10);
	make_outside(s, "d/f", 0, 0, 0600, 20);
	umask(077);
	for (size_t i = 0; i < ARRAY_SIZE(targets); i++) {
		snprintf(path, sizeof(path), "l%zu", i);
		T(s, symlink(targets[i], path));
		note_link(s, path);
		note_open(s, path, O_RDONLY, 0);
		note_open(s, path, O_RDONLY | O_NOFOLLOW, 0);
		note_open(s, path, O_PATH | O_NOFOLLOW, 0);
		note_open(s, path, O_RDONLY | O_DIRECTORY, 0);
		T(s, access(path, R_OK));
		T(s, symlink("other", path));
	}
	T(s, symlink("", "empty"));
	T(s, symlink("f", "missing/l"));
	T(s, symlink("f", "f/l"));
	T(s, symlink("f", "new/"));
	note_target(s, "f");
	note_target(s, "d");
	note_target(s, "none");
}

static void long_targets(struct side *s)
{
	static const size_t lengths[] = {1, 100, 127, 128, 129, 255, 1000, 4094, 4095, 4096, 5000};
	char target[5001];

	for (size_t i = 0; i < ARRAY_SIZE(lengths); i++) {
		memset(target, 't', sizeof(target));
		target[lengths[i]] = '\0';
		note(s, "length %zu", lengths[i]);
		T(s, symlink(target, "l"));
		note_lstat(s, "l");
		note_bytes(s, "target", target, readlink("l", target, sizeof(target)));
		note_bytes(s, "cut", target, readlink("l", target, 50));
		T(s, rename("l", "kept"));
	}
}

static void paths_through_links(struct side *s)
{
	T(s, mkdir("d", 0755));
	T(s, mkdir("d/e", 0755));
	T(s, symlink("d/e", "l"));
	T(s, symlink("../f", "d/e/up"));
	T(s, symlink("l/up", "twice"));
	T(s, mknod("l/made", S_IFREG | 0600, 0));
	T(s, mkdir("l/dir", 0755));
	close(T_FD(s, open("twice", FD_FLAGS, 0640)));
	note_lstat(s, "f");
	T(s, truncate("twice", 100));
	note_lstat(s, "l/");
	note_lstat(s, "l/.");
	note_lstat(s, "l/..");
	note_lstat(s, "l/made");
	T(s, rmdir("l"));
	T(s, rmdir("l/"));
	T(s, rmdir("l/dir"));
	T(s, unlink("l/"));
	T(s, link("l/made", "l/second"));
	T(s, rename("l/second", "d/second"));
	T(s, rename("l", "d/l"));
	note_link(s, "d/l");
	T(s, symlink("e", "d/l2"));
	note_link(s, "d/l2");
	T(s, rename("d/l2/made", "made"));
	T(s, chdir("d/l2"));
	note_open(s, "up", O_RDWR, 0);
	T(s, unlink("up"));
}

static void creating_through_links(struct side *s)
{
	T(s, mkdir("d", 0755));
	T(s, symlink("d/new", "l"));
	note_open(s, "l", O_RDWR | O_CREAT | O_EXCL, 0600);
	note_open(s, "l", O_RDWR | O_CREAT | O_NOFOLLOW, 0600);
	T(s, mkdir("l", 0755));
	T(s, mknod("l", S_IFREG | 0600, 0));
	note_open(s, "l", O_RDWR | O_CREAT, 0600);
	note_link(s, "l");
	T(s, unlink("l"));
	note_lstat(s, "d/new");
	T(s, symlink("missing/new", "l"));
	note_open(s, "l", O_RDWR | O_CREAT, 0600);
}

static void loops(struct side *s)
{
	struct stat st;
	char from[32], to[32];

	T(s, symlink("self", "self"));
	T(s, symlink("b", "a"));
	T(s, symlink("a", "b"));
	T(s, stat("self", &st));
	T(s, stat("a", &st));
	T(s, stat("self/x", &st));
	note_lstat(s, "a/x");
	note_lstat(s, "self");
	note_open(s, "a", O_RDWR | O_CREAT, 0600);
	note_open(s, "self", O_PATH | O_NOFOLLOW, 0);
	T(s, mkdir("0", 0700));
	for (int i = 1; i < 45; i++) {
		snprintf(from, sizeof(from), "%d", i - 1);
		snprintf(to, sizeof(to), "%d", i);
		T(s, symlink(from, to));
		/* The kernel allows 40. A walk that it begins anew counts the first ones twice. */
		if (i <= 20 || i > 40)
			T(s, stat(to, &st));
	}
}

static void attributes_of_links(struct side *s)
{
	const struct timespec times[2] = {{100, 1}, {200, 2}};
	struct stat st;
	int fd;

	make_outside(s, "f", 0, 0, 0644, 10);
	T(s, symlink("f", "l"));
	T(s, lchown("l", ALICE.uid, ALICE.gid));
	T(s, utimensat(AT_FDCWD, "l", times, AT_SYMLINK_NOFOLLOW));
	T(s, lstat("l", &st));
	note(s, "mtime %jd.%ld", (intmax_t)st.st_mtim.tv_sec, st.st_mtim.tv_nsec);
	T(s, fchmodat(AT_FDCWD, "l", 0600, AT_SYMLINK_NOFOLLOW));
	note_link(s, "l");
	T(s, chmod("l", 0640));
	T(s, chown("l", BOB.uid, BOB.gid));
	T(s, utimensat(AT_FDCWD, "l", times, 0));
	note_link(s, "l");
	fd = T_FD(s, open("l", O_PATH | O_NOFOLLOW | O_CLOEXEC));
	note_fstat(s, fd);
	T(s, fchownat(fd, "", 7, 8, AT_EMPTY_PATH));
	T(s, link("l", "second"));
	note_link(s, "second");
	T(s, linkat(AT_FDCWD, "l", AT_FDCWD, "followed", AT_SYMLINK_FOLLOW));
	note_lstat(s, "followed");
	T(s, unlink("l"));
	note_fstat(s, fd);
	T(s, rename("second", "f"));
	note_link(s, "f");
	note_link(s, "followed");
}

static void links_of_others(struct side *s)
{
	const struct who *const users[] = {&ALICE, &BOB, &ROOT};

	make_outside_dir(s, "d", 0, 0, 01777);
	for (size_t i = 0; i < ARRAY_SIZE(users); i++) {
		AS(s, ALICE)
		{
			T(s, symlink("target", "d/l"));
			T(s, mkfifo("d/p", 0620));
		}
		AS(s, *users[i])
		{
			note_target(s, "d/l");
			T(s, lchown("d/l", users[i]->uid, users[i]->gid));
			T(s, lchown("d/l", (uid_t)-1, 2099));
			T(s, utimensat(AT_FDCWD, "d/l", NULL, AT_SYMLINK_NOFOLLOW));
			T(s, link("d/l", "d/second"));
			T(s, rename("d/l", "d/moved"));
			T(s, unlink("d/l"));
			T(s, chmod("d/p", 0666));
			T(s, chown("d/p", (uid_t)-1, users[i]->gid));
			T(s, access("d/p", W_OK));
			T(s, utimensat(AT_FDCWD, "d/p", NULL, 0));
			T(s, unlink("d/p"));
		}
		sweep("d");
	}
}

static void modes_of_fifos(struct side *s)
{
	static const mode_t modes[] = {0, 0600, 0666, 0777, 01777, 06777};

	for (size_t i = 0; i < ARRAY_SIZE(modes); i++) {
		umask((mode_t)i * 9);
		T(s, mkfifo("p", modes[i]));
		note_lstat(s, "p");
		T(s, mknod("q", S_IFIFO | modes[i], 0));
		note_lstat(s, "q");
		T(s, mknod("r", S_IFSOCK | modes[i], 0));
		note_lstat(s, "r");
		T(s, chmod("p", 02640));
		T(s, chown("p", ALICE.uid, ALICE.gid));
		T(s, truncate("p", 0));
		note_lstat(s, "p");
		T(s, mkfifo("p", 0600));
		T(s, mkdir("p", 0600));
		T(s, unlink("p"));
		T(s, unlink("q"));
		T(s, unlink("r"));
	}
}

static void opening_fifos(struct side *s)
{
	struct pollfd poll_read = {.events = POLLIN};
	char bytes[16] = "";
	int r, w;

	T(s, mkdir("d", 0755));
	T(s, mkfifo("d/p", 0600));
	note_open(s, "d/p", O_WRONLY | O_NONBLOCK, 0);
	note_open(s, "d/p", O_RDONLY | O_CREAT | O_EXCL, 0600);
	note_open(s, "d/p", O_RDONLY | O_DIRECTORY, 0);
	r = T_FD(s, open("d/p", O_RDONLY | O_NONBLOCK | O_CLOEXEC));
	T(s, read(r, bytes, sizeof(bytes)));
	w = T_FD(s, open("d/p", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
	T(s, read(r, bytes, sizeof(bytes)));
	T(s, write(w, "bytes", 5));
	note_fstat(s, r);
	poll_read.fd = r;
	T(s, poll(&poll_read, 1, 0));
	T(s, rename("d", "e"));
	T(s, link("e/p", "second"));
	T(s, unlink("e/p"));
	T(s, read(r, bytes, sizeof(bytes)));
	note(s, "%s", bytes);
	T(s, lseek(r, 0, SEEK_SET));
	T(s, ftruncate(w, 0));
	T(s, close(w));
	T(s, read(r, bytes, sizeof(bytes)));
	T(s, close(r));
	note_open(s, "second", O_WRONLY | O_NONBLOCK, 0);
	note_lstat(s, "second");
}

/* Both ends wait for each other: one by the mount, one by each of two names. */
static void fifos_between_processes(struct side *s)
{
	char bytes[KIB];
	ssize_t n, all = 0;
	pid_t pid;
	int fd;

	T(s, mkdir("d", 0755));
	T(s, mkfifo("d/p", 0600));
	T(s, link("d/p", "q"));
	pid = fork();
	if (pid == 0) {
		fd = open("q", O_WRONLY | O_CLOEXEC);
		memset(bytes, 'b', sizeof(bytes));
		for (int i = 0; i < 200; i++)
			if (write(fd, bytes, sizeof(bytes)) != (ssize_t)sizeof(bytes))
				_exit(1);
		_exit(0);
	}
	fd = T_FD(s, open("d/p", O_RDONLY | O_CLOEXEC));
	while ((n = read(fd, bytes, sizeof(bytes))) > 0)
		all += n;
	note(s, "%zd bytes, writer %#x", all, (unsigned int)wait_child(pid));
}

/* As some user: opens the FIFO for both ends and puts a byte into it, or tries to. */
static void try_to_use(struct side *s, struct who who)
{
	AS(s, who)
	{
		const int fd = open("d/p", O_RDWR | O_NONBLOCK | O_CLOEXEC);
		char c;

		note(s, "finds something: %d", read(fd, &c, 1) == 1);
		if (write(fd, "x", 1) < 0)
			errno = 0;
	}
}

static void nothing_passes_to_those_who_may_not(struct side *s)
{
	static const mode_t modes[] = {0600, 0606, 0660, 0666, 0};
	const struct who *const users[] = {&ALICE, &BOB, &MEMBER, &SUPPLEMENT, &ROOT};
	char bytes[8];

	make_outside_dir(s, "d", 0, 0, 0777);
	for (size_t i = 0; i < ARRAY_SIZE(modes) * ARRAY_SIZE(users); i++) {
		int fd;

		note(s, "mode %o", modes[i / ARRAY_SIZE(users)]);
		T(s, mkfifo("d/p", 0600));
		fd = T_FD(s, open("d/p", O_RDWR | O_NONBLOCK | O_CLOEXEC));
		T(s, chown("d/p", ALICE.uid, ALICE.gid));
		T(s, chmod("d/p", modes[i / ARRAY_SIZE(users)]));
		T(s, write(fd, "1", 1));
		try_to_use(s, *users[i % ARRAY_SIZE(users)]);
		T(s, read(fd, bytes, sizeof(bytes)));
		T(s, close(fd));
		T(s, unlink("d/p"));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		COMPARED(targets_of_links),
		COMPARED(long_targets),
		COMPARED(paths_through_links),
		COMPARED(creating_through_links),
		COMPARED(loops),
		COMPARED(attributes_of_links),
		COMPARED(links_of_others),
		COMPARED(modes_of_fifos),
		COMPARED(opening_fifos),
		COMPARED(fifos_between_processes),
		COMPARED(nothing_passes_to_those_who_may_not),
	};

	return RUN_MOUNTED(tests);
}

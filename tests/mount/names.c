/* SPDX-License-Identifier: MIT */
/* unlink, rename and link, and the users that may do them in a sticky directory. */
#include "harness.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { FD_FLAGS = O_RDWR | O_CREAT | O_CLOEXEC };

static void make(struct side *s, const char *name, const char *bytes)
{
	const int fd = T_FD(s, open(name, FD_FLAGS | O_EXCL, 0640));

	T(s, write(fd, bytes, strlen(bytes)));
	close(fd);
}

static void note_abc(struct side *s)
{
	note_lstat(s, "a");
	note_lstat(s, "b");
	note_lstat(s, "c");
	note_open(s, "a", O_RDWR, 0);
	note_open(s, "b", O_RDWR, 0);
}

static void unlinking(struct side *s)
{
	make(s, "a", "first");
	T(s, unlink("missing"));
	T(s, rmdir("a"));
	T(s, unlink("a/"));
	T(s, unlink("."));
	T(s, rmdir("."));
	T(s, unlink("a"));
	T(s, unlink("a"));
	note_abc(s);
	make(s, "a", "second");
	note_abc(s);
	T(s, unlinkat(AT_FDCWD, "a", AT_REMOVEDIR));
	T(s, remove("a"));
	note_abc(s);
}

static void plain_rename(struct side *s)
{
	make(s, "a", "one");
	T(s, rename("a", "b"));
	note_abc(s);
	make(s, "a", "another");
	T(s, rename("a", "b"));
	note_abc(s);
	T(s, rename("a", "b"));
	T(s, rename("b", "b"));
	T(s, rename("b", "."));
	T(s, rename(".", "b"));
	T(s, rename("b", "b/"));
	T(s, rename("b", "b/c"));
	T(s, rename("missing", "missing"));
	note_abc(s);
	T(s, link("b", "c"));
	T(s, rename("b", "c"));
	note_abc(s);
}

static void try_rename(struct side *s, const char *from, const char *to, unsigned int flags)
{
	note(s, "rename %s %s %#x", from, to, flags);
	T(s, renameat2(AT_FDCWD, from, AT_FDCWD, to, flags));
	note_abc(s);
}

static void rename_with_flags(struct side *s)
{
	static const unsigned int flags[] = {RENAME_NOREPLACE, RENAME_EXCHANGE, RENAME_WHITEOUT,
		RENAME_NOREPLACE | RENAME_EXCHANGE, RENAME_WHITEOUT | RENAME_EXCHANGE, 8,
		0x80000000};

	for (size_t i = 0; i < ARRAY_SIZE(flags); i++) {
		if (flags[i] & RENAME_WHITEOUT && !(flags[i] & RENAME_EXCHANGE))
			continue;
		make(s, "a", "one");
		make(s, "b", "other");
		try_rename(s, "a", "b", flags[i]);
		try_rename(s, "a", "c", flags[i]);
		try_rename(s, "missing", "b", flags[i]);
		try_rename(s, "b", "b", flags[i]);
		unlink("c");
		T(s, link("b", "c"));
		try_rename(s, "b", "c", flags[i]);
		unlink("a");
		unlink("b");
		unlink("c");
	}
}

/* Descriptors follow the object, whatever names it gets. */
static void open_objects_are_renamed(struct side *s)
{
	int a, b;

	make(s, "a", "one");
	make(s, "b", "other");
	a = T_FD(s, open("a", O_RDWR | O_CLOEXEC));
	b = T_FD(s, open("b", O_RDWR | O_CLOEXEC));
	try_rename(s, "a", "b", RENAME_EXCHANGE);
	T(s, pwrite(a, "aaaaa", 5, 3));
	T(s, pwrite(b, "bb", 2, 5));
	note_abc(s);
	try_rename(s, "b", "c", 0);
	T(s, ftruncate(a, 4));
	note_fstat(s, a);
	try_rename(s, "c", "a", 0);
	note_fstat(s, a);
	note_fstat(s, b);
	T(s, fchmod(b, 0600));
	T(s, fchmod(a, 0400));
	note_abc(s);
}

static void linking(struct side *s)
{
	make(s, "a", "one");
	T(s, link("a", "b"));
	note_abc(s);
	T(s, link("a", "b"));
	T(s, link("missing", "c"));
	T(s, link("a", "a"));
	T(s, link("a", "."));
	T(s, link(".", "c"));
	T(s, link("a", "c/"));
	T(s, truncate("b", 100));
	note_abc(s);
	T(s, chmod("b", 0604));
	note_abc(s);
	T(s, unlink("a"));
	note_abc(s);
	T(s, linkat(AT_FDCWD, "b", AT_FDCWD, "a", AT_SYMLINK_FOLLOW));
	T(s, linkat(AT_FDCWD, "b", AT_FDCWD, "x", 0x10));
	note_abc(s);
}

/* fs.protected_hardlinks, where it is on, asks for more than the directory does. */
static void linking_objects_of_others(struct side *s)
{
	static const mode_t modes[] = {0600, 0644, 0666, 04777, 02676, 0777};

	for (size_t i = 0; i < ARRAY_SIZE(modes); i++) {
		make_outside(s, "theirs", ALICE.uid, ALICE.gid, modes[i], 10);
		AS(s, BOB)
		{
			T(s, link("theirs", "bob"));
		}
		AS(s, ALICE)
		{
			T(s, link("theirs", "alice"));
		}
		unlink("theirs");
		unlink("bob");
		unlink("alice");
	}
}

static void sticky_unlink(struct side *s)
{
	const struct who users[] = {BOB, MEMBER, ALICE, {0}};

	for (size_t i = 0; i < ARRAY_SIZE(users); i++) {
		make_outside(s, "o", ALICE.uid, ALICE.gid, 0666, 10);
		AS(s, users[i])
		{
			T(s, unlink("missing"));
			T(s, unlink("o"));
			T(s, unlinkat(s->out, "o", 0));
		}
		unlink("o");
	}
}

static void sticky_rename_as(struct side *s, struct who who)
{
	make_outside(s, "alice", ALICE.uid, ALICE.gid, 0666, 10);
	make_outside(s, "bob", BOB.uid, BOB.gid, 0666, 20);
	AS(s, who)
	{
		T(s, renameat2(AT_FDCWD, "alice", AT_FDCWD, "bob", RENAME_NOREPLACE));
		T(s, renameat2(AT_FDCWD, "alice", AT_FDCWD, "bob", RENAME_EXCHANGE));
		T(s, rename("alice", "bob"));
		T(s, rename("bob", "alice"));
		T(s, rename("alice", "alice2"));
		T(s, rename("bob", "bob2"));
		T(s, rename("missing", "alice"));
	}
	unlink("alice");
	unlink("bob");
	unlink("alice2");
	unlink("bob2");
}

static void sticky_rename(struct side *s)
{
	sticky_rename_as(s, ALICE);
	sticky_rename_as(s, BOB);
	sticky_rename_as(s, MEMBER);
	sticky_rename_as(s, ROOT);
}

static void try_everything(struct side *s)
{
	note_open(s, "new", FD_FLAGS, 0600);
	note_open(s, "o", FD_FLAGS | O_EXCL, 0600);
	note_open(s, "o", O_RDWR, 0);
	T(s, link("o", "linked"));
	T(s, rename("o", "renamed"));
	T(s, rename("renamed", "o"));
	T(s, unlink("o"));
	T(s, unlink("missing"));
	T(s, access(s->path, W_OK));
}

/* The directory itself, /dev/shm, may be closed to some. */
static void directory_modes(struct side *s)
{
	static const mode_t modes[] = {0755, 0777, 0700, 01770, 0733, 0766, 0000};

	for (size_t i = 0; i < ARRAY_SIZE(modes); i++) {
		make_outside(s, "o", ALICE.uid, ALICE.gid, 0666, 10);
		fchmod(s->out, modes[i]);
		let_directories_age();
		note(s, "directory %o", modes[i]);
		AS(s, BOB)
		{
			try_everything(s);
		}
		AS(s, ALICE)
		{
			try_everything(s);
		}
		try_everything(s);
		fchmod(s->out, 01777);
		unlink("o");
		unlink("new");
		unlink("linked");
		unlink("renamed");
	}
	fchown(s->out, BOB.uid, BOB.gid);
	let_directories_age();
	make_outside(s, "o", ALICE.uid, ALICE.gid, 0666, 10);
	AS(s, BOB)
	{
		try_everything(s);
	}
	fchown(s->out, 0, 0);
}

static void directory_with_sgid(struct side *s)
{
	fchown(s->out, 0, ALICE.gid);
	fchmod(s->out, 03777);
	let_directories_age();
	AS(s, BOB)
	{
		close(T_FD(s, open("a", FD_FLAGS, 02770)));
		close(T_FD(s, open("b", FD_FLAGS, 0640)));
		note_lstat(s, "a");
		note_lstat(s, "b");
	}
	close(T_FD(s, open("c", FD_FLAGS, 02770)));
	note_lstat(s, "c");
	fchown(s->out, 0, 0);
	fchmod(s->out, 01777);
}

/* The calls of sem_open(3) and sem_unlink(3). */
static void the_life_of_a_semaphore(struct side *s)
{
	char bytes[32] = "semaphore";
	int fd;

	umask(0);
	AS(s, ALICE)
	{
		fd = T_FD(s, open("sem.a", O_RDWR | O_NOFOLLOW | O_CLOEXEC));
		fd = T_FD(s, open("sem.Xy12Ab", FD_FLAGS | O_EXCL, 0600));
		T(s, write(fd, bytes, sizeof(bytes)));
		T(s, fchmod(fd, 0666));
		T(s, link("sem.Xy12Ab", "sem.a"));
		T(s, unlink("sem.Xy12Ab"));
		note_fstat(s, fd);
		note_lstat(s, "sem.a");
	}
	AS(s, BOB)
	{
		fd = T_FD(s, open("sem.a", O_RDWR | O_NOFOLLOW | O_CLOEXEC));
		note_fstat(s, fd);
		T(s, pread(fd, bytes, sizeof(bytes), 0));
		T(s, unlink("sem.a"));
		fd = T_FD(s, open("sem.Zz34Cd", FD_FLAGS | O_EXCL, 0600));
		T(s, link("sem.Zz34Cd", "sem.a"));
		T(s, unlink("sem.Zz34Cd"));
	}
	AS(s, ALICE)
	{
		T(s, unlink("sem.a"));
		T(s, unlink("sem.a"));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		COMPARED(unlinking),
		COMPARED(plain_rename),
		COMPARED(rename_with_flags),
		COMPARED(open_objects_are_renamed),
		COMPARED(linking),
		COMPARED(linking_objects_of_others),
		COMPARED(sticky_unlink),
		COMPARED(sticky_rename),
		COMPARED(directory_modes),
		COMPARED(directory_with_sgid),
		COMPARED(the_life_of_a_semaphore),
	};

	return RUN_MOUNTED(tests);
}

/* SPDX-License-Identifier: MIT */
/*
 * Permissions in a directory, and the attributes that it hands on: modes, owners, setgid, sticky.
 */
#include "harness.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

enum { FD_FLAGS = O_RDWR | O_CREAT | O_CLOEXEC };

static const struct who *const users[] = {&ALICE, &BOB, &MEMBER, &SUPPLEMENT, &ROOT};

static void make_of_every_kind(struct side *s, const char *dir)
{
	char path[64];

	T(s, chdir(dir));
	for (mode_t mode = 0; mode <= 06777; mode += 02777) {
		snprintf(path, sizeof(path), "f%u-%o", geteuid(), mode);
		close(T_FD(s, open(path, FD_FLAGS | O_EXCL, mode)));
		snprintf(path, sizeof(path), "n%u-%o", geteuid(), mode);
		T(s, mknod(path, S_IFREG | mode, 0));
		snprintf(path, sizeof(path), "d%u-%o", geteuid(), mode);
		T(s, mkdir(path, mode));
		snprintf(path, sizeof(path), "p%u-%o", geteuid(), mode);
		T(s, mkfifo(path, mode));
		snprintf(path, sizeof(path), "s%u-%o", geteuid(), mode);
		T(s, mknod(path, S_IFSOCK | mode, 0));
	}
	snprintf(path, sizeof(path), "l%u", geteuid());
	T(s, symlink("target", path));
#if LIBFUSE_HAS_TMPFILE
	note_fstat(s, T_FD(s, open(".", O_RDWR | O_TMPFILE | O_CLOEXEC, 06771)));
#endif
}

/* Owners, groups and modes of all that users make there; the trees left are compared. */
static void make_in(struct side *s, gid_t group, mode_t mode, mode_t mask)
{
	umask(mask);
	make_outside_dir(s, "d", 0, group, mode);
	for (size_t i = 0; i < ARRAY_SIZE(users); i++) {
		AS(s, *users[i])
		{
			make_of_every_kind(s, "d");
		}
	}
}

static void owners_in_a_plain_directory(struct side *s)
{
	make_in(s, ALICE.gid, 0777, 0);
}

static void owners_in_a_setgid_directory(struct side *s)
{
	make_in(s, ALICE.gid, 02777, 0);
}

static void owners_in_a_sticky_setgid_directory(struct side *s)
{
	make_in(s, BOB.gid, 03777, 027);
}

/* The bit goes to new directories, however deep, and not to those that are moved there. */
static void setgid_is_handed_on(struct side *s)
{
	T(s, mkdir("d", 0775));
	T(s, chown("d", ALICE.uid, ALICE.gid));
	T(s, chmod("d", 02775));
	T(s, mkdir("d/e", 0700));
	T(s, mkdir("d/e/f", 0755));
	note_lstat(s, "d/e/f");
	T(s, mkdir("other", 0755));
	T(s, rename("other", "d/other"));
	note_lstat(s, "d/other");
	T(s, mkdir("d/other/plain", 0755));
	note_lstat(s, "d/other/plain");
	T(s, rename("d/e/f", "out"));
	T(s, mkdir("out/g", 0755));
	note_lstat(s, "out/g");
	T(s, chmod("d", 0775));
	T(s, mkdir("d/late", 0755));
	note_lstat(s, "d/late");
}

/* Of three owners, a file and a directory of each. */
static void fill_shared(struct side *s)
{
	static const struct {
		const char *name;
		uid_t uid;
	} things[] = {{"alice", 2001}, {"bob", 2002}, {"root", 0}};
	char path[64];

	for (size_t i = 0; i < ARRAY_SIZE(things); i++) {
		snprintf(path, sizeof(path), "d/%s", things[i].name);
		make_outside(s, path, things[i].uid, things[i].uid, 0666, 5);
		snprintf(path, sizeof(path), "d/%s.dir", things[i].name);
		make_outside_dir(s, path, things[i].uid, things[i].uid, 0777);
	}
}

static void empty_shared(void)
{
	static const char *const names[] = {"d/alice", "d/bob", "d/root", "d/moved", "moved"};
	char path[64];

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		remove(names[i]);
		snprintf(path, sizeof(path), "%s.dir", names[i]);
		remove(path);
	}
	rmdir("d");
}

static void take_from_others(struct side *s)
{
	T(s, unlink("d/alice"));
	T(s, rmdir("d/alice.dir"));
	T(s, rename("d/bob", "d/moved"));
	T(s, rename("d/bob.dir", "d/moved.dir"));
	T(s, rename("d/root", "moved"));
	T(s, rename("d/root.dir", "moved.dir"));
}

static void replace_others(struct side *s)
{
	T(s, renameat2(AT_FDCWD, "d/alice", AT_FDCWD, "d/bob", RENAME_EXCHANGE));
	T(s, renameat2(AT_FDCWD, "d/alice.dir", AT_FDCWD, "d/bob", RENAME_EXCHANGE));
	T(s, rename("d/alice", "d/root"));
	T(s, rename("d/bob.dir", "d/root.dir"));
	T(s, link("d/bob", "d/moved"));
}

static void try_shared(struct side *s, struct who who, uid_t owner, mode_t mode)
{
	void (*const work[])(struct side *) = {take_from_others, replace_others};

	for (size_t i = 0; i < ARRAY_SIZE(work); i++) {
		make_outside_dir(s, "d", owner, owner, mode);
		fill_shared(s);
		note(s, "directory of %u, %o", owner, mode);
		AS(s, who)
		{
			work[i](s);
		}
		empty_shared();
	}
}

static void sticky_directories(struct side *s)
{
	for (size_t i = 0; i < ARRAY_SIZE(users); i++) {
		try_shared(s, *users[i], 0, 01777);
		try_shared(s, *users[i], ALICE.uid, 01777);
	}
}

/* Here every user may remove the entries of every other. */
static void directories_open_to_all(struct side *s)
{
	for (size_t i = 0; i < ARRAY_SIZE(users); i++) {
		try_shared(s, *users[i], 0, 0777);
		try_shared(s, *users[i], BOB.uid, 0770);
	}
}

static void try_at_the_end(struct side *s)
{
	struct stat st;

	T(s, stat("a/b/c/f", &st));
	note_open(s, "a/b/c/f", O_RDWR, 0);
	note_open(s, "a/b/c/new", FD_FLAGS, 0600);
	note_open(s, "a/b", O_RDONLY | O_DIRECTORY, 0);
	T(s, access("a/b/c", X_OK));
	T(s, access("a/b/c/missing", F_OK));
	T(s, mkdir("a/b/c/sub", 0755));
	T(s, rmdir("a/b/c/sub"));
	T(s, unlink("a/b/c/new"));
	T(s, symlink("x", "a/b/c/l"));
	T(s, unlink("a/b/c/l"));
	T(s, mkfifo("a/b/c/p", 0600));
	T(s, rename("a/b/c/p", "a/p"));
	T(s, unlink("a/p"));
	T(s, link("a/b/c/f", "linked"));
	T(s, unlink("linked"));
	if (T(s, rename("a/b/c/f", "a/b/f")) == 0)
		T(s, rename("a/b/f", "a/b/c/f"));
	T(s, chmod("a/b/c/f", 0666));
	T(s, truncate("a/b/c/f", 3));
	T(s, utimensat(AT_FDCWD, "a/b/c/f", NULL, 0));
	T(s, chdir("a/b/c"));
	note_open(s, "f", O_RDONLY, 0);
	note_open(s, "../c/f", O_RDONLY, 0);
	note_open(s, "../../b/c/f", O_RDONLY, 0);
}

/* Every component of a path is searched, by its mode. */
static void searching_along_a_path(struct side *s)
{
	static const mode_t modes[] = {0777, 0755, 0711, 0744, 0700, 0070, 0007, 0771, 0333, 0};
	static const char *const dirs[] = {"a", "a/b", "a/b/c"};

	for (size_t i = 0; i < ARRAY_SIZE(modes) * ARRAY_SIZE(dirs); i++) {
		const mode_t mode = modes[i / ARRAY_SIZE(dirs)];

		for (size_t k = 0; k < ARRAY_SIZE(dirs); k++)
			make_outside_dir(s, dirs[k], ALICE.uid, ALICE.gid, 0777);
		make_outside(s, "a/b/c/f", ALICE.uid, ALICE.gid, 0666, 10);
		T(s, chmod(dirs[i % ARRAY_SIZE(dirs)], mode));
		for (size_t k = 0; k < ARRAY_SIZE(users); k++) {
			AS(s, *users[k])
			{
				note(s, "%s is %o", dirs[i % ARRAY_SIZE(dirs)], mode);
				try_at_the_end(s);
			}
		}
		unlink("a/b/c/f");
		for (size_t k = ARRAY_SIZE(dirs); k-- > 0;)
			T(s, rmdir(dirs[k]));
	}
}

static void become(struct side *s, struct who who)
{
	T(s, seteuid(0));
	T(s, setegid(who.gid));
	T(s, seteuid(who.uid));
}

/*
 * A directory that a process has open or stands in stays usable when it is closed to its user, and
 * no more.
 */
static void directories_that_are_closed_later(struct side *s)
{
	int fd;

	make_outside_dir(s, "d", 0, 0, 0777);
	make_outside_dir(s, "d/e", 0, 0, 0777);
	make_outside(s, "d/e/f", 0, 0, 0666, 10);
	become(s, BOB);
	fd = T_FD(s, open("d/e", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
	T(s, chdir("d/e"));
	become(s, ROOT);
	T(s, fchmodat(s->out, "d", 0700, 0));
	let_directories_age();
	become(s, BOB);
	note_open(s, "f", O_RDWR, 0);
	note_open(s, "../e/f", O_RDWR, 0);
	note_open(s, ".", O_RDONLY | O_DIRECTORY, 0);
	become(s, ROOT);
	T(s, fchmod(fd, 0));
	become(s, BOB);
	note_open(s, "f", O_RDWR, 0);
	note_open(s, ".", O_RDONLY | O_DIRECTORY, 0);
	note_fstat(s, fd);
	T(s, faccessat(fd, "f", F_OK, AT_EACCESS));
	T(s, faccessat(fd, "missing", F_OK, AT_EACCESS));
	T(s, mkdir("new", 0755));
	T(s, chdir(".."));
	become(s, ROOT);
	note_open(s, "f", O_RDWR, 0);
	T(s, mkdir("new", 0755));
}

static void change_attributes(struct side *s)
{
	T(s, chmod("d/e", 0711));
	note_lstat(s, "d/e");
	T(s, chmod("d/e", 07777));
	note_lstat(s, "d/e");
	T(s, chown("d/e", BOB.uid, (gid_t)-1));
	T(s, chown("d/e", (uid_t)-1, BOB.gid));
	note_lstat(s, "d/e");
	T(s, chown("d/e", (uid_t)-1, ALICE.gid));
	T(s, chown("d/e", (uid_t)-1, (gid_t)-1));
	T(s, chown("d/e", ALICE.uid, ALICE.gid));
	note_lstat(s, "d/e");
	T(s, chmod("d/e", 0755));
	note_lstat(s, "d/e");
	T(s, utimensat(AT_FDCWD, "d/e", NULL, 0));
	T(s, utimensat(AT_FDCWD, "d/e", (const struct timespec[2]){{1, 1}, {1, 1}}, 0));
}

/* chown does not take suid and sgid from a directory. */
static void attributes_of_directories(struct side *s)
{
	for (size_t i = 0; i < ARRAY_SIZE(users); i++) {
		make_outside_dir(s, "d", 0, 0, 0755);
		make_outside_dir(s, "d/e", ALICE.uid, ALICE.gid, 06777);
		AS(s, *users[i])
		{
			change_attributes(s);
		}
		note_lstat(s, "d/e");
		T(s, rmdir("d/e"));
		T(s, rmdir("d"));
	}
}

/* Moving a directory elsewhere changes its "..": that needs write permission on itself. */
static void moving_directories_of_others(struct side *s)
{
	static const mode_t modes[] = {0777, 0755, 0555, 0333, 0};

	for (size_t i = 0; i < ARRAY_SIZE(modes); i++) {
		for (size_t k = 0; k < ARRAY_SIZE(users); k++) {
			make_outside_dir(s, "from", 0, 0, 0777);
			make_outside_dir(s, "to", 0, 0, 0777);
			make_outside_dir(s, "from/d", ALICE.uid, ALICE.gid, modes[i]);
			make_outside(s, "from/d/f", 0, 0, 0600, 3);
			note(s, "mode %o", modes[i]);
			AS(s, *users[k])
			{
				T(s, rename("from/d", "from/e"));
				T(s, rename("from/e", "from/d"));
				T(s, rename("from/d", "to/d"));
			}
			rename("to/d", "from/d");
			T(s, unlink("from/d/f"));
			T(s, rmdir("from/d"));
			T(s, rmdir("from"));
			T(s, rmdir("to"));
		}
	}
}

/* A user that /dev/shm lets in by a group may work in directories that let in all users. */
static void a_root_for_one_group(struct side *s)
{
	T(s, chown(".", 0, ALICE.gid));
	T(s, chmod(".", 01770));
	make_outside_dir(s, "d", SUPPLEMENT.uid, SUPPLEMENT.gid, 0700);
	AS(s, SUPPLEMENT)
	{
		note_open(s, "d/f", O_RDWR | O_CREAT, 0640);
		T(s, link("d/f", "d/g"));
		T(s, rename("d/g", "d/h"));
		T(s, mkdir("d/e", 0755));
		T(s, symlink("f", "d/l"));
		T(s, rename("d/e", "d/E"));
		T(s, unlink("d/h"));
		T(s, unlink("d/l"));
		T(s, rmdir("d/E"));
		note_open(s, "d/f", O_RDWR, 0);
		T(s, unlink("d/f"));
	}
	AS(s, BOB)
	{
		note_open(s, "d/f", O_RDWR | O_CREAT, 0640);
		T(s, mkdir("d/e", 0755));
	}
	T(s, chmod(".", 01777));
	T(s, chown(".", 0, 0));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		COMPARED(owners_in_a_plain_directory),
		COMPARED(owners_in_a_setgid_directory),
		COMPARED(owners_in_a_sticky_setgid_directory),
		COMPARED(setgid_is_handed_on),
		COMPARED(sticky_directories),
		COMPARED(directories_open_to_all),
		COMPARED(searching_along_a_path),
		COMPARED(directories_that_are_closed_later),
		COMPARED(attributes_of_directories),
		COMPARED(moving_directories_of_others),
		COMPARED(a_root_for_one_group),
	};

	return RUN_MOUNTED(tests);
}

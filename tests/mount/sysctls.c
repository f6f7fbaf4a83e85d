/* SPDX-License-Identifier: MIT */
/*
 * fs.protected_symlinks, protected_hardlinks, protected_fifos and protected_regular hold on the
 * mount as in /dev/shm, see proc_sys_fs(5). They are of the whole machine: this program runs alone,
 * and main() puts them back, whatever becomes of the tests.
 */
#include "as.h"
#include "harness.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>

enum { SYMLINKS, HARDLINKS, FIFOS, REGULAR, SYSCTLS };

static const char *const names[SYSCTLS] = {"/proc/sys/fs/protected_symlinks",
	"/proc/sys/fs/protected_hardlinks", "/proc/sys/fs/protected_fifos",
	"/proc/sys/fs/protected_regular"};

/* Of the machine, before. */
static char saved[SYSCTLS][16];

static int put_value(const char *name, const char *value)
{
	const int fd = open(name, O_WRONLY | O_CLOEXEC);
	const ssize_t n = fd < 0 ? -1 : write(fd, value, strlen(value));

	if (fd >= 0)
		close(fd);
	return n < 0 ? -1 : 0;
}

static int save_all(void)
{
	for (int i = 0; i < SYSCTLS; i++) {
		const int fd = open(names[i], O_RDONLY | O_CLOEXEC);
		const ssize_t n = fd < 0 ? -1 : read(fd, saved[i], sizeof(saved[i]) - 1);

		if (n < 0)
			return -1;
		close(fd);
	}
	return 0;
}

static void restore_all(void)
{
	for (int i = 0; i < SYSCTLS; i++)
		if (put_value(names[i], saved[i]) < 0)
			perror(names[i]);
}

static void set(int sysctl, char value)
{
	const char text[] = {value, '\n', '\0'};

	if (put_value(names[sysctl], text) < 0) {
		print_message("%s cannot be changed here\n", names[sysctl]);
		skip();
	}
}

/* Compares the script with each value of this sysctl. */
static void compare_with_each(int sysctl, char last, side_script script)
{
	for (char value = '0'; value <= last; value++) {
		print_message("%s %c\n", names[sysctl], value);
		set(sysctl, value);
		compare_sides(script, harness()->daemon.mount, ROOT);
	}
	assert_return_code(put_value(names[sysctl], saved[sysctl]), errno);
}

/* Through this side, and beside it: an object planted through one door is met through the other. */
static void plant_link(struct side *s, const char *name, const char *target, struct who who)
{
	char path[64];

	snprintf(path, sizeof(path), "%s-in", name);
	T(s, symlink(target, path));
	T(s, lchown(path, who.uid, who.gid));
	snprintf(path, sizeof(path), "%s-out", name);
	T(s, symlinkat(target, s->out, path));
	T(s, fchownat(s->out, path, who.uid, who.gid, AT_SYMLINK_NOFOLLOW));
}

static void follow(struct side *s, const char *path)
{
	char target[64];
	struct stat st;

	T(s, stat(path, &st));
	T(s, access(path, W_OK));
	note_open(s, path, O_RDONLY, 0);
	note_open(s, path, O_WRONLY | O_TRUNC, 0);
	note_open(s, path, O_WRONLY | O_CREAT, 0600);
	note_open(s, path, O_WRONLY | O_CREAT | O_EXCL, 0600);
	note_open(s, path, O_PATH | O_NOFOLLOW, 0);
	T(s, chmod(path, 0666));
	T(s, truncate(path, 3));
	T(s, readlink(path, target, sizeof(target)));
}

static void follow_all(struct side *s)
{
	static const char *const dirs[] = {"", "sticky/", "theirs/", "open/"};
	static const char *const whose[] = {"root", "alice", "bob"};
	char path[64];

	for (size_t i = 0; i < ARRAY_SIZE(dirs) * ARRAY_SIZE(whose) * 2; i++) {
		snprintf(path, sizeof(path), "%s%s-%s", dirs[i / 6], whose[i / 2 % 3],
			i % 2 ? "in" : "out");
		follow(s, path);
	}
}

static void make_dir_of(struct side *s, const char *name, struct who who, mode_t mode)
{
	T(s, mkdir(name, 0700));
	T(s, chown(name, who.uid, who.gid));
	T(s, chmod(name, mode));
}

static void follow_links(struct side *s)
{
	static const char *const dirs[] = {"", "sticky/", "theirs/", "open/"};
	char path[64];

	make_outside(s, "target", 0, 0, 0666, 10);
	make_dir_of(s, "sticky", ROOT, 01777);
	make_dir_of(s, "theirs", ALICE, 01777);
	make_dir_of(s, "open", ROOT, 0777);
	for (size_t i = 0; i < ARRAY_SIZE(dirs); i++) {
		const char *target = i == 0 ? "target" : "../target";

		snprintf(path, sizeof(path), "%sroot", dirs[i]);
		plant_link(s, path, target, ROOT);
		snprintf(path, sizeof(path), "%salice", dirs[i]);
		plant_link(s, path, target, ALICE);
		snprintf(path, sizeof(path), "%sbob", dirs[i]);
		plant_link(s, path, target, BOB);
	}
	follow_all(s);
	AS(s, ALICE)
	follow_all(s);
	AS(s, BOB)
	follow_all(s);
}

static void symbolic_links(void **state)
{
	(void)state;
	compare_with_each(SYMLINKS, '1', follow_links);
}

/*
 * The most frequent victim: a redirection of root's shell in a directory where all may make names.
 */
static void a_planted_link_is_not_followed(void **state)
{
	(void)state;
	sweep(SHM_DIR);
	set(SYMLINKS, '1');
	put_object("target", ALICE, 0666, "precious");
	EXPECT_AS(BOB, 0, symlink("target", in_shm("greeting")));
	EXPECT_AS(BOB, 0, symlink("target", in_mount("greeting2")));
	for (enum door door = 0; door < DOORS; door++) {
		EXPECT_ERROR(
			try_open(at_door(door, "greeting"), O_WRONLY | O_CREAT | O_TRUNC, 0666),
			EACCES);
		EXPECT_ERROR(try_open(at_door(door, "greeting2"), O_WRONLY | O_APPEND, 0), EACCES);
	}
	assert_int_equal(try_content(in_mount("target"), "precious"), 0);
	assert_return_code(put_value(names[SYMLINKS], saved[SYMLINKS]), errno);
}

static void link_each(struct side *s)
{
	static const char *const objects[] = {
		"readable", "writable", "suid", "sgid", "fifo", "symlink", "own"};

	for (size_t i = 0; i < ARRAY_SIZE(objects); i++) {
		T(s, link(objects[i], "link"));
		T(s, unlink("link"));
		T(s, link(objects[i], "dir/link"));
		T(s, unlink("dir/link"));
	}
}

static void make_links(struct side *s)
{
	make_outside(s, "readable", ALICE.uid, ALICE.gid, 0644, 1);
	make_outside(s, "writable", ALICE.uid, ALICE.gid, 0666, 1);
	make_outside(s, "suid", ALICE.uid, ALICE.gid, 04666, 1);
	make_outside(s, "sgid", ALICE.uid, ALICE.gid, 02676, 1);
	make_outside(s, "own", BOB.uid, BOB.gid, 0600, 1);
	make_dir_of(s, "dir", ROOT, 0777);
	AS(s, ALICE)
	{
		umask(0);
		T(s, mkfifo("fifo", 0666));
		T(s, symlink("readable", "symlink"));
	}
	AS(s, BOB)
	link_each(s);
	AS(s, SUPPLEMENT)
	link_each(s);
	link_each(s);
}

static void hard_links(void **state)
{
	(void)state;
	compare_with_each(HARDLINKS, '1', make_links);
}

static void open_each(struct side *s)
{
	static const char *const dirs[] = {"", "sticky/", "group/", "theirs/", "open/"};
	static const char *const whose[] = {"root", "alice", "bob"};
	char path[64];

	for (size_t i = 0; i < ARRAY_SIZE(dirs) * ARRAY_SIZE(whose); i++) {
		snprintf(path, sizeof(path), "%s%s", dirs[i / 3], whose[i % 3]);
		note_open(s, path, O_RDWR | O_NONBLOCK, 0);
		note_open(s, path, O_RDWR | O_CREAT | O_NONBLOCK, 0600);
		note_open(s, path, O_RDONLY | O_CREAT | O_NONBLOCK, 0600);
		note_open(s, path, O_RDWR | O_CREAT | O_TRUNC | O_NONBLOCK, 0600);
		note_open(s, path, O_RDWR | O_CREAT | O_EXCL | O_NONBLOCK, 0600);
	}
}

static void make_three(struct side *s, const char *dir, mode_t type)
{
	static const struct who *const owners[] = {&ROOT, &ALICE, &BOB};
	static const char *const whose[] = {"root", "alice", "bob"};
	char path[64];

	for (size_t i = 0; i < ARRAY_SIZE(owners); i++) {
		snprintf(path, sizeof(path), "%s%s", dir, whose[i]);
		T(s, mknod(path, type | 0600, 0));
		T(s, chown(path, owners[i]->uid, owners[i]->gid));
		T(s, chmod(path, 0666));
	}
}

static void open_others(struct side *s, mode_t type)
{
	make_dir_of(s, "sticky", ROOT, 01777);
	make_dir_of(s, "group", ROOT, 01775);
	make_dir_of(s, "theirs", ALICE, 01777);
	make_dir_of(s, "open", ROOT, 0777);
	make_three(s, "", type);
	make_three(s, "sticky/", type);
	make_three(s, "group/", type);
	make_three(s, "theirs/", type);
	make_three(s, "open/", type);
	open_each(s);
	AS(s, ALICE)
	open_each(s);
	AS(s, BOB)
	open_each(s);
	AS(s, MEMBER)
	open_each(s);
}

static void open_fifos(struct side *s)
{
	open_others(s, S_IFIFO);
}

static void open_regular(struct side *s)
{
	open_others(s, S_IFREG);
}

static void fifos(void **state)
{
	(void)state;
	compare_with_each(FIFOS, '2', open_fifos);
}

static void regular_files(void **state)
{
	(void)state;
	compare_with_each(REGULAR, '2', open_regular);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(symbolic_links),
		cmocka_unit_test(a_planted_link_is_not_followed),
		cmocka_unit_test(hard_links),
		cmocka_unit_test(fifos),
		cmocka_unit_test(regular_files),
	};
	/* Another run of this program must not take its values for the machine's. */
	const int lock = open(names[0], O_RDONLY | O_CLOEXEC);
	int status;

	if (lock < 0 || flock(lock, LOCK_EX) < 0 || save_all() < 0) {
		perror(names[0]);
		return 1;
	}
	status = RUN_MOUNTED(tests);
	restore_all();
	close(lock);
	return status;
}

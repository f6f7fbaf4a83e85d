/* SPDX-License-Identifier: MIT */
/*
 * A directory is moved by renaming every object below it: as seen through the mount all of them
 * move, or none.
 */
#include "harness.h"
#include "snapshot.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { MANY = 60, LONGEST = 255, LONGEST_DIR = 252 };

static void make_file(const char *path)
{
	assert_return_code(mknod(path, S_IFREG | 0600, 0), errno);
}

static void make_dir_at(const char *path)
{
	assert_return_code(mkdir(path, 0755), errno);
}

/* `dir` with MANY objects in it and as many in a directory in it. */
static void make_tree(const char *dir)
{
	char path[64];

	make_dir_at(in_mount(dir));
	snprintf(path, sizeof(path), "%s/sub", dir);
	make_dir_at(in_mount(path));
	for (int i = 0; i < MANY; i++) {
		snprintf(path, sizeof(path), "%s/%d", dir, i);
		make_file(in_mount(path));
		snprintf(path, sizeof(path), "%s/sub/%d", dir, i);
		make_file(in_mount(path));
	}
}

/* The rename fails, and leaves everything as it was. */
static void expect_refusal(const char *from, const char *to, unsigned int flags, int error)
{
	char *before = list_shm(), *after;
	struct stat from_before, from_after, above_before, above_after;

	assert_return_code(lstat(in_mount(from), &from_before), errno);
	assert_return_code(lstat(in_mount("."), &above_before), errno);
	EXPECT_ERROR(renameat2(AT_FDCWD, in_mount(from), AT_FDCWD, in_mount(to), flags), error);
	after = list_shm();
	assert_string_equal(before, after);
	assert_return_code(lstat(in_mount(from), &from_after), errno);
	assert_return_code(lstat(in_mount("."), &above_after), errno);
	assert_int_equal(from_before.st_ino, from_after.st_ino);
	assert_int_equal(from_before.st_size, from_after.st_size);
	assert_int_equal(above_before.st_nlink, above_after.st_nlink);
	free(before);
	free(after);
}

static void fill_name(char *ret, char c, size_t len)
{
	memset(ret, c, len);
	ret[len] = '\0';
}

/* What can be made in a directory whose encoded prefix has `prefix` bytes. */
static void expect_limits(const char *dir, size_t prefix)
{
	char path[600], *name = path + strlen(dir) + 1;

	sprintf(path, "%s/", dir);
	fill_name(name, 'f', LONGEST - prefix);
	make_file(in_mount(path));
	assert_return_code(rename(in_mount(path), in_mount("short")), errno);
	assert_return_code(link(in_mount("short"), in_mount(path)), errno);
	assert_return_code(unlink(in_mount("short")), errno);
	assert_return_code(unlink(in_mount(path)), errno);
	assert_return_code(symlink("x", in_mount(path)), errno);
	assert_return_code(unlink(in_mount(path)), errno);
	EXPECT_ERROR(mkdir(in_mount(path), 0755), ENAMETOOLONG);
	fill_name(name, 'f', LONGEST - prefix + 1);
	EXPECT_ERROR(mknod(in_mount(path), S_IFREG | 0600, 0), ENAMETOOLONG);
	EXPECT_ERROR(open(in_mount(path), O_RDWR | O_CREAT | O_CLOEXEC, 0600), ENAMETOOLONG);
	EXPECT_ERROR(mkfifo(in_mount(path), 0600), ENAMETOOLONG);
	EXPECT_ERROR(symlink("x", in_mount(path)), ENAMETOOLONG);
	fill_name(name, 'd', LONGEST_DIR - prefix);
	make_dir_at(in_mount(path));
	assert_return_code(rmdir(in_mount(path)), errno);
	fill_name(name, 'd', LONGEST_DIR - prefix + 1);
	EXPECT_ERROR(mkdir(in_mount(path), 0755), ENAMETOOLONG);
}

static void the_longest_names(void **state)
{
	char path[600] = "a/b/";

	(void)state;
	expect_limits(".", 0);
	make_dir_at(in_mount("a"));
	expect_limits("a", strlen("a%2F"));
	make_dir_at(in_mount("a/b"));
	expect_limits("a/b", strlen("a%2Fb%2F"));
	fill_name(path + 4, 'd', 200);
	make_dir_at(in_mount(path));
	expect_limits(path, strlen("a%2Fb%2F") + 200 + strlen("%2F"));
	sweep(SHM_DIR);
}

/* A file that moves down into a directory. */
static void a_name_gets_too_long(void **state)
{
	char name[300], path[400];

	(void)state;
	fill_name(name, 'n', 252);
	make_file(in_mount(name));
	make_dir_at(in_mount("d"));
	snprintf(path, sizeof(path), "d/%s", name);
	expect_refusal(name, path, 0, ENAMETOOLONG);
	expect_refusal(name, path, RENAME_NOREPLACE, ENAMETOOLONG);
	EXPECT_ERROR(link(in_mount(name), in_mount(path)), ENAMETOOLONG);
	EXPECT_ERROR(lstat(in_mount(path), &(struct stat){0}), ENAMETOOLONG);
	path[strlen(path) - 1] = '\0';
	assert_return_code(rename(in_mount(name), in_mount(path)), errno);
	sweep(SHM_DIR);
}

/* Names below get too long, for an object or only for a marker; one among many. */
static void a_name_below_gets_too_long(void **state)
{
	char path[300] = "from/sub/";

	(void)state;
	make_tree("from");
	make_tree("to-from");
	fill_name(path + strlen("from/sub/"), 'n', LONGEST - strlen("from%2Fsub%2F"));
	make_file(in_mount(path));
	assert_return_code(rename(in_mount("from"), in_mount("same")), errno);
	assert_return_code(rename(in_mount("same"), in_mount("from")), errno);
	expect_refusal("from", "from1", 0, ENAMETOOLONG);
	expect_refusal("from", "to-from/from", 0, ENAMETOOLONG);
	expect_refusal("from/sub", "from/sub1", 0, ENAMETOOLONG);
	expect_refusal("from", "to-from", RENAME_EXCHANGE, ENAMETOOLONG);
	expect_refusal("to-from", "from", RENAME_EXCHANGE, ENAMETOOLONG);
	assert_return_code(unlink(in_mount(path)), errno);
	fill_name(path + strlen("from/sub/"), 'd', LONGEST_DIR - strlen("from%2Fsub%2F"));
	make_dir_at(in_mount(path));
	expect_refusal("from", "from1", 0, ENAMETOOLONG);
	assert_return_code(rename(in_mount("from"), in_mount("less")), errno);
	sweep(SHM_DIR);
}

/* The host holds one of the names that are needed. */
static void a_name_is_taken(void **state)
{
	(void)state;
	make_tree("from");
	make_file(in_shm("to%2F37"));
	expect_refusal("from", "to", 0, EEXIST);
	expect_refusal("from", "to", RENAME_NOREPLACE, EEXIST);
	assert_return_code(rename(in_shm("to%2F37"), in_shm("to%2Fsub%2F59")), errno);
	expect_refusal("from", "to", 0, EEXIST);
	assert_return_code(unlink(in_shm("to%2Fsub%2F59")), errno);
	make_dir_at(in_shm("to%2F7"));
	expect_refusal("from", "to", 0, EEXIST);
	assert_return_code(rmdir(in_shm("to%2F7")), errno);
	make_file(in_shm("to%2Fother"));
	assert_return_code(rename(in_mount("from"), in_mount("to")), errno);
	assert_return_code(access(in_mount("to/other"), F_OK), errno);
	assert_return_code(access(in_mount("to/sub/37"), F_OK), errno);
	sweep(SHM_DIR);
}

/* Objects that are not seen move too, and are not seen again. */
static void what_is_hidden_moves_too(void **state)
{
	struct stat st;

	(void)state;
	make_dir_at(in_mount("from"));
	make_dir_at(in_mount("from/twice"));
	make_file(in_shm("from%2Ftwice"));
	make_file(in_shm("from%2Funmarked%2Fx"));
	assert_return_code(rename(in_mount("from"), in_mount("to")), errno);
	assert_return_code(lstat(in_shm("to%2Ftwice"), &st), errno);
	assert_return_code(lstat(in_shm("to%2Funmarked%2Fx"), &st), errno);
	assert_return_code(lstat(in_mount("to/twice"), &st), errno);
	assert_true(S_ISDIR(st.st_mode));
	assert_return_code(rmdir(in_mount("to/twice")), errno);
	assert_return_code(lstat(in_mount("to/twice"), &st), errno);
	assert_true(S_ISREG(st.st_mode));
	assert_return_code(lstat(in_mount("to/unmarked%2Fx"), &st), errno);
	sweep(SHM_DIR);
}

/* Moves two trees, and exchanges them, as long as it lives. */
static _Noreturn void keep_moving(void)
{
	for (;;)
		if (rename(in_mount("a"), in_mount("c")) < 0 ||
			rename(in_mount("b"), in_mount("a")) < 0 ||
			rename(in_mount("c"), in_mount("b")) < 0 ||
			renameat2(AT_FDCWD, in_mount("a"), AT_FDCWD, in_mount("b"),
				RENAME_EXCHANGE) < 0)
			_exit(1);
}

/* With all its entries, or not there. */
static void expect_whole(const char *path)
{
	DIR *dir = opendir(path);

	if (dir)
		assert_int_equal(count_and_close(dir), 2 + MANY + 1);
	else
		assert_int_equal(errno, ENOENT);
}

/* Others see a directory with all its entries, or none. */
static void moves_are_seen_whole(void **state)
{
	pid_t pid;
	int seen = 0;

	(void)state;
	make_tree("a");
	make_tree("b");
	pid = fork();
	assert_return_code(pid, errno);
	if (pid == 0)
		keep_moving();
	for (int i = 0; i < 300; i++) {
		expect_whole(in_mount("a"));
		expect_whole(in_mount("b"));
		seen += access(in_mount("c/sub/59"), F_OK) == 0;
	}
	assert_int_equal(waitpid(pid, NULL, WNOHANG), 0);
	kill(pid, SIGKILL);
	wait_child(pid);
	print_message("# seen on the way %d times\n", seen);
	sweep(SHM_DIR);
}

/* So are their attributes, by name and by descriptor. */
static void attributes_are_seen_whole(void **state)
{
	struct stat before, sub, root, st;
	int dir;
	pid_t pid;

	(void)state;
	make_tree("a");
	make_tree("b");
	dir = open(in_mount("a/sub"), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_return_code(fstat(dir, &before), errno);
	assert_return_code(stat(in_mount("."), &root), errno);
	pid = fork();
	assert_return_code(pid, errno);
	if (pid == 0)
		keep_moving();
	for (int i = 0; i < 2000; i++) {
		assert_return_code(fstat(dir, &sub), errno);
		assert_int_equal(sub.st_ino, before.st_ino);
		assert_int_equal(sub.st_size, before.st_size);
		assert_return_code(fchmod(dir, 0700 | (mode_t)i % 8), errno);
		assert_return_code(stat(in_mount("."), &st), errno);
		assert_int_equal(st.st_nlink, root.st_nlink);
		assert_int_equal(st.st_size, root.st_size);
	}
	close(dir);
	assert_int_equal(waitpid(pid, NULL, WNOHANG), 0);
	kill(pid, SIGKILL);
	wait_child(pid);
	sweep(SHM_DIR);
}

/* Works in a tree by descriptors while it moves: nothing is lost, and nothing fails. */
static void working_in_a_tree_that_moves(void **state)
{
	char name[32];
	int dir, fd;
	pid_t pid;

	(void)state;
	make_tree("a");
	make_tree("b");
	dir = open(in_mount("a/sub"), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	pid = fork();
	assert_return_code(pid, errno);
	if (pid == 0)
		keep_moving();
	for (int i = 0; i < 300; i++) {
		snprintf(name, sizeof(name), "new-%d", i);
		fd = openat(dir, name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
		assert_return_code(fd, errno);
		assert_int_equal(write(fd, name, 3), 3);
		assert_return_code(renameat(dir, name, dir, "renamed"), errno);
		assert_return_code(ftruncate(fd, i), errno);
		assert_return_code(unlinkat(dir, "renamed", 0), errno);
		close(fd);
		assert_return_code(faccessat(dir, "59", R_OK, 0), errno);
	}
	close(dir);
	assert_int_equal(waitpid(pid, NULL, WNOHANG), 0);
	kill(pid, SIGKILL);
	wait_child(pid);
	sweep(SHM_DIR);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_longest_names),
		cmocka_unit_test(a_name_gets_too_long),
		cmocka_unit_test(a_name_below_gets_too_long),
		cmocka_unit_test(a_name_is_taken),
		cmocka_unit_test(what_is_hidden_moves_too),
		cmocka_unit_test(moves_are_seen_whole),
		cmocka_unit_test(attributes_are_seen_whole),
		cmocka_unit_test(working_in_a_tree_that_moves),
	};

	return RUN_MOUNTED(tests);
}

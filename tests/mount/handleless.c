/* SPDX-License-Identifier: MIT */
/*
 * A daemon without CAP_DAC_READ_SEARCH finds the objects that it has shown by their names: root in
 * a container, here without that capability, and an ordinary user's own mount. An object that is
 * renamed outside while only a descriptor without access stands for it is ESTALE at worst; it is
 * never another object.
 */
#include "as.h"
#include "harness.h"
#include "worker.h"

#include <fcntl.h>
#include <linux/capability.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>

#define BY_NAME "objects are found by: name (no CAP_DAC_READ_SEARCH)"

/* Daemons of root and of NOBODY. */
static struct daemon daemons[2];

static const struct daemon *serving; /* the one that is tried */

static const char *in_tried(const char *path)
{
	static char paths[8][128];
	static size_t next;
	char *whole = paths[next++ % ARRAY_SIZE(paths)];

	snprintf(whole, sizeof(paths[0]), "%s/%s", serving->mount, path);
	return whole;
}

/* A program that is executed from now on does not have it. */
static void start_both(void **state)
{
	char dir[64];

	(void)state;
	assert_return_code(prctl(PR_CAPBSET_DROP, CAP_DAC_READ_SEARCH), errno);
	make_dir(dir, harness()->base, "root");
	daemon_start(&daemons[0], dir, NULL);
	make_dir(dir, harness()->base, "user");
	assert_return_code(chown(dir, NOBODY.uid, NOBODY.gid), errno);
	daemon_start_as(&daemons[1], dir, NULL, NOBODY);
	daemon_expect_status(&daemons[0], BY_NAME);
}

static void stop_both(void **state)
{
	struct outcome o;

	(void)state;
	daemon_stop(&daemons[0]);
	run_as(&o, NOBODY, (const char *const[]){"fusermount3", "-u", daemons[1].mount, NULL});
	assert_int_equal(o.status, 0);
	daemon_expect_end(&daemons[1]);
}

/* Runs the body on each mount, as its user; the body returns the line that is wrong, or 0. */
static void try_both(int (*body)(void))
{
	for (size_t i = 0; i < ARRAY_SIZE(daemons); i++) {
		pid_t pid;
		int status;

		serving = &daemons[i];
		sweep(SHM_DIR);
		pid = fork();
		if (pid == 0) {
			umask(022);
			_exit(who_become(serving->who) < 0 ? 255 : body() & 255);
		}
		status = wait_child(pid);
		if (status != 0)
			fail_msg("%s: wait status %#x, line %d modulo 256", serving->mount,
				(unsigned int)status, status >> 8);
	}
	sweep(SHM_DIR);
}

/* In a body: not the process of the test. */
#define NEED(condition)                  \
	do {                             \
		if (!(condition))        \
			return __LINE__; \
	} while (0)

static int make(const char *path)
{
	const int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
	const ssize_t n = fd < 0 ? -1 : write(fd, "bytes", 5);

	if (fd >= 0)
		close(fd);
	return n == 5 ? 0 : -1;
}

static int pin(const char *path)
{
	return open(path, O_PATH | O_NOFOLLOW | O_CLOEXEC);
}

static int reopen(int fd)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	return try_open(path, O_RDONLY, 0);
}

/* The mount knows the names that it gave itself. */
static int renamed_through_the_mount(void)
{
	struct stat st;
	int fd, dir;

	NEED(mkdir(in_tried("d"), 0755) == 0);
	NEED(mkdir(in_tried("d/e"), 0755) == 0);
	NEED(make(in_tried("d/e/a")) == 0);
	NEED(make(in_tried("b")) == 0);
	fd = pin(in_tried("d/e/a"));
	dir = pin(in_tried("d/e"));
	NEED(fd >= 0 && dir >= 0);
	NEED(rename(in_tried("d/e/a"), in_tried("d/a2")) == 0);
	NEED(reopen(fd) == 0);
	NEED(rename(in_tried("d"), in_tried("d2")) == 0);
	NEED(reopen(fd) == 0);
	NEED(renameat2(AT_FDCWD, in_tried("d2/a2"), AT_FDCWD, in_tried("b"), RENAME_EXCHANGE) == 0);
	NEED(reopen(fd) == 0);
	NEED(rename(in_tried("d2/e"), in_tried("e")) == 0);
	NEED(rename(in_tried("b"), in_tried("e/deep")) == 0);
	NEED(reopen(fd) == 0);
	NEED(fstatat(dir, "deep", &st, 0) == 0);
	NEED(unlinkat(dir, "deep", 0) == 0);
	NEED(reopen(fd) < 0 && errno == ESTALE);
	return 0;
}

static void what_the_mount_renames_is_found(void **state)
{
	(void)state;
	try_both(renamed_through_the_mount);
}

/* A descriptor without access; then the name again. */
static int renamed_outside(void)
{
	struct stat st, outside;
	int fd;

	NEED(make(in_tried("a")) == 0);
	fd = pin(in_tried("a"));
	NEED(rename(in_shm("a"), in_shm("b")) == 0);
	NEED(reopen(fd) == 0 || errno == ESTALE); /* it may be held for a moment */
	NEED(make(in_shm("a")) == 0);
	NEED(reopen(fd) == 0 || errno == ESTALE); /* it may be held for a moment */
	NEED(try_content(in_tried("b"), "bytes") == 0);
	NEED(reopen(fd) == 0);
	NEED(fstat(fd, &st) == 0 && stat(in_shm("b"), &outside) == 0);
	NEED(st.st_ino == outside.st_ino);
	NEED(stat(in_tried("a"), &st) == 0 && stat(in_shm("a"), &outside) == 0);
	NEED(st.st_ino == outside.st_ino);
	return 0;
}

static void what_is_renamed_outside_is_stale_at_worst(void **state)
{
	(void)state;
	try_both(renamed_outside);
}

static int open_is_found(void)
{
	struct stat st;
	char byte;
	int fd;

	NEED(make(in_tried("a")) == 0);
	fd = open(in_tried("a"), O_RDWR | O_CLOEXEC);
	NEED(fd >= 0);
	NEED(rename(in_shm("a"), in_shm("b")) == 0);
	NEED(fstat(fd, &st) == 0 && fchmod(fd, 0600) == 0 && ftruncate(fd, 10) == 0);
	NEED(pread(fd, &byte, 1, 0) == 1 && pwrite(fd, "x", 1, 20) == 1);
	NEED(unlink(in_shm("b")) == 0);
	NEED(fstat(fd, &st) == 0 && st.st_nlink == 0 && st.st_size == 21);
	NEED(ftruncate(fd, 1) == 0 && pread(fd, &byte, 1, 0) == 1);
	return 0;
}

static void what_is_open_is_found(void **state)
{
	(void)state;
	try_both(open_is_found);
}

/* Each lookup tells a name of the node; one of them goes. */
static int with_two_names(void)
{
	struct stat st;
	int fd;

	NEED(make(in_tried("a")) == 0);
	NEED(link(in_tried("a"), in_tried("b")) == 0);
	fd = pin(in_tried("a"));
	NEED(stat(in_tried("b"), &st) == 0 && st.st_nlink == 2);
	NEED(unlink(in_tried("b")) == 0);
	NEED(reopen(fd) == 0 || errno == ESTALE);
	NEED(try_content(in_tried("a"), "bytes") == 0);
	NEED(reopen(fd) == 0);
	NEED(fstat(fd, &st) == 0 && st.st_nlink == 1);
	NEED(link(in_tried("a"), in_tried("c")) == 0);
	NEED(rename(in_tried("a"), in_tried("d")) == 0);
	NEED(try_content(in_tried("c"), "bytes") == 0);
	NEED(try_content(in_tried("d"), "bytes") == 0);
	return 0;
}

static void hard_links_are_one_object(void **state)
{
	(void)state;
	try_both(with_two_names);
}

/* A directory that is moved outside, with a process in it. */
static int directory_moved_outside(void)
{
	struct stat st;

	NEED(mkdir(in_tried("d"), 0755) == 0);
	NEED(make(in_tried("d/a")) == 0);
	NEED(chdir(in_tried("d")) == 0);
	NEED(rename(in_shm("d"), in_shm("e")) == 0);
	NEED(try_content("a", "bytes") == 0 || errno == ESTALE || errno == ENOENT);
	NEED(stat(in_tried("e"), &st) == 0);
	NEED(try_content("a", "bytes") == 0);
	NEED(make("b") == 0);
	NEED(try_content(in_shm("e/b"), "bytes") == 0);
	return 0;
}

static void directories_are_found_again(void **state)
{
	(void)state;
	try_both(directory_moved_outside);
}

/* The next worker knows numbers only, and looks for their names. */
static int prepared[2];

static void prepare(const struct daemon *daemon)
{
	serving = daemon;
	assert_return_code(mkdir(in_shm("d"), 0755), errno);
	assert_return_code(mkdir(in_shm("d/e"), 0755), errno);
	assert_return_code(make(in_shm("d/e/a")), errno);
	prepared[0] = pin(in_tried("d/e/a"));
	prepared[1] = pin(in_tried("d/e"));
	assert_true(prepared[0] >= 0 && prepared[1] >= 0);
}

static void the_next_worker_finds_the_names(void **state)
{
	struct stat st;

	(void)state;
	sweep(SHM_DIR);
	if (!has_keeper(&daemons[0]))
		skip();
	prepare(&daemons[0]);
	worker_kill(&daemons[0], SIGKILL);
	assert_return_code(reopen(prepared[0]), errno);
	assert_return_code(fstatat(prepared[1], "a", &st, 0), errno);
	worker_kill(&daemons[0], SIGKILL);
	assert_return_code(rename(in_shm("d/e"), in_shm("f")), errno);
	assert_return_code(fstatat(prepared[1], "a", &st, 0), errno);
	assert_return_code(reopen(prepared[0]), errno);
	close(prepared[0]);
	close(prepared[1]);
	sweep(SHM_DIR);
}

/* Root of a user namespace, with a tmpfs of its own. */
static void root_in_a_user_namespace(void **state)
{
	static const char script[] =
		"mount -t tmpfs tmpfs /dev/shm; mkdir /dev/shm/mnt; mount -t tmpfs tmpfs \"$1\"\n"
		"mkdir \"$1/m\"; \"$0\" \"$1/m\" 2>/dev/null; rmdir /dev/shm/mnt\n"
		"echo text >\"$1/m/a\"; cat /dev/shm/a; mkdir \"$1/m/d\"; mv \"$1/m/a\" "
		"\"$1/m/d/b\"\n"
		"cat \"$1/m/d/b\"; mv /dev/shm/d /dev/shm/e; cat \"$1/m/e/b\"; ln \"$1/m/e/b\" "
		"\"$1/m/c\"\n"
		"cat /dev/shm/c; \"$0\" status \"$1/m\" | grep found; umount \"$1/m\"\n";
	struct outcome o;
	char dir[64];

	(void)state;
	make_dir(dir, harness()->base, "userns");
	run(&o, (const char *const[]){
			"unshare", "-Urm", "sh", "-ec", script, daemon_path(), dir, NULL});
	if (strstr(o.err, "unshare failed")) {
		print_message("%s", o.err);
		skip();
	}
	if (o.status != 0 ||
		strstr(o.out, "text\ntext\ntext\ntext\nobjects are found by: ") != o.out)
		fail_msg("status %d: %s%s", o.status, o.out, o.err);
	print_message("%s", o.out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(start_both),
		cmocka_unit_test(what_the_mount_renames_is_found),
		cmocka_unit_test(what_is_renamed_outside_is_stale_at_worst),
		cmocka_unit_test(what_is_open_is_found),
		cmocka_unit_test(hard_links_are_one_object),
		cmocka_unit_test(directories_are_found_again),
		cmocka_unit_test(the_next_worker_finds_the_names),
		cmocka_unit_test(root_in_a_user_namespace),
		cmocka_unit_test(stop_both),
	};

	return RUN_BARE(tests);
}

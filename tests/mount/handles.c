/* SPDX-License-Identifier: MIT */
/*
 * An object is found whatever its name has become outside, as long as it exists; when it is gone it
 * is ESTALE, and nothing here keeps its memory.
 */
#include "as.h"
#include "harness.h"
#include "view.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

/* Opens the object of an O_PATH descriptor. */
static int reopen(int fd, int flags)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	return open(path, flags | O_CLOEXEC);
}

static int pin(const char *path)
{
	const int fd = open(in_mount(path), O_PATH | O_NOFOLLOW | O_CLOEXEC);

	assert_return_code(fd, errno);
	return fd;
}

static void move(const char *from, const char *to)
{
	assert_return_code(rename(in_shm(from), in_shm(to)), errno);
}

static void expect_bytes(int fd, const char *bytes)
{
	char found[64];
	const int reader = reopen(fd, O_RDONLY);
	const ssize_t len = read(reader, found, sizeof(found));

	assert_return_code(reader, errno);
	close(reader);
	assert_int_equal(len, strlen(bytes));
	assert_memory_equal(found, bytes, strlen(bytes));
}

/* Only descriptors without access stand for these. */
static void what_is_renamed_outside_is_found(void **state)
{
	struct stat st, outside;
	int fd;

	(void)state;
	put_object("a", ALICE, 0644, "bytes");
	put_directory("d", ALICE, 0755);
	fd = pin("a");
	move("a", "b");
	expect_bytes(fd, "bytes");
	move("b", "d/c");
	expect_bytes(fd, "bytes");
	move("d", "e");
	expect_bytes(fd, "bytes");
	put_object("a", BOB, 0600, "another one");
	assert_return_code(fstat(fd, &st), errno);
	assert_return_code(stat(in_shm("e/c"), &outside), errno);
	assert_int_equal(st.st_ino, outside.st_ino);
	assert_int_equal(st.st_uid, ALICE.uid);
	close(fd);
	sweep(SHM_DIR);
}

static void a_directory_is_found_by_those_in_it(void **state)
{
	struct stat st;
	int fd, cwd;

	(void)state;
	put_directory("d", ALICE, 0755);
	put_directory("d/inner", ALICE, 0755);
	put_directory("other", ALICE, 0755);
	put_object("d/inner/a", ALICE, 0644, "bytes");
	cwd = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	fd = pin("d/inner");
	assert_return_code(chdir(in_mount("d/inner")), errno);
	move("d/inner", "other/moved");
	assert_int_equal(try_content("a", "bytes"), 0);
	move("d", "gone");
	move("other", "d");
	assert_int_equal(try_content("a", "bytes"), 0);
	assert_return_code(rename("a", "b"), errno);
	assert_return_code(fstatat(fd, "b", &st, 0), errno);
	EXPECT_ERROR(fstatat(fd, "a", &st, 0), ENOENT);
	assert_return_code(mkdirat(fd, "new", 0755), errno);
	assert_return_code(access(in_shm("d/moved/new"), F_OK), errno);
	assert_return_code(fchdir(cwd), errno);
	close(cwd);
	close(fd);
	sweep(SHM_DIR);
}

static void links_and_fifos_are_found(void **state)
{
	char target[16];
	struct stat st;
	int link_fd, fifo_fd;

	(void)state;
	assert_return_code(symlink("target", in_shm("link")), errno);
	assert_return_code(mkfifo(in_shm("fifo"), 0600), errno);
	link_fd = pin("link");
	fifo_fd = pin("fifo");
	move("link", "link2");
	move("fifo", "fifo2");
	assert_int_equal(readlinkat(link_fd, "", target, sizeof(target)), 6);
	assert_return_code(fstat(fifo_fd, &st), errno);
	assert_true(S_ISFIFO(st.st_mode));
	close(link_fd);
	close(fifo_fd);
	sweep(SHM_DIR);
}

/*
 * The kernel believes the attributes that came with a name for two ticks: long enough for one call.
 */
static bool is_stale(const void *fd)
{
	struct stat st;

	return fstat(*(const int *)fd, &st) < 0 && errno == ESTALE;
}

static void what_is_gone_is_stale(void **state)
{
	struct stat st;
	int fd, dir;

	(void)state;
	put_object("a", ALICE, 0644, "bytes");
	put_directory("d", ALICE, 0755);
	fd = pin("a");
	dir = pin("d");
	assert_return_code(unlink(in_shm("a")), errno);
	assert_return_code(rmdir(in_shm("d")), errno);
	put_object("a", ALICE, 0644, "another one");
	put_directory("d", ALICE, 0755);
	assert_true(wait_until(is_stale, &fd));
	EXPECT_ERROR(reopen(fd, O_RDONLY), ESTALE);
	assert_true(wait_until(is_stale, &dir));
	EXPECT_ERROR(reopen(dir, O_RDONLY | O_DIRECTORY), ESTALE);
	assert_true(fstatat(dir, "x", &st, 0) < 0 && (errno == ESTALE || errno == ENOENT));
	assert_true(mkdirat(dir, "x", 0700) < 0 && (errno == ESTALE || errno == ENOENT));
	assert_return_code(stat(in_mount("a"), &st), errno);
	assert_return_code(stat(in_mount("d"), &st), errno);
	close(fd);
	close(dir);
	sweep(SHM_DIR);
}

/* It is open outside: it is found without a name. */
static void an_object_without_a_name_is_found(void **state)
{
	struct stat st;
	int fd, outside;

	(void)state;
	put_object("a", ALICE, 0644, "bytes");
	fd = pin("a");
	outside = open(in_shm("a"), O_RDWR | O_CLOEXEC);
	assert_return_code(unlink(in_shm("a")), errno);
	expect_bytes(fd, "bytes");
	next_tick();
	next_tick();
	assert_return_code(fstat(fd, &st), errno);
	assert_int_equal(st.st_nlink, 0);
	close(outside);
	assert_true(wait_until(is_stale, &fd));
	close(fd);
	sweep(SHM_DIR);
}

static fsblkcnt_t free_blocks(void)
{
	struct statvfs st;

	assert_return_code(statvfs(in_mount(""), &st), errno);
	return st.f_bfree;
}

/* The kernel still knows the node: a descriptor, a cwd and an inotify watch are kept. */
static void memory_is_free_at_the_last_unmap(void **state)
{
	const size_t size = 64 * MIB;
	const fsblkcnt_t before = free_blocks();
	struct stat st;
	void *map;
	int fd, pinned, opened;

	(void)state;
	put_object("a", ALICE, 0644, "");
	fd = open(in_shm("a"), O_RDWR | O_CLOEXEC);
	assert_return_code(ftruncate(fd, (off_t)size), errno);
	map = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	assert_true(map != MAP_FAILED);
	memset(map, 1, size);
	pinned = pin("a");
	opened = reopen(pinned, O_RDONLY);
	assert_return_code(opened, errno);
	assert_int_equal(lseek(opened, 0, SEEK_END), size);
	close(opened);
	assert_return_code(stat(in_mount("a"), &st), errno);
	close(fd);
	assert_return_code(shm_unlink("a"), errno);
	assert_true(free_blocks() < before);
	assert_return_code(munmap(map, size), errno);
	assert_int_equal(free_blocks(), before);
	assert_true(wait_until(is_stale, &pinned));
	close(pinned);
}

/* As long as a client of the mount has it open it stays; not a moment longer. */
static bool is_all_free(const void *before)
{
	return free_blocks() == *(const fsblkcnt_t *)before;
}

static void memory_is_free_at_the_last_close(void **state)
{
	static char bytes[MIB];
	fsblkcnt_t before = free_blocks();
	int fd;

	(void)state;
	put_object("a", ALICE, 0644, "");
	fd = open(in_mount("a"), O_RDWR | O_CLOEXEC);
	for (int i = 0; i < 64; i++)
		assert_int_equal(write(fd, bytes, sizeof(bytes)), sizeof(bytes));
	assert_return_code(shm_unlink("a"), errno);
	assert_true(free_blocks() < before);
	close(fd);
	assert_true(wait_until(is_all_free, &before));
}

/* ln(1) shares one object between namespaces, and lets the host shm_open(3) it. */
static void one_object_in_two_namespaces(void **state)
{
	struct stat a, b, c;
	int fd;

	(void)state;
	put_directory("blue", ALICE, 0755);
	put_directory("red", BOB, 0755);
	put_object("common", ROOT, 0666, "common");
	assert_return_code(link(in_mount("common"), in_mount("blue/common")), errno);
	assert_return_code(link(in_mount("blue/common"), in_mount("red/shared")), errno);
	assert_return_code(stat(in_mount("common"), &a), errno);
	assert_return_code(stat(in_mount("blue/common"), &b), errno);
	assert_return_code(stat(in_shm("red/shared"), &c), errno);
	assert_int_equal(a.st_ino, b.st_ino);
	assert_int_equal(a.st_ino, c.st_ino);
	assert_int_equal(a.st_nlink, 3);
	EXPECT_AS(ALICE, 0, try_write(in_mount("blue/common"), "alice!"));
	EXPECT_AS(BOB, 0, try_content(in_mount("red/shared"), "alice!"));
	EXPECT_AS(ALICE, 0, try_open(in_mount("blue/server"), O_RDWR | O_CREAT | O_EXCL, 0644));
	assert_return_code(link(in_mount("blue/server"), in_mount("blue.server")), errno);
	fd = shm_open("/blue.server", O_RDWR, 0);
	assert_return_code(fd, errno);
	assert_int_equal(write(fd, "host", 4), 4);
	close(fd);
	EXPECT_AS(ALICE, 0, try_content(in_mount("blue/server"), "host"));
	assert_return_code(shm_unlink("/blue.server"), errno);
	EXPECT_AS(ALICE, 0, try_content(in_mount("blue/server"), "host"));
	assert_return_code(unlink(in_mount("red/shared")), errno);
	assert_return_code(unlink(in_shm("common")), errno);
	EXPECT_AS(BOB, 0, try_content(in_mount("blue/common"), "alice!"));
	sweep(SHM_DIR);
}

static void the_status_says_so(void **state)
{
	(void)state;
	daemon_expect_status(&harness()->daemon, "objects are found by: file handle");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_renamed_outside_is_found),
		cmocka_unit_test(a_directory_is_found_by_those_in_it),
		cmocka_unit_test(links_and_fifos_are_found),
		cmocka_unit_test(what_is_gone_is_stale),
		cmocka_unit_test(an_object_without_a_name_is_found),
		cmocka_unit_test(memory_is_free_at_the_last_unmap),
		cmocka_unit_test(memory_is_free_at_the_last_close),
		cmocka_unit_test(one_object_in_two_namespaces),
		cmocka_unit_test(the_status_says_so),
	};

	return RUN_MOUNTED(tests);
}

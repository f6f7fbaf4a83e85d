/* SPDX-License-Identifier: MIT */
/* One object, two doors: a change through shm_open() is seen through the mount, and back. */
#include "harness.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/wait.h>
#include <unistd.h>

enum { FD_FLAGS = O_RDWR | O_CREAT | O_CLOEXEC };

static char buf[2 * MIB], got[2 * MIB];

/* The other door: shm_open() itself where it leads to the objects of the mount. */
static int open_outside(struct side *s, const char *name, int flags, mode_t mode)
{
	char object[300];

	if (!s->is_mount)
		return openat(s->out, name, flags | O_NOFOLLOW | O_CLOEXEC, mode);
	snprintf(object, sizeof(object), "/%s", name);
	return shm_open(object, flags, mode);
}

static void note_names(struct side *s)
{
	note_lstat(s, "a");
	note_lstat(s, "b");
	note_open(s, "a", O_RDONLY, 0);
	note_open(s, "b", O_RDONLY, 0);
}

static void names_made_outside_are_seen_at_once(struct side *s)
{
	for (int i = 0; i < 50; i++) {
		int fd;

		note_names(s);
		fd = T_FD(s, open_outside(s, "a", O_RDWR | O_CREAT | O_EXCL, 0640));
		note_names(s);
		T(s, ftruncate(fd, i));
		T(s, renameat(s->out, "a", s->out, "b"));
		note_names(s);
		T(s, linkat(s->out, "b", s->out, "a", 0));
		note_names(s);
		T(s, unlinkat(s->out, "b", 0));
		note_names(s);
		T(s, unlinkat(s->out, "a", 0));
		close(fd);
	}
}

static void names_made_inside_open_at_once(struct side *s)
{
	for (int i = 0; i < 50; i++) {
		T_FD(s, open_outside(s, "a", O_RDWR, 0));
		close(T_FD(s, open("a", FD_FLAGS | O_EXCL, 0600)));
		close(T_FD(s, open_outside(s, "a", O_RDWR, 0)));
		T(s, rename("a", "b"));
		T_FD(s, open_outside(s, "a", O_RDWR, 0));
		close(T_FD(s, open_outside(s, "b", O_RDWR, 0)));
		T(s, link("b", "a"));
		close(T_FD(s, open_outside(s, "a", O_RDWR, 0)));
		T(s, unlink("b"));
		T_FD(s, open_outside(s, "b", O_RDWR, 0));
		T(s, unlink("a"));
		T_FD(s, open_outside(s, "a", O_RDWR, 0));
	}
}

/* A name that comes back is another object, also for a process that looked at the first one. */
static void a_name_made_anew_is_another_object(struct side *s)
{
	for (int i = 0; i < 20; i++) {
		const int old = T_FD(s, open("o", FD_FLAGS, 0600));
		int new;

		T(s, pwrite(old, "old", 3, 0));
		T(s, unlinkat(s->out, "o", 0));
		new = T_FD(s, open_outside(s, "o", O_RDWR | O_CREAT | O_EXCL, 0644));
		T(s, pwrite(new, "newer", 5, 0));
		note_lstat(s, "o");
		note_fstat(s, old);
		T(s, pread(old, got, 10, 0));
		close(new);
		new = T_FD(s, open("o", O_RDWR | O_CLOEXEC));
		T(s, pread(new, got, 10, 0));
		T(s, pwrite(old, "more", 4, 3));
		note_fstat(s, new);
		close(old);
		close(new);
	}
}

static void bytes_pass_both_ways_at_once(struct side *s)
{
	const int inside = T_FD(s, open("o", FD_FLAGS, 0600));
	const int outside = T_FD(s, open_outside(s, "o", O_RDWR, 0));

	for (size_t len = 1; len <= 2 * MIB; len = len * 5 + 3) {
		const off_t at = (off_t)(len / 3);

		fill(buf, len, 1, at);
		T(s, pwrite(inside, buf, len, at));
		note_bytes(s, "outside", got, pread(outside, got, sizeof(got), 0));
		fill(buf, len, 2, at);
		T(s, pwrite(outside, buf, len, at));
		note_bytes(s, "inside", got, pread(inside, got, sizeof(got), 0));
		fill(buf, len, 3, at);
		T(s, pwrite(outside, buf, 3, at));
		note_bytes(s, "inside", got, pread(inside, got, 4096, at));
	}
}

static void note_both(struct side *s, int inside, const char *mapping, size_t len)
{
	note_bytes(s, "inside", got, pread(inside, got, len, 0));
	note_bytes(s, "mapping", mapping, (ssize_t)len);
}

/* A program's mapping is the object; no call tells the mount about its stores. */
static void stores_through_a_mapping_are_read_at_once(struct side *s)
{
	const size_t len = MIB;
	const int inside = T_FD(s, open("o", FD_FLAGS, 0600));
	const int outside = T_FD(s, open_outside(s, "o", O_RDWR, 0));
	char *mapping;

	T(s, ftruncate(outside, MIB));
	mapping = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_SHARED, outside, 0);
	for (size_t at = 0; at < len; at += 77777) {
		fill(mapping + at, 5000, 1, 0);
		note_both(s, inside, mapping, len);
		fill(buf, 5000, 2, 0);
		T(s, pwrite(inside, buf, 5000, (off_t)at + 1000));
		note_both(s, inside, mapping, len);
		mapping[at] = 'x';
		T(s, pread(inside, got, 1, (off_t)at));
		note(s, "byte %d", got[0]);
	}
	munmap(mapping, len);
}

static void sizes_changed_outside_are_seen_at_once(struct side *s)
{
	static const off_t to[] = {100, 0, 5000, 4096, MIB, MIB + 1, 70000, 1 * TIB, 10, 0};
	const int inside = T_FD(s, open("o", FD_FLAGS, 0600));
	const int outside = T_FD(s, open_outside(s, "o", O_RDWR, 0));

	for (size_t i = 0; i < ARRAY_SIZE(to); i++) {
		T(s, ftruncate(outside, to[i]));
		note_fstat(s, inside);
		T(s, lseek(inside, 0, SEEK_END));
		T(s, pread(inside, got, sizeof(got), to[i] / 2));
		T(s, pread(inside, got, 100, to[i] - (to[i] > 50 ? 50 : 0)));
		T(s, ftruncate(outside, to[i] / 2));
		T(s, pread(inside, got, sizeof(got), to[i] / 4));
		T(s, pwrite(outside, "grow", 4, to[i] * 2 / 3));
		T(s, pread(inside, got, sizeof(got), to[i] * 2 / 3));
		note_lstat(s, "o");
		T(s, lseek(inside, 0, SEEK_END));
		T(s, lseek(inside, 0, SEEK_HOLE));
	}
}

/* A write after an outside shrink leaves the same hole as on tmpfs. */
static void writes_after_an_outside_change_of_size(struct side *s)
{
	const int inside = T_FD(s, open("o", FD_FLAGS, 0600));
	const int outside = T_FD(s, open_outside(s, "o", O_RDWR, 0));

	for (size_t len = 10; len <= 2 * MIB; len *= 9) {
		fill(buf, len, 1, 0);
		T(s, pwrite(inside, buf, len, 0));
		T(s, ftruncate(outside, 5));
		T(s, pwrite(inside, buf, len, (off_t)len));
		note_fstat(s, outside);
		note_range(s, outside, 0, 2 * len);
		T(s, ftruncate(outside, 0));
		T(s, pwrite(inside, buf, 3, 0));
		note_fstat(s, inside);
	}
}

/* The object gets a name that was never looked up, and its old name another object. */
static void exchange_behind_the_back(struct side *s, int i)
{
	char old[24], new[24];

	snprintf(old, sizeof(old), "name-%d", i);
	snprintf(new, sizeof(new), "name-%d", i + 1);
	T(s, renameat(s->out, old, s->out, new));
	make_outside(s, old, 0, 0, 0644, 5000);
}

/* A descriptor without an open: the daemon must find its object again, under whatever name. */
static void path_descriptors_follow_their_object(struct side *s)
{
	char path[32];
	int fd;

	make_outside(s, "name-0", ALICE.uid, ALICE.gid, 0640, 10);
	fd = T_FD(s, open("name-0", O_PATH | O_CLOEXEC));
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	exchange_behind_the_back(s, 0);
	note_fstat(s, fd);
	exchange_behind_the_back(s, 1);
	T(s, chmod(path, 0604));
	exchange_behind_the_back(s, 2);
	T(s, truncate(path, 20));
	exchange_behind_the_back(s, 3);
	T(s, linkat(AT_FDCWD, path, AT_FDCWD, "linked", AT_SYMLINK_FOLLOW));
	T(s, unlinkat(s->out, "linked", 0));
	exchange_behind_the_back(s, 4);
	close(T_FD(s, open(path, O_RDWR | O_TRUNC | O_CLOEXEC)));
	exchange_behind_the_back(s, 5);
	T(s, faccessat(fd, "", R_OK, AT_EMPTY_PATH));
	note_fstat(s, fd);
}

static void attributes_changed_outside_are_seen_at_once(struct side *s)
{
	const int outside = T_FD(s, open_outside(s, "o", FD_FLAGS, 0600));
	const int inside = T_FD(s, open("o", O_RDWR | O_CLOEXEC));

	for (mode_t mode = 0; mode < 010000; mode += 0101) {
		T(s, fchmod(outside, mode));
		note_fstat(s, inside);
		note_lstat(s, "o");
	}
	for (uid_t uid = 2000; uid < 2005; uid++) {
		T(s, fchown(outside, uid, uid + 1));
		note_lstat(s, "o");
		T(s, fchmod(outside, 0400));
		AS(s, ALICE)
		{
			note_open(s, "o", O_RDONLY, 0);
			T(s, access("o", R_OK));
			T(s, chmod("o", 0440));
		}
		note_fstat(s, inside);
	}
}

static ino_t inode_of(const char *path, nlink_t *ret_links)
{
	struct stat st;

	assert_return_code(stat(path, &st), errno);
	*ret_links = st.st_nlink;
	return st.st_ino;
}

static void inode_numbers_are_those_of_the_objects(void **state)
{
	static const char *const names[] = {"first", "second", "third"};
	const char *mount = harness()->daemon.mount;
	const ino_t root = inode_of(mount, &(nlink_t){0});
	char path[80], outside[80];
	nlink_t links, links_outside;
	ino_t ino;

	(void)state;
	assert_return_code(close(shm_open("/first", FD_FLAGS, 0600)), errno);
	assert_return_code(link(SHM_DIR "/first", SHM_DIR "/second"), errno);
	snprintf(path, sizeof(path), "%s/second", mount);
	snprintf(outside, sizeof(outside), "%s/third", mount);
	assert_return_code(link(path, outside), errno);
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		snprintf(path, sizeof(path), "%s/%s", mount, names[i]);
		snprintf(outside, sizeof(outside), SHM_DIR "/%s", names[i]);
		ino = inode_of(path, &links);
		assert_int_equal(ino, inode_of(outside, &links_outside));
		assert_int_equal(ino, inode_of(SHM_DIR "/first", &links_outside));
		assert_int_equal(links, 3);
		assert_int_not_equal(ino, root);
	}
	sweep(SHM_DIR);
}

static void the_root_is_like_the_one_of_tmpfs(struct side *s)
{
	note_lstat(s, ".");
	make_outside(s, "a", 0, 0, 0600, 0);
	let_directories_age();
	note_lstat(s, ".");
	AS(s, ALICE)
	{
		T(s, access(".", R_OK | W_OK | X_OK));
		T(s, chmod(".", 0700));
		T(s, chown(".", ALICE.uid, ALICE.gid));
	}
}

static void make_outside_now(const char *name)
{
	if (mknod(in_shm(name), S_IFREG | 0666, 0) < 0)
		_exit(1);
}

/* An object and an empty directory, by new ones, as long as it lives. */
static _Noreturn void keep_replacing(void)
{
	for (;;) {
		make_outside_now("new");
		if (rename(in_shm("new"), in_shm("replaced")) < 0 ||
			mkdir(in_shm("newer"), 0777) < 0 ||
			rename(in_shm("newer"), in_shm("d")) < 0)
			_exit(2);
	}
}

static void expect_success(const char *what, long r)
{
	if (r < 0)
		fail_msg("%s: %s", what, strerror(errno));
}

/* A process that has looked it up gets it. */
static void use_replaced(const char *path)
{
	struct stat st;
	int fd;

	fd = open(path, O_RDWR | O_CLOEXEC);
	expect_success("open", fd);
	expect_success("write", write(fd, "x", 1));
	close(fd);
	expect_success("stat", stat(path, &st));
	expect_success("chmod", chmod(path, 0640));
	expect_success("truncate", truncate(path, 10));
	expect_success("access", access(path, R_OK));
}

/* A directory that is another one in the next moment has nothing in it. */
static void use_replaced_directory(const char *path)
{
	struct stat st;

	if (stat(path, &st) < 0)
		assert_int_equal(errno, ENOENT);
}

static bool has_free_inodes(const void *arg)
{
	const struct statvfs *before = arg;
	struct statvfs now;

	return statvfs(SHM_DIR, &now) == 0 && now.f_ffree == before->f_ffree;
}

static void what_is_replaced_all_the_time_can_be_used(void **state)
{
	struct statvfs before;
	pid_t pid;

	(void)state;
	assert_return_code(statvfs(SHM_DIR, &before), errno);
	make_outside_now("replaced");
	assert_return_code(mkdir(in_shm("d"), 0777), errno);
	pid = fork();
	assert_return_code(pid, errno);
	if (pid == 0)
		keep_replacing();
	for (int i = 0; i < 100; i++) {
		use_replaced(in_mount("replaced"));
		use_replaced_directory(in_mount("d/o"));
	}
	assert_int_equal(waitpid(pid, NULL, WNOHANG), 0);
	kill(pid, SIGKILL);
	wait_child(pid);
	sweep(SHM_DIR);
	assert_true(wait_until(has_free_inodes, &before));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		COMPARED(names_made_outside_are_seen_at_once),
		COMPARED(names_made_inside_open_at_once),
		COMPARED(a_name_made_anew_is_another_object),
		COMPARED(bytes_pass_both_ways_at_once),
		COMPARED(stores_through_a_mapping_are_read_at_once),
		COMPARED(sizes_changed_outside_are_seen_at_once),
		COMPARED(writes_after_an_outside_change_of_size),
		COMPARED(path_descriptors_follow_their_object),
		COMPARED(attributes_changed_outside_are_seen_at_once),
		cmocka_unit_test(inode_numbers_are_those_of_the_objects),
		cmocka_unit_test(what_is_replaced_all_the_time_can_be_used),
		COMPARED(the_root_is_like_the_one_of_tmpfs),
	};

	return RUN_MOUNTED(tests);
}

/* SPDX-License-Identifier: MIT */
/* Listings of a directory while entries come, go, and are renamed, also outside. */
#include "harness.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { MANY = 1000, FEW = 300, SMALLEST_BUFFER = 400 };

/* A directory with n files "stays-0" and so on, and as many more outside of it. */
static void fill_dir(const char *dir, int n)
{
	char name[64];

	assert_return_code(mkdir(in_mount(dir), 0755), errno);
	for (int i = 0; i < n; i++) {
		snprintf(name, sizeof(name), "%s/stays-%d", dir, i);
		assert_return_code(mknod(in_shm(name), S_IFREG | 0600, 0), errno);
		snprintf(name, sizeof(name), "other-%d", i);
		assert_return_code(mknod(in_shm(name), S_IFREG | 0600, 0), errno);
	}
}

static DIR *open_list(const char *dir)
{
	DIR *d = opendir(in_mount(dir));

	assert_non_null(d);
	return d;
}

static void count(unsigned char *counts, int n, const char *name)
{
	int i;

	if (sscanf(name, "stays-%d", &i) == 1) {
		assert_in_range(i, 0, n - 1);
		counts[i]++;
	}
}

/*
 * From where the listing is to its end: each of the names once. Returns how many other names came.
 */
static int expect_each_once(DIR *d, int n)
{
	unsigned char counts[MANY] = {0};
	const struct dirent *e;
	int others = -2;

	while ((e = readdir(d)))
		if (strncmp(e->d_name, "stays-", 6) == 0)
			count(counts, n, e->d_name);
		else
			others++;
	for (int i = 0; i < n; i++)
		if (counts[i] != 1)
			fail_msg("stays-%d came %d times", i, counts[i]);
	return others;
}

/* Entries come and go by both doors, here and in other directories. */
static _Noreturn void churn(void)
{
	char name[64];

	for (int i = 0;; i = (i + 1) % 50) {
		snprintf(name, sizeof(name), "d/a%d", i);
		mknod(in_shm(name), S_IFREG | 0600, 0);
		snprintf(name, sizeof(name), "d/z%d", i);
		mknod(in_mount(name), S_IFREG | 0600, 0);
		snprintf(name, sizeof(name), "d/sub%d", i);
		mkdir(in_mount(name), 0700);
		snprintf(name, sizeof(name), "d/a%d", (i + 25) % 50);
		unlink(in_mount(name));
		snprintf(name, sizeof(name), "d/z%d", (i + 25) % 50);
		unlink(in_shm(name));
		snprintf(name, sizeof(name), "d/sub%d", (i + 25) % 50);
		rmdir(in_shm(name));
		rename(in_mount("d/sub0"), in_mount("d/moved"));
		rename(in_mount("d/moved"), in_mount("moved"));
		rmdir(in_mount("moved"));
	}
}

static void what_stays_comes_once(void **state)
{
	const pid_t pid = fork();

	(void)state;
	assert_return_code(pid, errno);
	if (pid == 0)
		churn();
	fill_dir("d", MANY);
	for (int i = 0; i < 40; i++) {
		DIR *d = open_list("d");

		expect_each_once(d, MANY);
		closedir(d);
	}
	assert_int_equal(waitpid(pid, NULL, WNOHANG), 0);
	kill(pid, SIGKILL);
	wait_child(pid);
	sweep(SHM_DIR);
}

static void rewinding(void **state)
{
	DIR *d;

	(void)state;
	fill_dir("d", FEW);
	d = open_list("d");
	assert_int_equal(expect_each_once(d, FEW), 0);
	for (int i = 0; i < 3; i++) {
		assert_return_code(mkdir(in_mount("d/new"), 0755), errno);
		rewinddir(d);
		assert_int_equal(expect_each_once(d, FEW), 1);
		assert_return_code(rmdir(in_mount("d/new")), errno);
		rewinddir(d);
		assert_int_equal(expect_each_once(d, FEW), 0);
	}
	closedir(d);
	sweep(SHM_DIR);
}

/* A position of tmpfs itself finds its name again after another one was made: since Linux 6.6. */
static bool positions_last(void)
{
	char name[256];
	DIR *d;
	long place;
	bool same;

	fill_dir("d", 3);
	d = opendir(in_shm("d"));
	assert_non_null(d);
	for (int i = 0; i < 3; i++)
		assert_non_null(readdir(d));
	place = telldir(d);
	strcpy(name, readdir(d)->d_name);
	assert_return_code(mkdir(in_shm("d/new"), 0755), errno);
	seekdir(d, place);
	same = strcmp(readdir(d)->d_name, name) == 0;
	closedir(d);
	sweep(SHM_DIR);
	return same;
}

/*
 * From every place the rest is the same again, also when other names have gone and come meanwhile.
 */
static void telling_and_seeking(void **state)
{
	static char names[FEW + 2][256];
	static long places[FEW + 2];
	const struct dirent *e;
	DIR *d;
	int n = 0;

	(void)state;
	if (!positions_last()) {
		print_message("positions of tmpfs do not last before Linux 6.6\n");
		skip();
	}
	fill_dir("d", FEW);
	d = open_list("d");
	for (places[0] = telldir(d); (e = readdir(d)); places[n] = telldir(d)) {
		strcpy(names[n++], e->d_name);
		if (n == FEW + 2)
			break;
	}
	assert_int_equal(n, FEW + 2);
	assert_return_code(mkdir(in_mount("d/new"), 0755), errno);
	assert_return_code(unlink(in_mount("other-7")), errno);
	for (int i = n; i-- > 0;) {
		seekdir(d, places[i]);
		do
			e = readdir(d);
		while (e && strcmp(e->d_name, "new") == 0);
		assert_non_null(e);
		assert_string_equal(e->d_name, names[i]);
	}
	closedir(d);
	sweep(SHM_DIR);
}

/* As the kernel has it (getdents64(2)). */
struct raw_dirent {
	uint64_t ino;
	int64_t next;
	unsigned short length;
	unsigned char type;
	char name[];
};

/* A few entries at a time; with `change` something comes and goes after each time. */
static void list_by_small_buffers(const char *dir, bool change)
{
	_Alignas(struct raw_dirent) char buf[SMALLEST_BUFFER];
	const int fd = open(in_mount(dir), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	unsigned char counts[MANY] = {0};
	long n;

	assert_return_code(fd, errno);
	while ((n = syscall(SYS_getdents64, fd, buf, sizeof(buf))) > 0) {
		for (long at = 0; at < n;) {
			const struct raw_dirent *e = (const void *)(buf + at);

			count(counts, FEW, e->name);
			at += e->length;
		}
		if (change && mknod(in_mount("d/x"), S_IFREG | 0600, 0) == 0)
			assert_return_code(unlink(in_shm("d/x")), errno);
	}
	assert_int_equal(n, 0);
	for (int i = 0; i < FEW; i++)
		assert_int_equal(counts[i], 1);
	close(fd);
}

static void small_buffers(void **state)
{
	(void)state;
	fill_dir("d", FEW);
	list_by_small_buffers("d", false);
	list_by_small_buffers("d", true);
	sweep(SHM_DIR);
}

/* mv of everything in a loop over a listing: it ends, and each entry has come once. */
static void renaming_all_while_listing(void **state)
{
	char from[300], to[300];
	const struct dirent *e;
	int renamed = 0;
	DIR *d;

	(void)state;
	fill_dir("d", MANY);
	d = open_list("d");
	while ((e = readdir(d))) {
		if (e->d_name[0] == '.')
			continue;
		assert_true(renamed++ < MANY);
		snprintf(from, sizeof(from), "d/%s", e->d_name);
		snprintf(to, sizeof(to), "d/renamed-%s", e->d_name);
		assert_return_code(rename(in_mount(from), in_mount(to)), errno);
	}
	closedir(d);
	assert_int_equal(renamed, MANY);
	sweep(SHM_DIR);
}

/* rm -r of a tree, by its listings. */
static void removing_a_tree_while_listing(void **state)
{
	const struct dirent *e;
	int removed = 0;
	DIR *d;

	(void)state;
	fill_dir("d", MANY);
	d = open_list("d");
	for (int i = 0; i < 20; i++) {
		char name[32];

		snprintf(name, sizeof(name), "d/sub-%d", i);
		assert_return_code(mkdir(in_mount(name), 0755), errno);
	}
	while ((e = readdir(d))) {
		if (e->d_name[0] == '.')
			continue;
		assert_return_code(
			unlinkat(dirfd(d), e->d_name, e->d_type == DT_DIR ? AT_REMOVEDIR : 0),
			errno);
		removed++;
	}
	closedir(d);
	assert_int_equal(removed, MANY + 20);
	assert_return_code(rmdir(in_mount("d")), errno);
	sweep(SHM_DIR);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_stays_comes_once),
		cmocka_unit_test(rewinding),
		cmocka_unit_test(telling_and_seeking),
		cmocka_unit_test(small_buffers),
		cmocka_unit_test(renaming_all_while_listing),
		cmocka_unit_test(removing_a_tree_while_listing),
	};

	return RUN_MOUNTED(tests);
}

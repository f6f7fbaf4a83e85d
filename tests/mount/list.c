/* SPDX-License-Identifier: MIT */
/* Listing the directory, also while it changes, and statfs(2). */
#include "harness.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <sys/wait.h>
#include <unistd.h>

enum { FEW = 50, MANY = 20000 };

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static void make_numbered(const char *dir, const char *prefix, int from, int to)
{
	char path[120];

	for (int i = from; i < to; i++) {
		snprintf(path, sizeof(path), "%s/%s%d", dir, prefix, i);
		assert_return_code(mknod(path, S_IFREG | 0600, 0), errno);
	}
}

/* How often each name prefix0, prefix1, ... comes in one listing; returns the number of all. */
static size_t count_names(DIR *d, const char *prefix, unsigned char *counts, int n)
{
	const struct dirent *e;
	size_t all = 0;
	int i;

	memset(counts, 0, (size_t)n);
	while ((e = readdir(d))) {
		all++;
		if (strncmp(e->d_name, prefix, strlen(prefix)) != 0)
			continue;
		i = atoi(e->d_name + strlen(prefix));
		assert_in_range(i, 0, n - 1);
		counts[i]++;
	}
	return all;
}

static void expect_each_once(const unsigned char *counts, int n)
{
	for (int i = 0; i < n; i++)
		if (counts[i] != 1)
			fail_msg("name %d came %d times", i, counts[i]);
}

static void note_listing(struct side *s)
{
	struct dirent **names;
	struct stat st;
	const int n = scandir(".", &names, NULL, alphasort);

	note(s, "%d names", n);
	for (int i = 0; i < n; i++) {
		stat(names[i]->d_name, &st);
		note(s, "%s type %d ino %s", names[i]->d_name, names[i]->d_type,
			names[i]->d_name[0] == '.' || st.st_ino == names[i]->d_ino ? "yes" : "no");
		free(names[i]);
	}
	free(names);
}

static void listings_tell_names_types_and_inodes(struct side *s)
{
	char name[300];

	note_listing(s);
	for (int i = 0; i < FEW; i++) {
		memset(name, 'n', sizeof(name));
		snprintf(name + 250 - i * 5, 6, "%d", i);
		make_outside(s, name, 0, 0, 0600, (size_t)i);
	}
	note_listing(s);
	T(s, linkat(s->out, name, s->out, "linked", 0));
	T(s, unlinkat(s->out, name, 0));
	note_listing(s);
}

/* The directory may be read by those whom its mode lets. */
static void who_may_list(struct side *s)
{
	static const mode_t modes[] = {0755, 0711, 0700, 01733};

	make_outside(s, "o", 0, 0, 0644, 5);
	for (size_t i = 0; i < ARRAY_SIZE(modes); i++) {
		fchmod(s->out, modes[i]);
		let_directories_age();
		AS(s, ALICE)
		{
			note_open(s, ".", O_RDONLY | O_DIRECTORY, 0);
			note_open(s, "o", O_RDONLY, 0);
			note_lstat(s, "o");
		}
	}
	fchmod(s->out, 01777);
}

static void a_second_pass_sees_what_is_new(struct side *s)
{
	DIR *d = opendir(".");
	unsigned char counts[2];

	for (int i = 0; i < 5; i++) {
		note(s, "%zu names", count_names(d, "x", counts, 2));
		make_outside(s, "x1", 0, 0, 0600, 0);
		rewinddir(d);
		note(s, "%zu names", count_names(d, "x", counts, 2));
		T(s, unlink("x1"));
		rewinddir(d);
	}
	closedir(d);
}

static void every_name_comes_once(void **state)
{
	static unsigned char counts[MANY];
	DIR *d = opendir(harness()->daemon.mount);

	(void)state;
	assert_non_null(d);
	make_numbered(SHM_DIR, "many-", 0, MANY);
	for (int i = 0; i < 3; i++) {
		rewinddir(d);
		assert_int_equal(count_names(d, "many-", counts, MANY), MANY + 2);
		expect_each_once(counts, MANY);
	}
	closedir(d);
	sweep(SHM_DIR);
}

static _Noreturn void churn(const char *mount)
{
	char path[120];

	for (int i = 0;; i = (i + 1) % 100) {
		snprintf(path, sizeof(path), SHM_DIR "/a%d", i);
		mknod(path, S_IFREG | 0600, 0);
		snprintf(path, sizeof(path), "%s/z%d", mount, i);
		mknod(path, S_IFREG | 0600, 0);
		snprintf(path, sizeof(path), "%s/a%d", mount, (i + 50) % 100);
		unlink(path);
		snprintf(path, sizeof(path), SHM_DIR "/z%d", (i + 50) % 100);
		unlink(path);
	}
}

/* Names that stay during the whole listing come once, whatever happens around them. */
static void listing_while_names_come_and_go(void **state)
{
	static unsigned char counts[2000];
	const char *mount = harness()->daemon.mount;
	const pid_t pid = fork();

	(void)state;
	if (pid == 0)
		churn(mount);
	make_numbered(SHM_DIR, "stays-", 0, 2000);
	for (int i = 0; i < 30; i++) {
		DIR *d = opendir(mount);

		assert_non_null(d);
		count_names(d, "stays-", counts, 2000);
		closedir(d);
		expect_each_once(counts, 2000);
	}
	assert_int_equal(waitpid(pid, NULL, WNOHANG), 0);
	kill(pid, SIGKILL);
	wait_child(pid);
	sweep(SHM_DIR);
}

/* rm -r does this: nothing may be left, nothing may be missed. Returns how many there were. */
static int unlink_while_listing(const char *path)
{
	DIR *d = opendir(path);
	const struct dirent *e;
	int n = 0;

	assert_non_null(d);
	while ((e = readdir(d))) {
		if (e->d_name[0] == '.')
			continue;
		assert_return_code(unlinkat(dirfd(d), e->d_name, 0), errno);
		n++;
	}
	closedir(d);
	return n;
}

static void unlinking_everything_while_listing(void **state)
{
	const char *mount = harness()->daemon.mount;

	(void)state;
	make_numbered(SHM_DIR, "rm-", 0, MANY);
	assert_int_equal(unlink_while_listing(mount), MANY);
	assert_true(is_empty(SHM_DIR));
	assert_true(is_empty(mount));
}

/* The same for names of one object. */
static void unlinking_all_links_while_listing(void **state)
{
	enum { LINKS = 3000 };
	const char *mount = harness()->daemon.mount;
	char name[32];

	(void)state;
	write_file(SHM_DIR "/link-0", "x", 1);
	for (int i = 1; i < LINKS; i++) {
		snprintf(name, sizeof(name), "link-%d", i);
		assert_return_code(link(SHM_DIR "/link-0", in_shm(name)), errno);
	}
	assert_int_equal(unlink_while_listing(mount), LINKS);
	assert_true(is_empty(mount));
}

/* From every remembered place the rest of the listing is the same again. */
static void telldir_and_seekdir(void **state)
{
	static char *names[502];
	static long places[502];
	DIR *d;
	const struct dirent *e;
	size_t n = 0;

	(void)state;
	make_numbered(SHM_DIR, "seek-", 0, 500);
	d = opendir(harness()->daemon.mount);
	assert_non_null(d);
	for (places[0] = telldir(d); (e = readdir(d)); places[n] = telldir(d)) {
		assert_in_range(n, 0, 501);
		names[n++] = strdup(e->d_name);
		if (n == 502)
			break;
	}
	assert_int_equal(n, 502);
	for (size_t i = n; i-- > 0;) {
		seekdir(d, places[i]);
		e = readdir(d);
		assert_non_null(e);
		assert_string_equal(e->d_name, names[i]);
	}
	closedir(d);
	qsort(names, n, sizeof(*names), by_name);
	for (size_t i = 1; i < n; i++)
		assert_string_not_equal(names[i], names[i - 1]);
	for (size_t i = 0; i < n; i++)
		free(names[i]);
	sweep(SHM_DIR);
}

static void two_listings_at_once(void **state)
{
	DIR *first, *second;
	const struct dirent *a, *b;

	(void)state;
	make_numbered(SHM_DIR, "two-", 0, 3000);
	first = opendir(harness()->daemon.mount);
	second = opendir(harness()->daemon.mount);
	do {
		a = readdir(first);
		b = readdir(second);
		assert_int_equal(a == NULL, b == NULL);
		if (a)
			assert_string_equal(a->d_name, b->d_name);
	} while (a);
	closedir(first);
	closedir(second);
	sweep(SHM_DIR);
}

static void expect_equal_statfs(const char *what)
{
	struct statvfs a, b;

	assert_return_code(statvfs(harness()->daemon.mount, &a), errno);
	assert_return_code(statvfs(SHM_DIR, &b), errno);
	print_message("# statfs %s\n", what);
	assert_int_equal(a.f_bsize, b.f_bsize);
	assert_int_equal(a.f_frsize, b.f_frsize);
	assert_int_equal(a.f_blocks, b.f_blocks);
	assert_int_equal(a.f_bfree, b.f_bfree);
	assert_int_equal(a.f_bavail, b.f_bavail);
	assert_int_equal(a.f_files, b.f_files);
	assert_int_equal(a.f_ffree, b.f_ffree);
	assert_int_equal(a.f_namemax, b.f_namemax);
}

static void statfs_is_that_of_the_tmpfs(void **state)
{
	static const char bytes[100000] = "x";

	(void)state;
	expect_equal_statfs("empty");
	write_file(SHM_DIR "/o", bytes, sizeof(bytes));
	expect_equal_statfs("with an object");
	make_numbered(harness()->daemon.mount, "n", 0, 100);
	expect_equal_statfs("with many");
	sweep(SHM_DIR);
	expect_equal_statfs("empty again");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		COMPARED(listings_tell_names_types_and_inodes),
		COMPARED(who_may_list),
		COMPARED(a_second_pass_sees_what_is_new),
		cmocka_unit_test(every_name_comes_once),
		cmocka_unit_test(listing_while_names_come_and_go),
		cmocka_unit_test(unlinking_everything_while_listing),
		cmocka_unit_test(unlinking_all_links_while_listing),
		cmocka_unit_test(telldir_and_seekdir),
		cmocka_unit_test(two_listings_at_once),
		cmocka_unit_test(statfs_is_that_of_the_tmpfs),
	};

	return RUN_MOUNTED(tests);
}

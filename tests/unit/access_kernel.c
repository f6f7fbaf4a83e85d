/* SPDX-License-Identifier: MIT */
/*
 * lib/access against the kernel: the same questions to files of a real tmpfs, asked with the real
 * credentials of each caller. Needs root, to become all of them.
 */
#include "unit.h"

#include "callers.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define DIR_PATH "/dev/shm/dir"
#define FILE_PATH "/dev/shm/file"
#define VICTIM_PATH DIR_PATH "/victim"
#define OTHER_PATH DIR_PATH "/other"

/* Each third mode is tried, to be quick; being odd, it meets every bit set and not set. */
#define STRIDE 3

static void become(const struct who *who)
{
	const gid_t supplementary = who->supplementary;

	CHECK(setgroups(supplementary != 0, &supplementary) == 0);
	CHECK(setegid(who->caller.gid) == 0);
	CHECK(seteuid(who->caller.uid) == 0);
}

static void become_root(void)
{
	CHECK(seteuid(0) == 0);
	CHECK(setegid(0) == 0);
	CHECK(setgroups(0, NULL) == 0);
}

static int outcome(int result)
{
	return result < 0 ? -errno : 0;
}

static struct stat stat_of(const char *path)
{
	struct stat st;

	CHECK(lstat(path, &st) == 0);
	return st;
}

static void make_file(const char *path, uid_t uid, gid_t gid, mode_t mode)
{
	int fd;

	/* Opening an existing one with O_CREAT is what fs.protected_regular may forbid. */
	unlink(path);
	fd = open(path, O_RDWR | O_CREAT | O_EXCL, 0600);
	CHECK(fd >= 0);
	CHECK(fchown(fd, uid, gid) == 0);
	CHECK(fchmod(fd, mode) == 0);
	close(fd);
}

static void make_dir(const char *path, uid_t uid, gid_t gid, mode_t mode)
{
	CHECK(mkdir(path, 0700) == 0 || errno == EEXIST);
	CHECK(chown(path, uid, gid) == 0);
	CHECK(chmod(path, mode) == 0);
}

static void check_same(int ours, int kernel, const struct who *who, const struct stat *st, int what)
{
	if (ours == kernel)
		return;
	fprintf(stderr, "%s, mode %o of %u:%u, %d: we say %s, the kernel %s\n", who->what,
		st->st_mode, st->st_uid, st->st_gid, what, strerror(-ours), strerror(-kernel));
	fflush(NULL);
	_exit(1);
}

static int try_open(const char *path, int flags)
{
	const int fd = open(path, flags);

	if (fd < 0)
		return -errno;
	close(fd);
	return 0;
}

/* For one mode, as the caller: access(2) and open(2). */
static void compare_access(const char *path, const struct stat *st, struct who *who)
{
	for (int wanted = 0; wanted <= 7; wanted++)
		check_same(shmfs_access_check(st, &who->caller, wanted),
			outcome(faccessat(AT_FDCWD, path, wanted, AT_EACCESS)), who, st, wanted);
	if (S_ISDIR(st->st_mode))
		return;
	check_same(shmfs_access_check(st, &who->caller, SHMFS_MAY_READ), try_open(path, O_RDONLY),
		who, st, O_RDONLY);
	check_same(shmfs_access_check(st, &who->caller, SHMFS_MAY_WRITE),
		try_open(path, O_WRONLY | O_TRUNC), who, st, O_WRONLY);
	check_same(shmfs_access_check(st, &who->caller, SHMFS_MAY_READ | SHMFS_MAY_WRITE),
		try_open(path, O_RDWR), who, st, O_RDWR);
}

static void child_access(void *arg)
{
	(void)arg;
	for (mode_t mode = 0; mode <= 07777; mode += STRIDE) {
		make_file(FILE_PATH, OWNER, GROUP, mode);
		make_dir(DIR_PATH, OWNER, GROUP, mode);
		for (size_t c = 0; c < CALLERS; c++) {
			const struct stat file = stat_of(FILE_PATH);
			const struct stat dir = stat_of(DIR_PATH);

			become(&callers[c]);
			compare_access(FILE_PATH, &file, &callers[c]);
			compare_access(DIR_PATH, &dir, &callers[c]);
			become_root();
		}
	}
}

static void test_access_and_open(void **state)
{
	(void)state;
	assert_child_passes(child_access, NULL);
}

static void child_chmod(void *arg)
{
	(void)arg;
	for (mode_t mode = 0; mode <= 07777; mode += STRIDE)
		for (size_t c = 0; c < CALLERS; c++) {
			struct stat st;
			mode_t result = 0;
			int ours;

			make_file(FILE_PATH, OWNER, GROUP, 0600);
			st = stat_of(FILE_PATH);
			ours = shmfs_access_chmod(&st, &callers[c].caller, mode, &result);
			become(&callers[c]);
			check_same(
				ours, outcome(chmod(FILE_PATH, mode)), &callers[c], &st, (int)mode);
			become_root();
			if (ours == 0)
				CHECK((stat_of(FILE_PATH).st_mode & 07777) == result);
		}
}

static void test_chmod(void **state)
{
	(void)state;
	assert_child_passes(child_chmod, NULL);
}

static void child_chown(void *arg)
{
	static const uid_t uids[] = {(uid_t)-1, 0, OWNER, STRANGER};
	static const gid_t gids[] = {(gid_t)-1, 0, GROUP, ELSE, 7};

	(void)arg;
	for (size_t c = 0; c < CALLERS; c++)
		for (size_t u = 0; u < 4; u++)
			for (size_t g = 0; g < 5; g++) {
				struct who *who = &callers[c];
				struct stat st;
				int ours;

				make_file(FILE_PATH, OWNER, GROUP, 0644);
				st = stat_of(FILE_PATH);
				ours = shmfs_access_chown(&st, &who->caller, uids[u], gids[g]);
				become(who);
				check_same(ours, outcome(chown(FILE_PATH, uids[u], gids[g])), who,
					&st, (int)(u * 10 + g));
				become_root();
			}
}

static void test_chown(void **state)
{
	(void)state;
	assert_child_passes(child_chown, NULL);
}

static void child_utimens(void *arg)
{
	static const struct timespec times[][2] = {
		{{0, UTIME_NOW}, {0, UTIME_NOW}},
		{{0, UTIME_NOW}, {0, UTIME_OMIT}},
		{{0, UTIME_OMIT}, {0, UTIME_NOW}},
		{{5, 0}, {0, UTIME_NOW}},
		{{5, 0}, {6, 0}},
	};

	(void)arg;
	for (mode_t mode = 0; mode <= 07777; mode += STRIDE)
		for (size_t c = 0; c < CALLERS; c++) {
			struct stat st;

			make_file(FILE_PATH, OWNER, GROUP, mode);
			st = stat_of(FILE_PATH);
			become(&callers[c]);
			for (int t = 0; t < 5; t++)
				check_same(shmfs_access_utimens(&st, &callers[c].caller, t == 0),
					outcome(utimensat(AT_FDCWD, FILE_PATH, times[t], 0)),
					&callers[c], &st, t);
			become_root();
		}
}

static void test_utimens(void **state)
{
	(void)state;
	assert_child_passes(child_utimens, NULL);
}

/* The machine's setting is not ours to change; access.c tries both. */
static bool is_protected(void)
{
	FILE *file = fopen("/proc/sys/fs/protected_hardlinks", "re");
	int value = 0;

	if (!file)
		return false;
	CHECK(fscanf(file, "%d", &value) == 1);
	fclose(file);
	return value != 0;
}

static void child_link(void *arg)
{
	const bool protected_hardlinks = is_protected();

	(void)arg;
	make_dir(DIR_PATH, 0, 0, 0777);
	for (mode_t mode = 0; mode <= 07777; mode += STRIDE)
		for (size_t c = 0; c < CALLERS; c++) {
			struct stat st;

			make_file(FILE_PATH, OWNER, GROUP, mode);
			st = stat_of(FILE_PATH);
			become(&callers[c]);
			check_same(shmfs_access_link(&st, &callers[c].caller, protected_hardlinks),
				outcome(link(FILE_PATH, OTHER_PATH)), &callers[c], &st, 0);
			become_root();
			unlink(OTHER_PATH);
		}
}

static void test_link(void **state)
{
	(void)state;
	assert_child_passes(child_link, NULL);
}

static void child_create(void *arg)
{
	(void)arg;
	for (mode_t mode = 0; mode <= 07777; mode += STRIDE)
		for (size_t c = 0; c < CALLERS; c++) {
			struct stat st;

			make_dir(DIR_PATH, OWNER, GROUP, mode);
			st = stat_of(DIR_PATH);
			become(&callers[c]);
			check_same(shmfs_access_create(&st, &callers[c].caller),
				try_open(OTHER_PATH, O_RDWR | O_CREAT | O_EXCL), &callers[c], &st,
				0);
			become_root();
			unlink(OTHER_PATH);
		}
}

static void test_create(void **state)
{
	(void)state;
	assert_child_passes(child_create, NULL);
}

/* unlink(2), rename(2) away and rename(2) over it: one rule for the three. */
static int try_remove(int how)
{
	switch (how) {
	case 0:
		return outcome(unlink(VICTIM_PATH));
	case 1:
		return outcome(rename(VICTIM_PATH, OTHER_PATH));
	default:
		return outcome(rename(OTHER_PATH, VICTIM_PATH));
	}
}

static void compare_remove(const struct stat *dir, uid_t victim, struct who *who)
{
	for (int how = 0; how < 3; how++) {
		struct stat st;
		int kernel;

		make_file(VICTIM_PATH, victim, GROUP, 0600);
		unlink(OTHER_PATH);
		if (how == 2) /* what replaces it is the caller's own */
			make_file(OTHER_PATH, who->caller.uid, GROUP, 0600);
		st = stat_of(VICTIM_PATH);
		become(who);
		kernel = try_remove(how);
		become_root();
		check_same(shmfs_access_remove(dir, &st, &who->caller), kernel, who, dir, how);
	}
}

static void child_remove(void *arg)
{
	static const mode_t modes[] = {0777, 01777, 01770, 01707, 0755, 01755, 01733, 01300, 0};
	static const uid_t owners[] = {0, OWNER, STRANGER};

	(void)arg;
	for (size_t m = 0; m < COUNT(modes); m++)
		for (size_t o = 0; o < 9; o++)
			for (size_t c = 0; c < CALLERS; c++) {
				struct stat dir;

				make_dir(DIR_PATH, owners[o / 3], GROUP, modes[m]);
				dir = stat_of(DIR_PATH);
				compare_remove(&dir, owners[o % 3], &callers[c]);
			}
}

static void test_remove(void **state)
{
	(void)state;
	assert_child_passes(child_remove, NULL);
}

int main(void)
{
#define SHM_TEST(test) cmocka_unit_test_setup_teardown(test, unit_setup_shm, unit_teardown_shm)
	const struct CMUnitTest tests[] = {
		SHM_TEST(test_access_and_open),
		SHM_TEST(test_chmod),
		SHM_TEST(test_chown),
		SHM_TEST(test_utimens),
		SHM_TEST(test_link),
		SHM_TEST(test_create),
		SHM_TEST(test_remove),
	};

	unit_need_private_shm();
	return cmocka_run_group_tests_name("access_kernel", tests, NULL, NULL);
}

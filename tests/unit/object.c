/* SPDX-License-Identifier: MIT */
/*
 * lib/object: opening, making and changing objects, also where something else than an object has
 * the name. object_names.c is about names, object_list.c about all objects.
 */
#include "object_world.h"

#include "identity.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#define ALICE 64001

static const int access_modes[] = {O_RDONLY, O_WRONLY, O_RDWR};

static void test_open_opens_the_object_that_is_meant(void **state)
{
	const struct shmfs_name a = name_of("a");
	const struct stat made = make_object("a", "text");

	(void)state;
	for (size_t i = 0; i < COUNT(access_modes); i++) {
		struct stat st;
		const int fd = shmfs_object_open(&a, made.st_ino, access_modes[i], &st);

		assert_return_code(fd, -fd);
		assert_int_equal(st.st_ino, made.st_ino);
		assert_int_equal(st.st_size, 4);
		assert_int_equal(fcntl(fd, F_GETFL) & O_ACCMODE, access_modes[i]);
		assert_int_equal(fcntl(fd, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
		close(fd);
	}
}

static void test_open_and_pin_refuse_what_is_not_meant(void **state)
{
	const struct shmfs_name a = name_of("a");
	const struct shmfs_name none = name_of("none");
	const struct stat made = make_object("a", "");
	const int fds = unit_count_fds();
	struct stat st = {.st_ino = 42};

	(void)state;
	assert_int_equal(shmfs_object_open(&a, made.st_ino + 1, O_RDWR, &st), -ESTALE);
	assert_int_equal(shmfs_object_pin(&a, made.st_ino + 1, &st), -ESTALE);
	assert_int_equal(shmfs_object_open(&none, made.st_ino, O_RDWR, &st), -ENOENT);
	assert_int_equal(shmfs_object_pin(&none, made.st_ino, &st), -ENOENT);
	assert_int_equal(st.st_ino, 42);
	assert_int_equal(unit_count_fds(), fds);
}

/* A directory is not shown, everything else is as what it is, without being opened. */
#define CHECK_SHOWN(name, ino, shown)                                                 \
	do {                                                                          \
		struct stat seen;                                                     \
		const int pin = shmfs_object_pin(name, ino, &seen);                   \
		CHECK((shown) ? pin >= 0 && !S_ISREG(seen.st_mode) : pin == -ESTALE); \
		CHECK(shmfs_object_stat(name, &seen) == ((shown) ? 0 : -ENOENT));     \
		if (pin >= 0)                                                         \
			close(pin);                                                   \
	} while (0)

/* With a FIFO that nobody reads, blocking would last for ever. */
static void child_meets_foreign_entries(void *arg)
{
	const int fds = unit_count_fds();

	(void)arg;
	for (size_t f = 0; f < FOREIGN; f++) {
		const struct shmfs_name name = name_of(foreign[f]);
		const uint64_t ino = ino_of(foreign[f]);
		struct stat st;

		for (size_t i = 0; i < COUNT(access_modes); i++) {
			const int r = shmfs_object_open(&name, ino, access_modes[i], &st);

			if (r != -ESTALE)
				fprintf(stderr, "%s opened with %d: %d\n", foreign[f],
					access_modes[i], r);
			CHECK(r == -ESTALE);
		}
		CHECK_SHOWN(&name, ino, strcmp(foreign[f], "dir") != 0);
		CHECK(shmfs_object_create(&name, 0600) == -EEXIST);
	}
	CHECK(unit_count_fds() == fds);
}

static void test_foreign_entries_are_no_objects(void **state)
{
	(void)state;
	make_object("target", "text");
	make_foreign();
	assert_child_passes(child_meets_foreign_entries, NULL);
}

/* The link's target is an object, and that is what must not be reached by the link's name. */
static void test_symbolic_links_are_not_followed(void **state)
{
	const struct shmfs_name link = name_of("symlink");
	const struct stat target = make_object("target", "text");
	struct stat st;

	(void)state;
	make_foreign();
	assert_int_equal(shmfs_object_open(&link, target.st_ino, O_RDWR, &st), -ESTALE);
	assert_int_equal(shmfs_object_pin(&link, target.st_ino, &st), -ESTALE);
	assert_int_equal(shmfs_object_stat(&link, &st), 0);
	assert_true(S_ISLNK(st.st_mode));
	assert_int_not_equal(st.st_ino, target.st_ino);
}

static void test_create_makes_what_was_not_there(void **state)
{
	const struct shmfs_name a = name_of("a");
	struct stat st;
	int fd;

	(void)state;
	umask(022);
	fd = shmfs_object_create(&a, 07777);
	umask(0);
	assert_return_code(fd, -fd);
	assert_int_equal(fcntl(fd, F_GETFL) & O_ACCMODE, O_RDWR);
	assert_int_equal(fcntl(fd, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
	assert_int_equal(write(fd, "text", 4), 4);
	close(fd);
	assert_int_equal(shmfs_object_stat(&a, &st), 0);
	assert_int_equal(st.st_mode, S_IFREG | 07755);
	assert_int_equal(shmfs_object_create(&a, 0600), -EEXIST);
	assert_int_equal(shmfs_object_stat(&a, &st), 0);
	assert_int_equal(st.st_size, 4);
}

static void test_create_takes_the_longest_name(void **state)
{
	char component[SHMFS_NAME_MAX + 1];
	struct shmfs_name name;
	int fd;

	(void)state;
	memset(component, 'x', SHMFS_NAME_MAX);
	component[SHMFS_NAME_MAX] = '\0';
	name = name_of(component);
	fd = shmfs_object_create(&name, 0);
	assert_return_code(fd, -fd);
	close(fd);
	assert_int_equal(shmfs_object_unlink(&name), 0);
}

static void test_pinned_object_is_reopened_wherever_it_is(void **state)
{
	char text[8];
	int fd, again;

	(void)state;
	make_object("a", "text");
	fd = pin("a");
	make_object("c", "other");
	rename_object("a", "b", 0);
	rename_object("c", "a", 0);
	unlink_object("b");
	for (size_t i = 0; i < COUNT(access_modes); i++) {
		again = shmfs_object_reopen(fd, access_modes[i]);
		assert_return_code(again, -again);
		assert_int_equal(fcntl(again, F_GETFL) & O_ACCMODE, access_modes[i]);
		assert_int_equal(fcntl(again, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
		if (access_modes[i] != O_WRONLY) {
			assert_int_equal(read(again, text, sizeof(text)), 4);
			assert_memory_equal(text, "text", 4);
		}
		close(again);
	}
	again = shmfs_object_reopen(fd, O_RDWR | O_TRUNC);
	assert_int_equal(read(again, text, sizeof(text)), 0);
	close(again);
	close(fd);
}

/* Whoever has a lease may keep all others waiting, but not us. */
static void child_meets_a_lease(void *arg)
{
	const struct shmfs_name a = name_of("a");
	const uint64_t ino = ino_of("a");
	const int pinned = *(const int *)arg;
	struct stat st;

	CHECK(shmfs_object_open(&a, ino, O_RDWR, &st) == -EAGAIN);
	CHECK(shmfs_object_reopen(pinned, O_WRONLY) == -EAGAIN);
	CHECK(shmfs_object_truncate(pinned, 0) == -EAGAIN);
	CHECK(shmfs_object_stat(&a, &st) == 0);
	CHECK(st.st_size == 4);
}

static void test_nothing_waits_for_a_lease(void **state)
{
	int pinned, holder;

	(void)state;
	make_object("a", "text");
	pinned = pin("a");
	holder = open(SHMFS_OBJECT_DIR "/a", O_RDONLY | O_CLOEXEC);
	assert_return_code(holder, errno);
	signal(SIGIO, SIG_IGN);
	assert_return_code(fcntl(holder, F_SETLEASE, F_RDLCK), errno);
	assert_child_passes(child_meets_a_lease, &pinned);
	close(holder);
	close(pinned);
}

static void test_stat_tells_what_fstat_tells(void **state)
{
	const struct shmfs_name none = name_of("none");
	const struct shmfs_name a = name_of("a");
	const struct stat made = make_object("a", "text");
	struct stat st = {.st_ino = 42};
	struct stat dir;

	(void)state;
	assert_int_equal(shmfs_object_stat(&none, &st), -ENOENT);
	assert_int_equal(st.st_ino, 42);
	assert_int_equal(shmfs_object_stat(&a, &st), 0);
	assert_memory_equal(&st, &made, sizeof(st));

	assert_int_equal(shmfs_object_stat_dir(&st), 0);
	assert_return_code(stat(SHMFS_OBJECT_DIR, &dir), errno);
	assert_memory_equal(&st, &dir, sizeof(st));
}

static void test_attributes_are_set_through_a_pin(void **state)
{
	const struct timespec times[2] = {{1000000000, 7}, {0, UTIME_OMIT}};
	const struct shmfs_name a = name_of("a");
	const struct stat made = make_object("a", "text");
	const int fd = pin("a");
	struct stat st;

	(void)state;
	assert_int_equal(shmfs_object_chown(fd, ALICE, (gid_t)-1), 0);
	assert_int_equal(shmfs_object_chmod(fd, 06711), 0);
	assert_int_equal(shmfs_object_utimens(fd, times), 0);
	assert_int_equal(shmfs_object_stat(&a, &st), 0);
	assert_int_equal(st.st_mode, S_IFREG | 06711);
	assert_int_equal(st.st_uid, ALICE);
	assert_int_equal(st.st_gid, made.st_gid);
	assert_int_equal(st.st_atim.tv_sec, 1000000000);
	assert_int_equal(st.st_atim.tv_nsec, 7);
	assert_memory_equal(&st.st_mtim, &made.st_mtim, sizeof(st.st_mtim));
	assert_int_equal(shmfs_object_truncate(fd, 2), 0);
	assert_int_equal(shmfs_object_truncate(fd, -1), -EINVAL);
	assert_int_equal(shmfs_object_stat(&a, &st), 0);
	assert_int_equal(st.st_size, 2);
	close(fd);
}

static void test_directory_can_be_pinned(void **state)
{
	struct stat st;
	struct stat dir;
	const int fd = shmfs_object_pin_dir(&st);

	(void)state;
	assert_return_code(fd, -fd);
	assert_return_code(stat(SHMFS_OBJECT_DIR, &dir), errno);
	assert_memory_equal(&st, &dir, sizeof(st));
	assert_int_equal(fcntl(fd, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
	assert_int_equal(shmfs_object_chmod(fd, 01755), 0);
	assert_int_equal(shmfs_object_stat_dir(&st), 0);
	assert_int_equal(st.st_mode, S_IFDIR | 01755);
	close(fd);
}

static void child_may_not_change(void *arg)
{
	const struct timespec times[2] = {{1, 0}, {1, 0}};
	const int fd = *(const int *)arg;

	CHECK(shmfs_identity_init() == 0);
	CHECK(shmfs_identity_assume(ALICE, ALICE, NULL, 0) == 0);
	CHECK(shmfs_object_chmod(fd, 0777) == -EPERM);
	CHECK(shmfs_object_chown(fd, ALICE, ALICE) == -EPERM);
	CHECK(shmfs_object_utimens(fd, times) == -EPERM);
	CHECK(shmfs_object_truncate(fd, 0) == -EACCES);
	CHECK(shmfs_object_reopen(fd, O_RDONLY) == -EACCES);
}

static void test_kernel_refuses_what_the_caller_may_not(void **state)
{
	int fd;

	(void)state;
	make_object("a", "text");
	fd = pin("a");
	assert_child_passes(child_may_not_change, &fd);
	close(fd);
}

static void test_statvfs_is_the_tmpfss(void **state)
{
	struct statvfs ours;
	struct statvfs tmpfs;

	(void)state;
	make_object("a", "text");
	assert_int_equal(shmfs_object_statvfs(&ours), 0);
	assert_return_code(statvfs(SHMFS_OBJECT_DIR, &tmpfs), errno);
	assert_memory_equal(&ours, &tmpfs, sizeof(ours));
	assert_int_equal(ours.f_blocks * ours.f_frsize, OBJECT_WORLD_SIZE);
}

int main(void)
{
#define SHM_TEST(test) cmocka_unit_test_setup_teardown(test, object_setup, object_teardown)
	const struct CMUnitTest tests[] = {
		SHM_TEST(test_open_opens_the_object_that_is_meant),
		SHM_TEST(test_open_and_pin_refuse_what_is_not_meant),
		SHM_TEST(test_foreign_entries_are_no_objects),
		SHM_TEST(test_symbolic_links_are_not_followed),
		SHM_TEST(test_create_makes_what_was_not_there),
		SHM_TEST(test_create_takes_the_longest_name),
		SHM_TEST(test_pinned_object_is_reopened_wherever_it_is),
		SHM_TEST(test_nothing_waits_for_a_lease),
		SHM_TEST(test_stat_tells_what_fstat_tells),
		SHM_TEST(test_attributes_are_set_through_a_pin),
		SHM_TEST(test_directory_can_be_pinned),
		SHM_TEST(test_kernel_refuses_what_the_caller_may_not),
		SHM_TEST(test_statvfs_is_the_tmpfss),
	};

	unit_need_private_shm();
	return cmocka_run_group_tests_name("object", tests, NULL, NULL);
}

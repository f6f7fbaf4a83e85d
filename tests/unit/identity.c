/* SPDX-License-Identifier: MIT */
/*
 * lib/identity: acting as somebody else, and being oneself again. Needs root. Credentials cannot be
 * taken back: everything is done by children.
 */
#include "unit.h"

#include "identity.h"
#include "identity_world.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sys/stat.h>
#include <unistd.h>

static void child_creates_as_the_caller(void *arg)
{
	(void)arg;
	CHECK(shmfs_identity_init() == 0);
	CHECK(shmfs_identity_assume(ALICE, STAFF, NULL, 0) == 0);
	identity_check(ALICE, STAFF, 0);
	identity_check_creates("alice", ALICE, STAFF);
	shmfs_identity_restore();
	identity_check(0, 0, 0);
	identity_check_creates("root", 0, 0);

	CHECK(shmfs_identity_assume(BOB, 0, identity_extra, 1) == 0);
	identity_check(BOB, 0, 1);
	identity_check_creates("bob", BOB, 0);
	shmfs_identity_restore();
	CHECK(shmfs_identity_assume(0, STAFF, NULL, 0) == 0);
	identity_check(0, STAFF, 0);
	identity_check_creates("rooted", 0, STAFF);
	shmfs_identity_restore();
	identity_check(0, 0, 0);
}

static void test_objects_belong_to_the_caller_from_birth(void **state)
{
	(void)state;
	assert_child_passes(child_creates_as_the_caller, NULL);
}

/* Opens for reading what mode 0040 leaves to the group. */
static int try_read(void)
{
	const int fd = open("/dev/shm/for-identity_extra", O_RDONLY);

	if (fd < 0)
		return -errno;
	close(fd);
	return 0;
}

static void child_uses_groups(void *arg)
{
	const int fd = open("/dev/shm/for-identity_extra", O_RDWR | O_CREAT, 0040);

	(void)arg;
	CHECK(fd >= 0);
	CHECK(fchown(fd, 0, EXTRA) == 0);
	CHECK(shmfs_identity_init() == 0);
	for (int i = 0; i < 3; i++) {
		CHECK(shmfs_identity_assume(ALICE, STAFF, NULL, 0) == 0);
		CHECK(try_read() == -EACCES);
		shmfs_identity_restore();
		CHECK(shmfs_identity_assume(ALICE, STAFF, identity_extra, 1) == 0);
		identity_check(ALICE, STAFF, 1);
		CHECK(try_read() == 0);
		shmfs_identity_restore();
		identity_check(0, 0, 0);
		CHECK(shmfs_identity_assume(ALICE, EXTRA, NULL, 0) == 0);
		CHECK(try_read() == 0);
		shmfs_identity_restore();
		CHECK(try_read() == 0); /* as root, with its capabilities back */
	}
}

static void test_supplementary_groups_count_only_while_assumed(void **state)
{
	(void)state;
	assert_child_passes(child_uses_groups, NULL);
}

static void child_is_judged_by_the_kernel(void *arg)
{
	const int fd = open("/dev/shm/for-root", O_RDWR | O_CREAT, 0600);

	(void)arg;
	CHECK(fd >= 0);
	CHECK(shmfs_identity_init() == 0);
	CHECK(shmfs_identity_assume(ALICE, STAFF, NULL, 0) == 0);
	CHECK(open("/dev/shm/for-root", O_RDONLY) < 0 && errno == EACCES);
	CHECK(unlink("/dev/shm/for-root") < 0 && errno == EPERM);
	CHECK(fchmod(fd, 0777) < 0 && errno == EPERM);
	CHECK(fchown(fd, ALICE, STAFF) < 0 && errno == EPERM);
	shmfs_identity_restore();
	CHECK(fchmod(fd, 0640) == 0);
	CHECK(fchown(fd, ALICE, STAFF) == 0);
	CHECK(unlink("/dev/shm/for-root") == 0);
}

static void test_kernel_takes_us_for_the_caller(void **state)
{
	(void)state;
	assert_child_passes(child_is_judged_by_the_kernel, NULL);
}

struct pair {
	pthread_barrier_t step;
	uid_t uid;
};

/* Looks on while the other thread is somebody else. */
static void *look_on(void *arg)
{
	struct pair *pair = arg;

	for (int i = 0; i < 3; i++) {
		pthread_barrier_wait(&pair->step);
		identity_check(0, 0, 0);
		pthread_barrier_wait(&pair->step);
	}
	return NULL;
}

static void child_leaves_other_threads_alone(void *arg)
{
	struct pair pair;
	pthread_t thread;

	(void)arg;
	CHECK(shmfs_identity_init() == 0);
	CHECK(pthread_barrier_init(&pair.step, NULL, 2) == 0);
	CHECK(pthread_create(&thread, NULL, look_on, &pair) == 0);
	for (int i = 0; i < 3; i++) {
		CHECK(shmfs_identity_assume(ALICE, STAFF, identity_extra, 1) == 0);
		pthread_barrier_wait(&pair.step);
		pthread_barrier_wait(&pair.step);
		identity_check(ALICE, STAFF, 1);
		shmfs_identity_restore();
	}
	CHECK(pthread_join(thread, NULL) == 0);
	pthread_barrier_destroy(&pair.step);
}

static void *act_as(void *arg)
{
	const uid_t uid = *(const uid_t *)arg;

	for (int i = 0; i < 1000; i++) {
		const gid_t groups[] = {EXTRA, uid, STAFF};

		CHECK(shmfs_identity_assume(uid, uid, groups, (size_t)i % 4) == 0);
		identity_check(uid, uid, i % 4);
		shmfs_identity_restore();
		identity_check(0, 0, 0);
	}
	return NULL;
}

static void child_acts_as_two(void *arg)
{
	uid_t uids[] = {ALICE, BOB};
	pthread_t threads[2];

	(void)arg;
	CHECK(shmfs_identity_init() == 0);
	for (size_t i = 0; i < 2; i++)
		CHECK(pthread_create(&threads[i], NULL, act_as, &uids[i]) == 0);
	for (size_t i = 0; i < 2; i++)
		CHECK(pthread_join(threads[i], NULL) == 0);
}

static void test_threads_have_identities_of_their_own(void **state)
{
	(void)state;
	assert_child_passes(child_leaves_other_threads_alone, NULL);
	assert_child_passes(child_acts_as_two, NULL);
}

int main(void)
{
#define SHM_TEST(test) cmocka_unit_test_setup_teardown(test, unit_setup_shm, unit_teardown_shm)
	const struct CMUnitTest tests[] = {
		SHM_TEST(test_objects_belong_to_the_caller_from_birth),
		SHM_TEST(test_supplementary_groups_count_only_while_assumed),
		SHM_TEST(test_kernel_takes_us_for_the_caller),
		SHM_TEST(test_threads_have_identities_of_their_own),
	};

	unit_need_private_shm();
	return cmocka_run_group_tests_name("identity", tests, NULL, NULL);
}

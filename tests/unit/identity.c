/* SPDX-License-Identifier: MIT */
/*
 * lib/identity: acting as somebody else, being oneself again, and what happens when the kernel
 * refuses either. Needs root. Credentials cannot be taken back: everything is done by children.
 */
#include "unit.h"

#include "identity.h"
#include "object.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/fsuid.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Ids that nobody has on a usual system. */
enum { ALICE = 64001, BOB = 64002, STAFF = 64003, EXTRA = 64004 };

static const gid_t extra[] = {EXTRA};

/* What the kernel is made to refuse. */
static struct {
	bool setfsuid, setfsgid, setgroups;
} refused;

int __real_setfsuid(uid_t uid);
int __wrap_setfsuid(uid_t uid);
int __real_setfsgid(gid_t gid);
int __wrap_setfsgid(gid_t gid);
long __real_syscall(long number, ...);
long __wrap_syscall(long number, ...);

int __wrap_setfsuid(uid_t uid)
{
	return __real_setfsuid(refused.setfsuid ? (uid_t)-1 : uid);
}

int __wrap_setfsgid(gid_t gid)
{
	return __real_setfsgid(refused.setfsgid ? (gid_t)-1 : gid);
}

long __wrap_syscall(long number, ...)
{
	va_list list;
	long a[3];

	va_start(list, number);
	for (int i = 0; i < 3; i++)
		a[i] = va_arg(list, long);
	va_end(list);
	if (refused.setgroups && number == SYS_setgroups) {
		errno = EPERM;
		return -1;
	}
	return __real_syscall(number, a[0], a[1], a[2]);
}

/* This thread's. */
static void check_identity(uid_t uid, gid_t gid, int groups)
{
	CHECK((uid_t)__real_setfsuid((uid_t)-1) == uid);
	CHECK((gid_t)__real_setfsgid((gid_t)-1) == gid);
	CHECK(__real_syscall(SYS_getgroups, 0, NULL) == groups);
	CHECK(geteuid() == 0 && getegid() == 0);
}

static void check_creates_as(const char *name, uid_t uid, gid_t gid)
{
	const int dir = open(SHMFS_OBJECT_DIR, O_PATH | O_DIRECTORY | O_CLOEXEC);
	const int fd = shmfs_object_create(dir, name, 06755);
	struct stat st;

	CHECK(fd >= 0);
	close(dir);
	CHECK(fstat(fd, &st) == 0);
	CHECK(st.st_uid == uid && st.st_gid == gid);
	CHECK((st.st_mode & 07777) == 06755); /* a chown afterwards would have cleared bits */
	close(fd);
}

static void child_creates_as_the_caller(void *arg)
{
	(void)arg;
	CHECK(shmfs_identity_init() == 0);
	CHECK(shmfs_identity_assume(ALICE, STAFF, NULL, 0) == 0);
	check_identity(ALICE, STAFF, 0);
	check_creates_as("alice", ALICE, STAFF);
	shmfs_identity_restore();
	check_identity(0, 0, 0);
	check_creates_as("root", 0, 0);

	CHECK(shmfs_identity_assume(BOB, 0, extra, 1) == 0);
	check_identity(BOB, 0, 1);
	check_creates_as("bob", BOB, 0);
	shmfs_identity_restore();
	CHECK(shmfs_identity_assume(0, STAFF, NULL, 0) == 0);
	check_identity(0, STAFF, 0);
	check_creates_as("rooted", 0, STAFF);
	shmfs_identity_restore();
	check_identity(0, 0, 0);
}

static void test_objects_belong_to_the_caller_from_birth(void **state)
{
	(void)state;
	assert_child_passes(child_creates_as_the_caller, NULL);
}

/* Opens for reading what mode 0040 leaves to the group. */
static int try_read(void)
{
	const int fd = open("/dev/shm/for-extra", O_RDONLY);

	if (fd < 0)
		return -errno;
	close(fd);
	return 0;
}

static void child_uses_groups(void *arg)
{
	const int fd = open("/dev/shm/for-extra", O_RDWR | O_CREAT, 0040);

	(void)arg;
	CHECK(fd >= 0);
	CHECK(fchown(fd, 0, EXTRA) == 0);
	CHECK(shmfs_identity_init() == 0);
	for (int i = 0; i < 3; i++) {
		CHECK(shmfs_identity_assume(ALICE, STAFF, NULL, 0) == 0);
		CHECK(try_read() == -EACCES);
		shmfs_identity_restore();
		CHECK(shmfs_identity_assume(ALICE, STAFF, extra, 1) == 0);
		check_identity(ALICE, STAFF, 1);
		CHECK(try_read() == 0);
		shmfs_identity_restore();
		check_identity(0, 0, 0);
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
		check_identity(0, 0, 0);
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
		CHECK(shmfs_identity_assume(ALICE, STAFF, extra, 1) == 0);
		pthread_barrier_wait(&pair.step);
		pthread_barrier_wait(&pair.step);
		check_identity(ALICE, STAFF, 1);
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
		check_identity(uid, uid, i % 4);
		shmfs_identity_restore();
		check_identity(0, 0, 0);
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

static void child_is_refused(void *arg)
{
	bool *const flags[] = {&refused.setgroups, &refused.setfsgid, &refused.setfsuid};

	(void)arg;
	CHECK(shmfs_identity_init() == 0);
	for (size_t i = 0; i < 3; i++) {
		*flags[i] = true;
		CHECK(shmfs_identity_assume(ALICE, STAFF, extra, 1) == -EPERM);
		*flags[i] = false;
		check_identity(0, 0, 0);
		shmfs_identity_restore();
		check_identity(0, 0, 0);
		CHECK(shmfs_identity_assume(ALICE, STAFF, extra, 1) == 0);
		check_identity(ALICE, STAFF, 1);
		shmfs_identity_restore();
		check_identity(0, 0, 0);
	}
}

static void test_refused_assume_changes_nothing(void **state)
{
	(void)state;
	assert_child_passes(child_is_refused, NULL);
}

static void child_cannot_go_back(void *arg)
{
	CHECK(shmfs_identity_init() == 0);
	CHECK(shmfs_identity_assume(ALICE, STAFF, extra, 1) == 0);
	*(bool *)arg = true;
	shmfs_identity_restore();
}

static void test_refused_restore_ends_the_process(void **state)
{
	(void)state;
	assert_child_dies_of(SIGABRT, child_cannot_go_back, &refused.setfsuid);
	assert_child_dies_of(SIGABRT, child_cannot_go_back, &refused.setfsgid);
	assert_child_dies_of(SIGABRT, child_cannot_go_back, &refused.setgroups);
}

static void child_is_nobody_special(void *arg)
{
	(void)arg;
	CHECK(setgroups(1, extra) == 0);
	CHECK(setresgid(ALICE, ALICE, ALICE) == 0);
	CHECK(setresuid(ALICE, ALICE, ALICE) == 0);
	CHECK(shmfs_identity_init() == 0);
	CHECK(__real_syscall(SYS_getgroups, 0, NULL) == 1);

	CHECK(shmfs_identity_assume(BOB, BOB, NULL, 0) == -EPERM);
	CHECK(shmfs_identity_assume(BOB, ALICE, NULL, 0) == -EPERM);
	CHECK(shmfs_identity_assume(0, 0, NULL, 0) == -EPERM);
	CHECK(shmfs_identity_assume(ALICE, STAFF, NULL, 0) == -EPERM);
	CHECK(shmfs_identity_assume((uid_t)-1, ALICE, NULL, 0) == -EPERM);
	check_creates_as("alice", ALICE, ALICE);
	CHECK(shmfs_identity_assume(ALICE, ALICE, NULL, 0) == 0);
	shmfs_identity_restore();
	CHECK(__real_syscall(SYS_getgroups, 0, NULL) == 1);
}

static void test_unprivileged_process_is_itself_only(void **state)
{
	(void)state;
	assert_child_passes(child_is_nobody_special, NULL);
}

static void child_gives_up_groups(void *arg)
{
	(void)arg;
	CHECK(setgroups(1, extra) == 0);
	CHECK(shmfs_identity_init() == 0);
	check_identity(0, 0, 0);
	/* Nobody gets them back. */
	CHECK(shmfs_identity_assume(ALICE, STAFF, NULL, 0) == 0);
	check_identity(ALICE, STAFF, 0);
	shmfs_identity_restore();
	check_identity(0, 0, 0);
}

static void test_init_gives_up_roots_groups(void **state)
{
	(void)state;
	assert_child_passes(child_gives_up_groups, NULL);
}

/* As in a user namespace: what cannot be had does not keep root from being root. */
static void child_has_no_setgroups(void *arg)
{
	(void)arg;
	refused.setgroups = true;
	CHECK(shmfs_identity_init() == 0);
	CHECK(shmfs_identity_assume(0, 0, NULL, 0) == 0);
	check_creates_as("root", 0, 0);
	shmfs_identity_restore();
	CHECK(shmfs_identity_assume(0, 0, extra, 1) == 0);
	check_creates_as("root-with-groups", 0, 0);
	shmfs_identity_restore();
	check_identity(0, 0, 0);
}

static void test_oneself_can_be_assumed_without_setgroups(void **state)
{
	(void)state;
	assert_child_passes(child_has_no_setgroups, NULL);
}

/* Opens for writing what root may write only with CAP_DAC_OVERRIDE. */
static int try_write(void)
{
	const int fd = open("/dev/shm/of-alice", O_WRONLY | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	close(fd);
	return 0;
}

static void child_lowers_capabilities(void *arg)
{
	const uint32_t override = UINT32_C(1) << CAP_DAC_OVERRIDE;
	const int fd = open("/dev/shm/of-alice", O_RDWR | O_CREAT | O_CLOEXEC, 0020);

	(void)arg;
	CHECK(fd >= 0);
	CHECK(fchown(fd, ALICE, EXTRA) == 0);
	CHECK(shmfs_identity_init() == 0);
	for (int i = 0; i < 3; i++) {
		CHECK(try_write() == 0);
		CHECK(shmfs_identity_lower(override) == 0);
		CHECK(shmfs_identity_lower(override) == -EPERM); /* not twice */
		CHECK(try_write() == -EACCES);
		/* Root's groups count now. */
		CHECK(shmfs_identity_assume(0, 0, extra, 1) == 0);
		check_identity(0, 0, 1);
		CHECK(try_write() == 0);
		shmfs_identity_restore();
		check_identity(0, 0, 0);
		CHECK(try_write() == 0);
	}
}

static void test_lowered_capabilities_come_back(void **state)
{
	(void)state;
	assert_child_passes(child_lowers_capabilities, NULL);
}

int main(void)
{
#define SHM_TEST(test) cmocka_unit_test_setup_teardown(test, unit_setup_shm, unit_teardown_shm)
	const struct CMUnitTest tests[] = {
		SHM_TEST(test_objects_belong_to_the_caller_from_birth),
		SHM_TEST(test_supplementary_groups_count_only_while_assumed),
		SHM_TEST(test_kernel_takes_us_for_the_caller),
		SHM_TEST(test_threads_have_identities_of_their_own),
		SHM_TEST(test_refused_assume_changes_nothing),
		SHM_TEST(test_refused_restore_ends_the_process),
		SHM_TEST(test_unprivileged_process_is_itself_only),
		SHM_TEST(test_init_gives_up_roots_groups),
		SHM_TEST(test_oneself_can_be_assumed_without_setgroups),
		SHM_TEST(test_lowered_capabilities_come_back),
	};

	unit_need_private_shm();
	return cmocka_run_group_tests_name("identity", tests, NULL, NULL);
}

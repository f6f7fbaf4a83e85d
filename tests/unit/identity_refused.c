/* SPDX-License-Identifier: MIT */
/*
 * lib/identity where the kernel refuses something, to root or to others. Needs root. Credentials
 * cannot be taken back: everything is done by children.
 */
#include "unit.h"

#include "identity.h"
#include "identity_world.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <signal.h>
#include <sys/fsuid.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static void child_is_refused(void *arg)
{
	bool *const flags[] = {&identity_refused.setgroups, &identity_refused.setfsgid,
		&identity_refused.setfsuid};

	(void)arg;
	CHECK(shmfs_identity_init() == 0);
	for (size_t i = 0; i < 3; i++) {
		*flags[i] = true;
		CHECK(shmfs_identity_assume(ALICE, STAFF, identity_extra, 1) == -EPERM);
		*flags[i] = false;
		identity_check(0, 0, 0);
		shmfs_identity_restore();
		identity_check(0, 0, 0);
		CHECK(shmfs_identity_assume(ALICE, STAFF, identity_extra, 1) == 0);
		identity_check(ALICE, STAFF, 1);
		shmfs_identity_restore();
		identity_check(0, 0, 0);
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
	CHECK(shmfs_identity_assume(ALICE, STAFF, identity_extra, 1) == 0);
	*(bool *)arg = true;
	shmfs_identity_restore();
}

static void test_refused_restore_ends_the_process(void **state)
{
	(void)state;
	assert_child_dies_of(SIGABRT, child_cannot_go_back, &identity_refused.setfsuid);
	assert_child_dies_of(SIGABRT, child_cannot_go_back, &identity_refused.setfsgid);
	assert_child_dies_of(SIGABRT, child_cannot_go_back, &identity_refused.setgroups);
}

static void child_is_nobody_special(void *arg)
{
	(void)arg;
	CHECK(setgroups(1, identity_extra) == 0);
	CHECK(setresgid(ALICE, ALICE, ALICE) == 0);
	CHECK(setresuid(ALICE, ALICE, ALICE) == 0);
	CHECK(shmfs_identity_init() == 0);
	CHECK(__real_syscall(SYS_getgroups, 0, NULL) == 1);

	CHECK(shmfs_identity_assume(BOB, BOB, NULL, 0) == -EPERM);
	CHECK(shmfs_identity_assume(BOB, ALICE, NULL, 0) == -EPERM);
	CHECK(shmfs_identity_assume(0, 0, NULL, 0) == -EPERM);
	CHECK(shmfs_identity_assume(ALICE, STAFF, NULL, 0) == -EPERM);
	CHECK(shmfs_identity_assume((uid_t)-1, ALICE, NULL, 0) == -EPERM);
	identity_check_creates("alice", ALICE, ALICE);
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
	CHECK(setgroups(1, identity_extra) == 0);
	CHECK(shmfs_identity_init() == 0);
	identity_check(0, 0, 0);
	/* Nobody gets them back. */
	CHECK(shmfs_identity_assume(ALICE, STAFF, NULL, 0) == 0);
	identity_check(ALICE, STAFF, 0);
	shmfs_identity_restore();
	identity_check(0, 0, 0);
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
	identity_refused.setgroups = true;
	CHECK(shmfs_identity_init() == 0);
	CHECK(shmfs_identity_assume(0, 0, NULL, 0) == 0);
	identity_check_creates("root", 0, 0);
	shmfs_identity_restore();
	CHECK(shmfs_identity_assume(0, 0, identity_extra, 1) == 0);
	identity_check_creates("root-with-groups", 0, 0);
	shmfs_identity_restore();
	identity_check(0, 0, 0);
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
		CHECK(shmfs_identity_assume(0, 0, identity_extra, 1) == 0);
		identity_check(0, 0, 1);
		CHECK(try_write() == 0);
		shmfs_identity_restore();
		identity_check(0, 0, 0);
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
		SHM_TEST(test_refused_assume_changes_nothing),
		SHM_TEST(test_refused_restore_ends_the_process),
		SHM_TEST(test_unprivileged_process_is_itself_only),
		SHM_TEST(test_init_gives_up_roots_groups),
		SHM_TEST(test_oneself_can_be_assumed_without_setgroups),
		SHM_TEST(test_lowered_capabilities_come_back),
	};

	unit_need_private_shm();
	return cmocka_run_group_tests_name("identity_refused", tests, NULL, NULL);
}

/* SPDX-License-Identifier: MIT */
/*
 * Root's capabilities: what they are good for (lib/access), which ones somebody has
 * (lib/capability), and acting without them (lib/identity). Needs root.
 */
#include "unit.h"

#include "callers.h"
#include "capability.h"
#include "identity.h"

#include <errno.h>
#include <sys/syscall.h>
#include <unistd.h>

/* User 0 with one capability, or none (-1). */
struct capped {
	struct shmfs_caller caller; /* first */
	int has;
	unsigned asked;
};

static bool has_one(struct shmfs_caller *caller, int capability)
{
	struct capped *capped = (struct capped *)caller;

	capped->asked++;
	return capped->has == capability;
}

static struct capped user_0_with(int capability)
{
	return (struct capped){{0, 0, NULL, has_one}, capability, 0};
}

static int check_with(int capability, const struct stat *st, int wanted)
{
	struct capped capped = user_0_with(capability);

	return shmfs_access_check(st, &capped.caller, wanted);
}

static void test_capabilities_override_modes(void **state)
{
	const struct stat file = inode_of(S_IFREG, 0, OWNER, GROUP);
	const struct stat script = inode_of(S_IFREG, 0100, OWNER, GROUP);
	const struct stat dir = inode_of(S_IFDIR, 0, OWNER, GROUP);

	(void)state;
	for (int wanted = 1; wanted <= 7; wanted++) {
		const bool exec = wanted & SHMFS_MAY_EXEC, write = wanted & SHMFS_MAY_WRITE;
		const int read_only = wanted == SHMFS_MAY_READ ? 0 : -EACCES;

		assert_int_equal(check_with(-1, &file, wanted), -EACCES);
		assert_int_equal(check_with(CAP_FOWNER, &dir, wanted), -EACCES);
		assert_int_equal(check_with(CAP_DAC_OVERRIDE, &file, wanted), exec ? -EACCES : 0);
		assert_int_equal(check_with(CAP_DAC_OVERRIDE, &script, wanted), 0);
		assert_int_equal(check_with(CAP_DAC_OVERRIDE, &dir, wanted), 0);
		assert_int_equal(check_with(CAP_DAC_READ_SEARCH, &script, wanted), read_only);
		assert_int_equal(
			check_with(CAP_DAC_READ_SEARCH, &dir, wanted), write ? -EACCES : 0);
	}
}

static void test_each_change_has_its_capability(void **state)
{
	const struct stat sticky = inode_of(S_IFDIR, 01777, OWNER, GROUP);
	const struct stat st = inode_of(S_IFREG, 0604, OWNER, GROUP);
	const struct stat own = inode_of(S_IFREG, 0600, 0, GROUP);

	(void)state;
	for (int c = -1; c <= CAP_FSETID; c++) {
		const int fowner = c == CAP_FOWNER ? 0 : -EPERM;
		const int chown = c == CAP_CHOWN ? 0 : -EPERM;
		struct capped capped = user_0_with(c);
		struct shmfs_caller *caller = &capped.caller;
		mode_t mode;

		assert_int_equal(shmfs_access_remove(&sticky, &st, caller), fowner);
		assert_int_equal(shmfs_access_chmod(&st, caller, 0600, &mode), fowner);
		assert_int_equal(shmfs_access_utimens(&st, caller, false), fowner);
		assert_int_equal(shmfs_access_chown(&st, caller, 0, (gid_t)-1), chown);
		assert_int_equal(shmfs_access_chown(&st, caller, (uid_t)-1, 0), chown);
		assert_int_equal(shmfs_access_chown(&own, caller, (uid_t)-1, ELSE), chown);
		assert_int_equal(shmfs_access_link(&st, caller, true),
			c == CAP_FOWNER || c == CAP_DAC_OVERRIDE ? 0 : -EPERM);
		assert_int_equal(shmfs_access_chmod(&own, caller, 02755, &mode), 0);
		assert_int_equal(mode, c == CAP_FSETID ? 02755 : 0755);
	}
}

static void test_capabilities_are_asked_for_only_when_they_decide(void **state)
{
	const struct stat sticky = inode_of(S_IFDIR, 01777, 0, 0);
	const struct stat open_dir = inode_of(S_IFDIR, 01777, OWNER, GROUP);
	const struct stat shared = inode_of(S_IFREG, 0666, OWNER, GROUP);
	const struct stat own = inode_of(S_IFREG, 0600, 0, 0);
	struct capped capped = user_0_with(-1);
	struct shmfs_caller *caller = &capped.caller;
	mode_t mode;

	(void)state;
	assert_int_equal(shmfs_access_check(&own, caller, 6), 0);
	assert_int_equal(shmfs_access_check(&shared, caller, 6), 0);
	assert_int_equal(shmfs_access_create(&open_dir, caller), 0);
	assert_int_equal(shmfs_access_remove(&sticky, &shared, caller), 0);
	assert_int_equal(shmfs_access_remove(&open_dir, &own, caller), 0);
	assert_int_equal(shmfs_access_chmod(&own, caller, 06755, &mode), 0);
	assert_int_equal(shmfs_access_chown(&own, caller, 0, 0), 0);
	assert_int_equal(shmfs_access_utimens(&own, caller, false), 0);
	assert_int_equal(shmfs_access_utimens(&shared, caller, true), 0);
	assert_int_equal(shmfs_access_link(&shared, caller, true), 0);
	assert_int_equal(capped.asked, 0);
	/* And never of anybody else. */
	caller->uid = STRANGER;
	assert_int_equal(shmfs_access_chmod(&own, caller, 0600, &mode), -EPERM);
	assert_int_equal(shmfs_access_check(&own, caller, 6), -EACCES);
	assert_int_equal(capped.asked, 0);
}

static void drop(uint32_t capabilities)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct sets[_LINUX_CAPABILITY_U32S_3];

	CHECK(syscall(SYS_capget, &header, sets) == 0);
	sets[0].effective &= ~capabilities;
	CHECK(syscall(SYS_capset, &header, sets) == 0);
}

static void child_looks(void *arg)
{
	const uint32_t fsetid = SHMFS_CAPABILITY_BIT(CAP_FSETID);

	(void)arg;
	CHECK(shmfs_capability_of(0) == SHMFS_CAPABILITIES);
	CHECK(shmfs_capability_of(getpid()) == SHMFS_CAPABILITIES);
	CHECK(shmfs_capability_of(0x7fffffff) == 0);
	drop(fsetid);
	CHECK(shmfs_capability_of(getpid()) == (SHMFS_CAPABILITIES & ~fsetid));
	drop(SHMFS_CAPABILITIES);
	CHECK(shmfs_capability_of(getpid()) == 0);
}

static void test_effective_capabilities_are_seen(void **state)
{
	(void)state;
	assert_child_passes(child_looks, NULL);
}

static void child_lowers(void *arg)
{
	const uint32_t fsetid = SHMFS_CAPABILITY_BIT(CAP_FSETID);

	(void)arg;
	for (int i = 0; i < 3; i++) {
		const gid_t groups[] = {GROUP};

		CHECK(shmfs_identity_lower(fsetid) == 0);
		CHECK(shmfs_identity_assume(0, 0, groups, 1) == 0);
		CHECK(shmfs_capability_of(getpid()) == (SHMFS_CAPABILITIES & ~fsetid));
		CHECK(syscall(SYS_getgroups, 0, NULL) == 1);
		shmfs_identity_restore();
		CHECK(shmfs_capability_of(getpid()) == SHMFS_CAPABILITIES);
		CHECK(syscall(SYS_getgroups, 0, NULL) == 0);
	}
}

static void test_lowered_capabilities_come_back(void **state)
{
	(void)state;
	assert_child_passes(child_lowers, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_capabilities_override_modes),
		cmocka_unit_test(test_each_change_has_its_capability),
		cmocka_unit_test(test_capabilities_are_asked_for_only_when_they_decide),
		cmocka_unit_test(test_effective_capabilities_are_seen),
		cmocka_unit_test(test_lowered_capabilities_come_back),
	};

	unit_need_private_shm();
	return cmocka_run_group_tests_name("capability", tests, NULL, NULL);
}

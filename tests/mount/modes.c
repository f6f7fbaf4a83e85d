/* SPDX-License-Identifier: MIT */
/*
 * Permissions: every kind of caller makes every call on objects and in directories of every mode,
 * on tmpfs and on the mount. Result, errno and the entries left must be the same.
 *
 * The ordinary run leaves out most of the 4096 modes; scripts/test --all tries some more. For all
 * of them, in an hour or so:
 *
 * SHMFS_TEST_MODES_STRIDE=1 meson test -C build --timeout-multiplier 0 modes
 *
 * SHMFS_TEST_MODES_ONLY=TEXT tries only operations with this text in their name.
 */
#include "modes.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

static void all_operations_on_objects(void **state)
{
	const unsigned stride = modes_stride(USUAL_STRIDE);
	struct stage stage;

	(void)state;
	stage_open(&stage, harness()->daemon.mount);
	for (size_t i = 0; i < identity_count; i++)
		try_objects(&stage, &identities[i], (struct spec){OWNER, GROUP, 0}, stride, false);
	stage_close(&stage);
	stage_conclude(&stage, "objects");
}

static void all_operations_in_directories(void **state)
{
	const unsigned stride = modes_stride(COARSE_STRIDE);
	struct stage stage;

	(void)state;
	stage_open(&stage, harness()->daemon.mount);
	for (size_t i = 0; i < identity_count; i++)
		if (!identities[i].real_differs)
			try_directories(&stage, &identities[i], (struct spec){OWNER, GROUP, 0},
				stride, false);
	stage_close(&stage);
	stage_conclude(&stage, "directories");
}

static bool can_enter(const struct identity *identity)
{
	const pid_t pid = fork();

	if (pid == 0)
		_exit(identity_become(identity) == 0 ? 0 : 1);
	return wait_child(pid) == 0;
}

/*
 * User 0 of a namespace below. The kernel lets it override the modes of objects whose owner and
 * group are both in the namespace. The daemon cannot see that: these cases are left out.
 */
static void user_0_in_a_namespace_is_no_root(void **state)
{
	static const struct identity user = {"user 0 in a namespace without the group",
		{OWNER, GROUP, {0}}, .namespace = MAPS_USER};
	static const struct identity both = {
		"user 0 in a namespace", {OTHER, OTHER, {GROUP}}, .namespace = MAPS_BOTH};
	const unsigned stride = modes_stride(COARSE_STRIDE);
	struct stage stage;

	(void)state;
	if (!can_enter(&user) || !can_enter(&both)) {
		if (getenv("SHMFS_TEST_MUST_RUN"))
			fail_msg("no user namespaces");
		print_message("# no user namespaces here\n");
		return;
	}
	stage_open(&stage, harness()->daemon.mount);
	try_objects(&stage, &user, (struct spec){OWNER, GROUP, 0}, stride, false);
	try_objects(&stage, &both, (struct spec){OWNER, GROUP, 0}, stride, false);
	try_objects(&stage, &both, (struct spec){0, 0, 0}, stride, false);
	try_objects(&stage, &both, (struct spec){OTHER, GROUP, 0}, stride, false);
	stage_close(&stage);
	stage_conclude(&stage, "user namespaces");
}

/*
 * An ordinary user's own mount: the daemon is that user. fusermount3 wants one that has a name, so
 * it is always the same one, and owner, member or other of different objects.
 */
static void mount_of_an_ordinary_user(void **state)
{
	static const struct identity user = {"user of a mount", {65534, 65534, {FRIENDS, GROUP}}};
	static const struct spec owners[] = {{65534, 65534, 0}, {65534, FOREIGN, 0},
		{OWNER, 65534, 0}, {OWNER, GROUP, 0}, {0, 0, 0}};
	const unsigned stride = modes_stride(COARSE_STRIDE);
	struct daemon daemon;
	struct stage stage;
	char dir[64];

	(void)state;
	make_dir(dir, harness()->base, "own");
	assert_return_code(chown(dir, user.who.uid, user.who.gid), errno);
	daemon_start_as(&daemon, dir, NULL, user.who);
	assert_false(mount_is_usable(dir, ALICE));
	assert_false(mount_is_usable(dir, ROOT));
	stage_open(&stage, dir);
	for (size_t i = 0; i < ARRAY_SIZE(owners); i++) {
		try_objects(&stage, &user, owners[i], stride, true);
		if (i % 2 == 0)
			try_directories(&stage, &user, owners[i], stride, true);
	}
	stage_close(&stage);
	daemon_stop(&daemon);
	stage_conclude(&stage, "an ordinary user's own mount");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_operations_on_objects),
		cmocka_unit_test(all_operations_in_directories),
		cmocka_unit_test(user_0_in_a_namespace_is_no_root),
		cmocka_unit_test(mount_of_an_ordinary_user),
		cmocka_unit_test(groups_that_change),
		cmocka_unit_test(random_walks),
		cmocka_unit_test(users_at_the_same_time),
	};

	return RUN_MOUNTED(tests);
}

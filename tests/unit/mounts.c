/* SPDX-License-Identifier: MIT */
/* lib/mounts: the text of mountinfo. */
#include "unit.h"

#include "mounts.h"

#include <errno.h>
#include <string.h>
#include <sys/sysmacros.h>

static struct shmfs_mounts *parse(const char *text, uint64_t space, struct shmfs_mounts *mounts)
{
	char copy[2048];

	if (!mounts)
		assert_int_equal(shmfs_mounts_new(&mounts), 0);
	assert_true(strlen(text) < sizeof(copy));
	strcpy(copy, text);
	assert_int_equal(shmfs_mounts_parse(mounts, copy, 1, space), 0);
	return mounts;
}

static void test_kinds(void **state)
{
	struct shmfs_mounts *mounts = parse(
		"22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw\n"
		"25 22 0:23 / /dev/shm rw,nosuid shared:4 master:2 - tmpfs tmpfs rw,size=4k\n"
		"26 22 0:44 / /mnt/my\\040shm rw - fuse.shmfs shmfs rw,user_id=1000,group_id=0\n"
		"27 22 0:45 / /mnt/x rw - fuse.sshfs user_id=0 rw,user_id=7\n"
		"28 25 0:23 /web1 /srv/shm rw - tmpfs a\\134b rw\n",
		5, NULL);
	const struct shmfs_mount *mount = shmfs_mounts_by_id(mounts, 25);

	(void)state;
	assert_non_null(mount);
	assert_int_equal(mount->kind, SHMFS_MOUNT_TMPFS);
	assert_int_equal(mount->dev, makedev(0, 23));
	assert_string_equal(mount->root, "/");
	assert_string_equal(mount->point, "/dev/shm");
	assert_ptr_equal(shmfs_mounts_shm(mounts, 5), mount);
	assert_null(shmfs_mounts_shm(mounts, 6));
	mount = shmfs_mounts_by_id(mounts, 26);
	assert_int_equal(mount->kind, SHMFS_MOUNT_VIEW);
	assert_int_equal(mount->user, 1000);
	assert_string_equal(mount->point, "/mnt/my shm");
	assert_int_equal(shmfs_mounts_by_id(mounts, 22)->kind, SHMFS_MOUNT_OTHER);
	assert_int_equal(shmfs_mounts_by_id(mounts, 27)->kind, SHMFS_MOUNT_OTHER);
	assert_string_equal(shmfs_mounts_by_id(mounts, 28)->root, "/web1");
	assert_null(shmfs_mounts_by_id(mounts, 29));
	shmfs_mounts_free(mounts);
}

/* Of several mounts of one file system, the one in the wanted namespace is told. */
static void test_doors(void **state)
{
	struct shmfs_mounts *mounts = parse(
		"1 0 0:9 / /first rw - tmpfs t rw\n2 0 0:9 / /dev/shm rw - tmpfs t rw\n", 5, NULL);

	(void)state;
	parse("3 0 0:9 /web1 /dev/shm rw - tmpfs t rw\n4 0 0:9 / /host rw - tmpfs t rw\n", 6,
		mounts);
	assert_int_equal(shmfs_mounts_of(mounts, makedev(0, 9), 5)->id, 2);
	assert_int_equal(shmfs_mounts_of(mounts, makedev(0, 9), 6)->id, 3);
	assert_non_null(shmfs_mounts_of(mounts, makedev(0, 9), 7));
	assert_null(shmfs_mounts_of(mounts, makedev(0, 10), 5));
	assert_int_equal(shmfs_mounts_note(mounts, 99, makedev(0, 10)), 0);
	assert_int_equal(shmfs_mounts_by_id(mounts, 99)->dev, makedev(0, 10));
	shmfs_mounts_free(mounts);
}

static void test_broken(void **state)
{
	static const char *const texts[] = {
		"x", "1 2 3\n", "1 2 0:3 / \n", "1 2 0:3 / /x rw shared:1 tmpfs t rw\n"};

	(void)state;
	for (size_t i = 0; i < COUNT(texts); i++) {
		struct shmfs_mounts *mounts;
		char text[64];

		assert_int_equal(shmfs_mounts_new(&mounts), 0);
		strcpy(text, texts[i]);
		assert_int_equal(shmfs_mounts_parse(mounts, text, 1, 1), -EPROTO);
		shmfs_mounts_free(mounts);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_kinds),
		cmocka_unit_test(test_doors),
		cmocka_unit_test(test_broken),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

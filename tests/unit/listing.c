/* SPDX-License-Identifier: MIT */
/* lib/listing, lib/lease, lib/semaphore: what lies in a tmpfs that others own things in. */
#include "holders_world.h"

#include "beneath.h"
#include "lease.h"
#include "listing.h"
#include "sem.h"

#include <errno.h>
#include <fcntl.h>
#include <semaphore.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

static int open_root(void)
{
	const int dir = open("/dev/shm", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	assert_return_code(dir, errno);
	return dir;
}

static const struct shmfs_listing_entry *find(const struct shmfs_listing *listing, const char *path)
{
	for (size_t i = 0; i < listing->count; i++)
		if (strcmp(listing->entries[i].path, path) == 0)
			return &listing->entries[i];
	fail_msg("%s is not listed", path);
	return listing->entries;
}

static void test_tree(void **state)
{
	struct shmfs_listing listing;
	const int dir = open_root();
	const uint64_t ino = (holders_make("plain"), mkdir("/dev/shm/a", 0700),
		mkdir("/dev/shm/a/b", 0777), holders_make("a/b/deep"));

	(void)state;
	assert_return_code(mkdir("/dev/shm/empty", 0700), errno);
	assert_return_code(chown("/dev/shm/a", 65534, 65534), errno);
	assert_return_code(symlink("plain", "/dev/shm/link"), errno);
	assert_return_code(mkfifo("/dev/shm/fifo", 0600), errno);
	/* Twice: the caller's descriptor has no position. */
	for (int i = 0; i < 2; i++) {
		assert_int_equal(shmfs_listing_read(dir, &listing), 0);
		assert_int_equal(listing.count, 5);
		assert_int_equal(listing.unread, 0);
		assert_int_equal(find(&listing, "plain")->size, 8192);
		assert_int_equal(find(&listing, "a/b/deep")->ino, ino);
		assert_int_equal(find(&listing, "a/b/deep")->size, 8192);
		assert_false(find(&listing, "a")->is_empty);
		assert_false(find(&listing, "a/b")->is_empty);
		assert_true(find(&listing, "empty")->is_empty);
		shmfs_listing_free(&listing);
	}
	close(dir);
}

static void test_mounts_are_not_entered(void **state)
{
	struct shmfs_listing listing;
	const int dir = open_root();

	(void)state;
	assert_return_code(mkdir("/dev/shm/mounted", 0700), errno);
	holders_make("covered");
	assert_return_code(mount("other", "/dev/shm/mounted", "tmpfs", 0, NULL), errno);
	holders_make("mounted/inside");
	assert_return_code(
		mount("/dev/shm/mounted/inside", "/dev/shm/covered", NULL, MS_BIND, NULL), errno);
	assert_int_equal(shmfs_listing_read(dir, &listing), 0);
	assert_int_equal(listing.count, 0);
	shmfs_listing_free(&listing);
	assert_int_equal(shmfs_beneath_open(dir, "mounted/inside", O_PATH), -EXDEV);
	assert_int_equal(shmfs_beneath_open(dir, "covered", O_PATH), -EXDEV);
	assert_return_code(umount("/dev/shm/covered"), errno);
	assert_return_code(umount("/dev/shm/mounted"), errno);
	close(dir);
}

static void test_lease(void **state)
{
	const uint64_t ino = holders_make("object");
	const int dir = open_root();
	int user, lease;
	void *mapping;

	(void)state;
	lease = shmfs_lease_take(dir, "object", ino);
	assert_return_code(lease, errno);
	assert_false(shmfs_lease_is_wanted(lease));
	assert_int_equal(open("/dev/shm/object", O_RDONLY | O_NONBLOCK | O_CLOEXEC), -1);
	assert_int_equal(errno, EAGAIN);
	assert_true(shmfs_lease_is_wanted(lease));
	/* While somebody waits, nobody else gets it. */
	assert_int_equal(shmfs_lease_take(dir, "object", ino), -EBUSY);
	close(lease);

	user = open("/dev/shm/object", O_RDONLY | O_CLOEXEC);
	assert_return_code(user, errno);
	assert_int_equal(shmfs_lease_take(dir, "object", ino), -EBUSY);
	mapping = mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE, user, 0);
	assert_ptr_not_equal(mapping, MAP_FAILED);
	close(user);
	assert_int_equal(shmfs_lease_take(dir, "object", ino), -EBUSY);
	munmap(mapping, 4096);
	lease = shmfs_lease_take(dir, "object", ino);
	assert_return_code(lease, errno);
	close(lease);

	assert_int_equal(shmfs_lease_take(dir, "object", ino + 1), -ESTALE);
	assert_int_equal(shmfs_lease_take(dir, "none", ino), -ENOENT);
	assert_return_code(symlink("object", "/dev/shm/link"), errno);
	assert_true(shmfs_lease_take(dir, "link", ino) < 0);
	assert_return_code(mkfifo("/dev/shm/fifo", 0600), errno);
	assert_int_equal(shmfs_lease_take(dir, "fifo", ino), -ESTALE);
	close(dir);
}

static void take_lease_of_other(void *arg)
{
	const int dir = open("/dev/shm", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	const int r = (CHECK(setuid(65534) == 0),
		shmfs_lease_take(dir, "object", *(const uint64_t *)arg));

	CHECK(r == -EACCES);
}

static void test_lease_needs_owner(void **state)
{
	uint64_t ino = holders_make("object");

	(void)state;
	assert_return_code(chmod("/dev/shm/object", 0666), errno);
	assert_child_passes(take_lease_of_other, &ino);
}

static void test_semaphores(void **state)
{
	const int dir = open_root();
	sem_t *semaphore = sem_open("/counter", O_CREAT | O_EXCL, 0600, 41);
	unsigned value = 0;
	struct stat st;

	(void)state;
	assert_ptr_not_equal(semaphore, SEM_FAILED);
	assert_int_equal(sem_post(semaphore), 0);
	assert_return_code(stat("/dev/shm/sem.counter", &st), errno);
	assert_true(shmfs_semaphore_is("sem.counter", (uint64_t)st.st_size));
	assert_false(shmfs_semaphore_is("counter", (uint64_t)st.st_size));
	assert_false(shmfs_semaphore_is("sem.counter", 0));
	assert_int_equal(shmfs_semaphore_value(dir, "sem.counter", st.st_ino, &value), 0);
	assert_int_equal(value, 42);
	/* An empty one kills tools that map it. */
	assert_return_code(truncate("/dev/shm/sem.counter", 0), errno);
	assert_int_equal(shmfs_semaphore_value(dir, "sem.counter", st.st_ino, &value), -ESTALE);
	assert_return_code(truncate("/dev/shm/sem.counter", 7), errno);
	assert_int_equal(shmfs_semaphore_value(dir, "sem.counter", st.st_ino, &value), -ESTALE);
	assert_int_equal(sem_close(semaphore), 0);
	close(dir);
}

static void test_age(void **state)
{
	const struct shmfs_listing_entry entry = {
		.birth = {100, 0}, .change = {400, 500000000}, .modified = {300, 0}};
	const struct timespec now = {500, 0};

	(void)state;
	assert_true(shmfs_listing_age(&entry, &now) > 99.4);
	assert_true(shmfs_listing_age(&entry, &now) < 99.6);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_tree, unit_setup_shm, unit_teardown_shm),
		cmocka_unit_test_setup_teardown(
			test_mounts_are_not_entered, unit_setup_shm, unit_teardown_shm),
		cmocka_unit_test_setup_teardown(test_lease, unit_setup_shm, unit_teardown_shm),
		cmocka_unit_test_setup_teardown(
			test_lease_needs_owner, unit_setup_shm, unit_teardown_shm),
		cmocka_unit_test_setup_teardown(test_semaphores, unit_setup_shm, unit_teardown_shm),
		cmocka_unit_test(test_age),
	};

	unit_need_private_shm();
	signal(SIGIO, SIG_IGN);
	return cmocka_run_group_tests(tests, NULL, NULL);
}

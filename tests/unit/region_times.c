/* SPDX-License-Identifier: MIT */
/*
 * lib/region: what a transfer changes besides bytes. Each is done once through the region and once
 * with the system calls on an ordinary file beside it; times and mode must change alike.
 */
#include "region_world.h"

#include "identity.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define PLAIN_PATH "/dev/shm/plain"
#define SIZE (8 * MIB)
#define USER 64001
#define LONG_AGO 1000000000

/* What is done to both. */
struct deed {
	enum { READ, QUIET_READ, WRITE, APPEND, RESIZE } what;
	size_t size;
	off_t offset;
};

static const struct deed reads[] = {
	{READ, 1, 0},
	{READ, 4 * KIB, 4096},
	{READ, 200 * KIB, 1},
	{READ, MIB, 0},
	{READ, 4 * MIB, 3 * MIB},
	{READ, 4 * MIB, 6 * MIB},
	{READ, SIZE, 0},
	{READ, MIB, SIZE},
};

static const struct deed writes[] = {
	{WRITE, 0, 0},
	{WRITE, 1, 0},
	{WRITE, 4 * KIB, 4096},
	{WRITE, 200 * KIB, 1},
	{WRITE, MIB, 0},
	{WRITE, 4 * MIB, 3 * MIB},
	{WRITE, 4 * MIB, 6 * MIB},
	{WRITE, MIB, 2 * SIZE},
	{APPEND, 1, 0},
	{APPEND, MIB, 0},
	{RESIZE, 0, SIZE},
	{RESIZE, 0, SIZE / 2},
	{RESIZE, 0, SIZE},
};

/* The object, and the file beside it. */
static struct {
	struct world *world;
	int plain;
} both;

static int setup(void **state)
{
	world_setup(state);
	both.world = *state;
	both.plain = open(PLAIN_PATH, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	assert_return_code(both.plain, errno);
	return 0;
}

static int teardown(void **state)
{
	close(both.plain);
	return world_teardown(state);
}

static ssize_t do_in_region(struct world *w, const struct deed *deed)
{
	switch (deed->what) {
	case READ:
		return shmfs_region_read(w->region, w->buffer, deed->size, deed->offset);
	case QUIET_READ:
		return shmfs_region_read_quietly(w->region, w->buffer, deed->size, deed->offset);
	case WRITE:
		return shmfs_region_write(w->region, w->buffer, deed->size, deed->offset);
	case APPEND:
		return shmfs_region_append(w->region, w->buffer, deed->size);
	default:
		return shmfs_region_resize(w->region, deed->offset);
	}
}

static ssize_t do_plainly(const struct deed *deed)
{
	char *buffer = both.world->buffer;

	switch (deed->what) {
	case READ:
		return pread(both.plain, buffer, deed->size, deed->offset);
	case WRITE:
		return pwrite(both.plain, buffer, deed->size, deed->offset);
	case APPEND:
		return pwrite(both.plain, buffer, deed->size, lseek(both.plain, 0, SEEK_END));
	default:
		return ftruncate(both.plain, deed->offset);
	}
}

/* Both full of bytes, so that big transfers are dense. */
static void fill_both(void)
{
	outside_resize(both.world, 0);
	outside_write_pattern(both.world, SIZE, 0);
	fill_pattern(both.world->buffer, SIZE, 0);
	CHECK(ftruncate(both.plain, 0) == 0);
	CHECK(pwrite(both.plain, both.world->buffer, SIZE, 0) == SIZE);
}

static bool is_later(const struct timespec *a, const struct timespec *b)
{
	return a->tv_sec > b->tv_sec || (a->tv_sec == b->tv_sec && a->tv_nsec > b->tv_nsec);
}

/* Sets the times back, and waits until the clock has left the time of that change. */
static struct stat set_times(int fd, time_t atime)
{
	const struct timespec times[2] = {{.tv_sec = atime}, {.tv_sec = LONG_AGO}};
	struct timespec now;
	struct stat st;

	CHECK(futimens(fd, times) == 0);
	CHECK(fstat(fd, &st) == 0);
	do
		CHECK(clock_gettime(CLOCK_REALTIME_COARSE, &now) == 0);
	while (!is_later(&now, &st.st_ctim));
	return st;
}

enum { ACCESSED = 1, MODIFIED = 2, CHANGED = 4 };

static unsigned changes_of(int fd, const struct stat *before)
{
	struct stat st;

	CHECK(fstat(fd, &st) == 0);
	return (memcmp(&st.st_atim, &before->st_atim, sizeof(st.st_atim)) ? ACCESSED : 0) |
	       (memcmp(&st.st_mtim, &before->st_mtim, sizeof(st.st_mtim)) ? MODIFIED : 0) |
	       (memcmp(&st.st_ctim, &before->st_ctim, sizeof(st.st_ctim)) ? CHANGED : 0);
}

static void assert_same_times(const struct deed *deed, time_t atime)
{
	struct world *w = both.world;
	struct stat object;
	struct stat file;
	ssize_t ours;
	unsigned changes;

	object = set_times(w->fd, atime);
	file = set_times(both.plain, atime);
	ours = do_in_region(w, deed);
	changes = changes_of(w->fd, &object);
	assert_int_equal(ours, do_plainly(deed));
	if (changes != changes_of(both.plain, &file))
		fail_msg("deed %d of %zu bytes at %lld: times %u, not %u", (int)deed->what,
			deed->size, (long long)deed->offset, changes,
			changes_of(both.plain, &file));
}

static void test_writes_change_the_times_that_write_changes(void **state)
{
	struct world *w = world_of(state);

	fill_both();
	assert_true(is_mapped_read(w, MIB, 0)); /* mapping it is an access of its own */
	for (int round = 0; round < 2; round++)
		for (size_t i = 0; i < COUNT(writes); i++)
			assert_same_times(&writes[i], LONG_AGO);
}

/* The first that uses the mapping has to make it, which mmap(2) counts as an access. */
static void test_first_big_write_leaves_atime_alone(void **state)
{
	world_of(state);
	fill_both();
	assert_same_times(&(const struct deed){WRITE, MIB, 0}, LONG_AGO);
}

/* An atime that is old, and one with which relatime has nothing to do. */
static void test_reads_change_atime_as_the_mount_wants(void **state)
{
	static const unsigned long mounts[] = {MS_RELATIME, MS_STRICTATIME, MS_NOATIME};
	const time_t atimes[] = {LONG_AGO - 10, LONG_AGO + 10, time(NULL) + 3600};
	struct world *w = world_of(state);

	fill_both();
	assert_true(is_mapped_read(w, MIB, 0)); /* mapping it is an access of its own */
	for (size_t m = 0; m < COUNT(mounts); m++) {
		assert_return_code(
			mount(NULL, "/dev/shm", NULL, MS_REMOUNT | MS_BIND | mounts[m], NULL),
			errno);
		for (size_t i = 0; i < COUNT(reads); i++)
			for (size_t a = 0; a < COUNT(atimes); a++)
				assert_same_times(&reads[i], atimes[a]);
	}
}

static void check_quiet_reads(void)
{
	for (size_t i = 0; i < COUNT(reads); i++) {
		const struct deed loud = reads[i];
		const struct deed deed = {QUIET_READ, loud.size, loud.offset};
		const struct stat st = set_times(both.world->fd, LONG_AGO - 10);
		const ssize_t n = do_in_region(both.world, &deed);

		CHECK(n == do_plainly(&loud));
		CHECK(is_pattern(both.world->buffer, (size_t)n, deed.offset));
		CHECK(changes_of(both.world->fd, &st) == 0);
	}
}

/* Who does not own the object may not have it so, and reads all the same. */
static void child_reads_quietly_as_stranger(void *arg)
{
	(void)arg;
	CHECK(setresuid(USER, USER, USER) == 0);
	CHECK(shmfs_region_read_quietly(both.world->region, both.world->buffer, MIB, 0) == MIB);
	CHECK(is_pattern(both.world->buffer, MIB, 0));
}

static void test_quiet_reads_leave_atime_alone(void **state)
{
	const int fds = unit_count_fds();

	world_of(state);
	fill_both();
	check_quiet_reads();
	assert_int_equal(unit_count_fds(), fds);
	assert_child_passes(child_reads_quietly_as_stranger, NULL);
}

static void set_mode(int fd, mode_t mode)
{
	struct stat st;

	CHECK(fchmod(fd, mode) == 0);
	CHECK(fstat(fd, &st) == 0 && (st.st_mode & 07777) == mode);
}

static mode_t mode_of(int fd)
{
	struct stat st;

	CHECK(fstat(fd, &st) == 0);
	return st.st_mode & 07777;
}

/* Does the deed as the user, or as root. */
static void check_same_modes(uid_t uid)
{
	static const mode_t modes[] = {06777, 04711, 02755, 02644, 06666, 01777, 0644};

	for (size_t m = 0; m < COUNT(modes); m++)
		for (size_t i = 0; i < COUNT(writes); i++) {
			set_mode(both.world->fd, modes[m]);
			set_mode(both.plain, modes[m]);
			CHECK(shmfs_identity_assume(uid, uid, NULL, 0) == 0);
			CHECK(do_in_region(both.world, &writes[i]) == do_plainly(&writes[i]));
			shmfs_identity_restore();
			CHECK(mode_of(both.world->fd) == mode_of(both.plain));
		}
}

static void child_clears_bits_as_write_does(void *arg)
{
	(void)arg;
	CHECK(shmfs_identity_init() == 0);
	fill_both();
	check_same_modes(0); /* has CAP_FSETID: the bits stay */
	fill_both();
	check_same_modes(USER);

	/* What is compared is not nothing. */
	fill_both();
	set_mode(both.world->fd, 06777);
	CHECK(shmfs_identity_assume(USER, USER, NULL, 0) == 0);
	CHECK(do_in_region(both.world, &writes[4]) == MIB);
	CHECK(mode_of(both.world->fd) == 0777);
}

static void test_writes_clear_suid_and_sgid(void **state)
{
	world_of(state);
	assert_child_passes(child_clears_bits_as_write_does, NULL);
}

static bool was_unchanged_with_bits;

static void look_at_bytes(struct world *w)
{
	static char bytes[MIB];

	was_unchanged_with_bits = mode_of(w->fd) == 06777 &&
				  read(w->fd, bytes, sizeof(bytes)) == sizeof(bytes) &&
				  is_pattern(bytes, sizeof(bytes), 0);
}

/* Nobody may see new bytes under the old bits. */
static void child_clears_bits_first(void *arg)
{
	struct world *w = arg;

	CHECK(shmfs_identity_init() == 0);
	set_mode(w->fd, 06777);
	CHECK(shmfs_identity_assume(USER, USER, NULL, 0) == 0);
	memset(w->buffer, 'n', MIB);
	CHECK(lseek(w->fd, 0, SEEK_SET) == 0);
	interference.before_pwrite = look_at_bytes;
	CHECK(shmfs_region_write(w->region, w->buffer, MIB, 0) == MIB);
	CHECK(interference_is_over());
	CHECK(was_unchanged_with_bits);
	CHECK(mode_of(w->fd) == 0777);
}

static void test_bits_are_cleared_before_bytes_change(void **state)
{
	struct world *w = world_of(state);

	outside_write_pattern(w, MIB, 0);
	assert_child_passes(child_clears_bits_first, w);
}

int main(void)
{
#define WORLD_TEST(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
	const struct CMUnitTest tests[] = {
		WORLD_TEST(test_writes_change_the_times_that_write_changes),
		WORLD_TEST(test_first_big_write_leaves_atime_alone),
		WORLD_TEST(test_reads_change_atime_as_the_mount_wants),
		WORLD_TEST(test_quiet_reads_leave_atime_alone),
		WORLD_TEST(test_writes_clear_suid_and_sgid),
		WORLD_TEST(test_bits_are_cleared_before_bytes_change),
	};

	unit_need_private_shm();
	return cmocka_run_group_tests_name("region_times", tests, NULL, NULL);
}

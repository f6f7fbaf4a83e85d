/* SPDX-License-Identifier: MIT */
/*
 * Users write, read and map on the mount, in the root and in a directory, while another process
 * outside shrinks, grows, punches, unlinks, makes, renames, chmods and chowns the same objects,
 * moves the directory away and back, and replaces it. Every byte of a pattern depends on its place
 * only, so each byte that is read is accounted for: it is zero, or a writer's byte of that place.
 */
#include "harness.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/falloc.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { OBJECTS = 3, SIZE = 2 << 20, LONGEST = 512 << 10 };

enum { USERS = 5 };

#define DIRECTORY SHM_DIR "/d"
#define ASIDE SHM_DIR "/aside"

static char buf[LONGEST], patterns[2][SIZE];

static double duration(void)
{
	const char *seconds = getenv("SHMFS_TEST_STORM_SECONDS");

	return seconds ? atof(seconds) : 4;
}

static uint32_t first_seed(void)
{
	return (uint32_t)number_of("SHMFS_TEST_STORM_SEED", 77);
}

/* A child may not assert: it ends with a message. */
static _Noreturn void give_up(const char *what, long result)
{
	fprintf(stderr, "%s: %ld (%s)\n", what, result, strerror(errno));
	_exit(1);
}

/* The last one lies in a directory. */
static void object_path(char *ret, size_t size, uint32_t random)
{
	const uint32_t i = random % OBJECTS;

	snprintf(ret, size, "%s/%sstorm-%u", harness()->daemon.mount, i == OBJECTS - 1 ? "d/" : "",
		i);
}

/* The same at the other door. */
static void outside_path(char *ret, size_t size, uint32_t random)
{
	const uint32_t i = random % OBJECTS;

	snprintf(ret, size, "%s/storm-%u", i == OBJECTS - 1 ? DIRECTORY : SHM_DIR, i);
}

/* It may go or be closed to this user at any moment; nothing else may come in the way. */
static int open_object(uint32_t random, int flags)
{
	char path[80];
	int fd;

	object_path(path, sizeof(path), random);
	fd = open(path, flags | O_CLOEXEC, 0666);
	if (fd < 0 && errno != ENOENT && errno != EACCES)
		give_up("open", fd);
	return fd;
}

static void check_bytes(const char *bytes, size_t len, size_t at)
{
	for (size_t i = 0; i < len; i++)
		if (bytes[i] != 0 && bytes[i] != patterns[0][at + i] &&
			bytes[i] != patterns[1][at + i])
			give_up("a byte that nobody wrote", (long)(at + i));
}

static void random_range(uint32_t *seed, size_t *ret_at, size_t *ret_len)
{
	const size_t longest = next_random(seed) % 4 == 0 ? LONGEST : 5000;

	*ret_len = 1 + next_random(seed) % longest;
	*ret_at = next_random(seed) % (SIZE - *ret_len);
}

static void write_some(int fd, const char *pattern, uint32_t *seed)
{
	size_t at, len;
	ssize_t n;

	random_range(seed, &at, &len);
	n = pwrite(fd, pattern + at, len, (off_t)at);
	if (n != (ssize_t)len)
		give_up("pwrite", n);
}

static void read_some(int fd, uint32_t *seed)
{
	size_t at, len;
	ssize_t n;

	random_range(seed, &at, &len);
	n = pread(fd, buf, len, (off_t)at);
	if (n < 0)
		give_up("pread", n);
	check_bytes(buf, (size_t)n, at);
}

/* One of many: a call on an open object cannot fail. */
static void ask_something(int fd, uint32_t *seed)
{
	struct stat st;

	switch (next_random(seed) % 6) {
	case 0:
		if (fstat(fd, &st) < 0)
			give_up("fstat", -1);
		break;
	case 1:
		if (lseek(fd, 0, SEEK_END) < 0)
			give_up("lseek", -1);
		break;
	case 2:
		if (lseek(fd, next_random(seed) % SIZE, SEEK_DATA) < 0 && errno != ENXIO)
			give_up("lseek", -1);
		break;
	case 3:
		if (fsync(fd) < 0)
			give_up("fsync", -1);
		break;
	default:
		break;
	}
}

static sigjmp_buf gone;

static void on_bus(int sig)
{
	(void)sig;
	siglongjmp(gone, 1);
}

/* Without passthrough ENODEV. A page behind the end by now is SIGBUS, as it would be on tmpfs. */
static void map_some(int fd, uint32_t *seed)
{
	const char *map;
	size_t at, len;

	random_range(seed, &at, &len);
	map = mmap(NULL, SIZE, PROT_READ, MAP_SHARED, fd, 0);
	if (map == MAP_FAILED) {
		if (errno != ENODEV)
			give_up("mmap", -1);
		return;
	}
	if (sigsetjmp(gone, 1) == 0) {
		memcpy(buf, map + at, len);
		check_bytes(buf, len, at);
	}
	if (munmap((void *)(uintptr_t)map, SIZE) < 0)
		give_up("munmap", -1);
}

static void use_object(int fd, int who, uint32_t *seed)
{
	for (int i = 0; i < 20; i++) {
		if (who < 2)
			write_some(fd, patterns[who], seed);
		read_some(fd, seed);
		if (who == USERS - 1)
			map_some(fd, seed);
		ask_something(fd, seed);
	}
}

/*
 * 0 and 1 write, the second as an ordinary user; the rest read, the last one through mappings too.
 */
static _Noreturn void be_user(int who, double end)
{
	const struct sigaction bus = {.sa_handler = on_bus};
	uint32_t seed = first_seed() + (uint32_t)who;

	sigaction(SIGBUS, &bus, NULL);

	if (who == 1 && who_become(ALICE) < 0)
		give_up("who_become", -1);
	while (seconds_now() < end) {
		const int fd =
			open_object(next_random(&seed), who < 2 ? O_RDWR | O_CREAT : O_RDONLY);

		if (fd < 0)
			continue;
		use_object(fd, who, &seed);
		close(fd);
	}
	_exit(0);
}

/* From another place than the writers, but as one of them. */
static void refill(int fd)
{
	if (pwrite(fd, patterns[0], SIZE, 0) != SIZE)
		give_up("refill", -1);
}

static void make_directory(void)
{
	if (mkdir(DIRECTORY, 0777) < 0 || chmod(DIRECTORY, 0777) < 0)
		give_up("mkdir", -1);
}

static void replace_directory(void)
{
	if (rename(DIRECTORY, ASIDE) < 0)
		give_up("rename", -1);
	make_directory();
	/* A user on the way may still make an object in it. */
	do
		sweep(ASIDE);
	while (rmdir(ASIDE) < 0 && errno == ENOTEMPTY);
}

/* Users may be in the directory, or on their way. */
static void change_directory(uint32_t *seed)
{
	if (next_random(seed) % 2)
		replace_directory();
	else if (rename(DIRECTORY, ASIDE) < 0 || rename(ASIDE, DIRECTORY) < 0)
		give_up("rename", -1);
}

/* Any result will do. */
static void change_names(const char *from, uint32_t *seed)
{
	char to[80];

	outside_path(to, sizeof(to), next_random(seed));
	switch (next_random(seed) % 4) {
	case 0:
		rename(from, to);
		break;
	case 1:
		renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_EXCHANGE);
		break;
	case 2:
		unlink(from);
		mknod(from, S_IFREG | 0666, 0);
		break;
	default:
		change_directory(seed);
		break;
	}
}

static void vandalize(const char *path, uint32_t *seed)
{
	static const uid_t owners[] = {0, 2001, 2002};
	static const mode_t modes[] = {0, 0600, 0666, 0777, 0444, 06777};
	const int fd = open(path, O_RDWR | O_CLOEXEC);
	const off_t at = next_random(seed) % SIZE;

	if (fd < 0)
		return;
	switch (next_random(seed) % 10) {
	case 0:
		unlink(path);
		break;
	case 1:
		fchmod(fd, modes[next_random(seed) % ARRAY_SIZE(modes)]);
		break;
	case 2:
		fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, at, SIZE / 3);
		break;
	case 3:
		if (ftruncate(fd, 0) < 0 || ftruncate(fd, SIZE) < 0)
			give_up("ftruncate", -1);
		break;
	case 4:
		if (fchown(fd, owners[next_random(seed) % ARRAY_SIZE(owners)], 0) < 0)
			give_up("fchown", -1);
		break;
	case 5:
	case 6:
		change_names(path, seed);
		break;
	default:
		if (ftruncate(fd, at) < 0)
			give_up("ftruncate", -1);
		refill(fd);
		break;
	}
	close(fd);
}

static _Noreturn void be_vandal(double end)
{
	uint32_t seed = first_seed() + 4711;
	char path[80];

	while (seconds_now() < end) {
		outside_path(path, sizeof(path), next_random(&seed));
		vandalize(path, &seed);
	}
	_exit(0);
}

static void start_everybody(pid_t *ret_pids, double end)
{
	for (int i = 0; i <= USERS; i++) {
		ret_pids[i] = fork();
		assert_return_code(ret_pids[i], errno);
		if (ret_pids[i] == 0 && i < USERS)
			be_user(i, end);
		if (ret_pids[i] == 0)
			be_vandal(end);
	}
}

static void check_what_is_left(void)
{
	char path[80];
	ssize_t n;

	for (uint32_t i = 0; i < OBJECTS; i++) {
		int fd;

		outside_path(path, sizeof(path), i);
		fd = open(path, O_RDWR | O_CLOEXEC);
		for (size_t at = 0; fd >= 0; at += (size_t)n) {
			n = pread(fd, buf, sizeof(buf), (off_t)at);
			if (n <= 0)
				break;
			check_bytes(buf, (size_t)n, at);
		}
		close(fd);
	}
}

static void everybody_at_once(void **state)
{
	const double end = seconds_now() + duration();
	pid_t pids[USERS + 1];
	int failed = 0;

	(void)state;
	make_directory();
	fill(patterns[0], SIZE, 1, 0);
	fill(patterns[1], SIZE, 2, 0);
	start_everybody(pids, end);
	while (seconds_now() < end)
		next_tick();
	for (int i = 0; i <= USERS; i++)
		failed += wait_child(pids[i]) != 0;
	assert_int_equal(failed, 0);
	check_what_is_left();
	assert_int_equal(waitpid(harness()->daemon.pid, NULL, WNOHANG), 0);
	assert_true(mount_is_usable(harness()->daemon.mount, BOB));
	sweep(SHM_DIR);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(everybody_at_once),
	};

	return RUN_MOUNTED(tests);
}

/* SPDX-License-Identifier: MIT */
/*
 * The worker is killed again and again while it receives long requests: none may be lost. The
 * kernel ends a request with EIO when it cannot copy it into a receiver that is being killed.
 * SHMFS_TEST_KILLS: how often.
 */
#include "harness.h"
#include "worker.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <time.h>
#include <unistd.h>

enum { CLIENTS = 4, KILLS = 60 };

/* So many calls between two deaths: a worker that dies before it has served is a bad sign. */
enum { CALLS_BETWEEN = 60 };

/* A kill comes up to so many microseconds later. */
enum { DELAY_MAX_US = 1500 };

enum { TARGET_LEN = 4000, VALUE_LEN = 60000 };

struct tally {
	atomic_bool stop;
	atomic_ulong calls, errors;
};

static void expect(struct tally *tally, const char *what, bool holds)
{
	atomic_fetch_add(&tally->calls, 1);
	if (holds)
		return;
	if (atomic_fetch_add(&tally->errors, 1) < 10)
		fprintf(stderr, "%s: %s\n", what, strerror(errno));
}

/* A request's contents and its place. */
static void write_block(struct tally *tally, int fd, char *block, char *copy)
{
	expect(tally, "write", pwrite(fd, block, MIB, 0) == (ssize_t)MIB);
	expect(tally, "read", pread(fd, copy, MIB, 0) == (ssize_t)MIB);
	errno = 0;
	expect(tally, "bytes", memcmp(block, copy, MIB) == 0);
}

static void make_link(struct tally *tally, const char *target)
{
	char found[PATH_MAX];

	expect(tally, "symlink", symlink(target, "link") == 0);
	expect(tally, "readlink", readlink("link", found, sizeof(found)) == TARGET_LEN);
	expect(tally, "unlink", unlink("link") == 0);
}

static void make_long_name(struct tally *tally)
{
	char name[200], other[200];

	memset(name, 'n', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	memset(other, 'o', sizeof(other) - 1);
	other[sizeof(other) - 1] = '\0';
	expect(tally, "mknod", mknod(name, S_IFREG | 0600, 0) == 0);
	expect(tally, "rename", rename(name, other) == 0);
	expect(tally, "unlink", unlink(other) == 0);
}

/* A tmpfs may have no room for it, or no such attributes. */
static void set_attribute(struct tally *tally, int fd, const char *value)
{
	const int r = fsetxattr(fd, "user.long", value, VALUE_LEN, 0);

	expect(tally, "setxattr",
		r == 0 || errno == EOPNOTSUPP || errno == ENOSPC || errno == E2BIG);
}

static void work(const char *dir, struct tally *tally)
{
	static char block[MIB], copy[MIB], value[VALUE_LEN];
	char target[TARGET_LEN + 1];
	unsigned round = 0;
	int fd;

	memset(target, 't', TARGET_LEN);
	target[TARGET_LEN] = '\0';
	expect(tally, "mkdir", mkdir(dir, 0700) == 0 && chdir(dir) == 0);
	fd = open("block", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	expect(tally, "open", fd >= 0);
	while (!atomic_load(&tally->stop)) {
		fill(block, sizeof(block), round++, 0);
		for (int i = 0; i < 3; i++)
			write_block(tally, fd, block, copy);
		make_link(tally, target);
		make_long_name(tally);
		set_attribute(tally, fd, value);
	}
	close(fd);
	expect(tally, "unlink", unlink("block") == 0);
	expect(tally, "rmdir", chdir("/") == 0 && rmdir(dir) == 0);
	_exit(0);
}

struct progress {
	struct tally *tally;
	unsigned long calls;
};

static bool has_progressed(const void *arg)
{
	const struct progress *progress = arg;

	return atomic_load(&progress->tally->calls) >= progress->calls ||
	       atomic_load(&progress->tally->errors) > 0;
}

static void kill_worker(struct tally *tally, uint32_t *random)
{
	const struct progress progress = {tally, atomic_load(&tally->calls) + CALLS_BETWEEN};
	const double end = seconds_now() + (double)(next_random(random) % DELAY_MAX_US) / 1e6;
	pid_t worker;

	assert_true(wait_until(has_progressed, &progress));
	while (seconds_now() < end)
		;
	worker = daemon_worker(&harness()->daemon);
	if (worker > 0)
		kill(worker, SIGKILL);
}

static void no_long_request_is_lost(void **state)
{
	const int kills = (int)number_of("SHMFS_TEST_KILLS", KILLS);
	struct tally *tally = mmap(
		NULL, sizeof(*tally), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	uint32_t random = (uint32_t)time(NULL);
	pid_t clients[CLIENTS];
	char dir[80];

	(void)state;
	assert_true(has_keeper(&harness()->daemon));
	assert_ptr_not_equal(tally, MAP_FAILED);
	for (int i = 0; i < CLIENTS; i++) {
		clients[i] = fork();
		assert_return_code(clients[i], errno);
		snprintf(dir, sizeof(dir), "%s/c%d", harness()->daemon.mount, i);
		if (clients[i] == 0)
			work(dir, tally);
	}
	for (int i = 0; i < kills && atomic_load(&tally->errors) == 0; i++)
		kill_worker(tally, &random);
	atomic_store(&tally->stop, true);
	for (int i = 0; i < CLIENTS; i++)
		assert_int_equal(wait_child(clients[i]), 0);
	print_message("# long requests: %lu calls, %d kills, %lu errors\n",
		atomic_load(&tally->calls), kills, atomic_load(&tally->errors));
	assert_int_equal(atomic_load(&tally->errors), 0);
	munmap(tally, sizeof(*tally));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_long_request_is_lost),
	};

	if (keeper_obstacle())
		return world_skip(keeper_obstacle());
	daemon_may_crash();
	return RUN_MOUNTED(tests);
}

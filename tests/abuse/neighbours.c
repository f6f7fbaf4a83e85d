/* SPDX-License-Identifier: MIT */
/*
 * What a user feels of another one's attack (attack.h) on the mount: no call may fail or be frozen.
 * scripts/abuse runs it for longer, and compares with the tmpfs beside it.
 *
 * SHMFS_TEST_NEIGHBOUR_MS: of each attack, on each of the two; not set: only on the mount.
 * SHMFS_TEST_LONGEST_MS: that a call on the mount may take, where it does not take as long on the
 * tmpfs; 0, the default: on a busy machine no time is a fault.
 */
#include "attack.h"

#include "../mount/hold.h"
#include "../mount/worker.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { DURATION_MS = 200, CALLS_MAX = 1 << 20, ATTACKERS = 3 };

static const struct who attackers[ATTACKERS] = {
	{2101, 2101, {0}}, {2102, 2102, {0}}, {2103, 2103, {0}}};

/* What the victim felt. */
struct felt {
	unsigned long calls, errors;
	const char *slowest; /* the call that took longest; of this program's text */
	double longest;      /* ms */
	float took[CALLS_MAX];
};

static struct felt *felt;

/* --- the victim --- */

static void note_call(const char *name, double begun, bool good)
{
	const double took = (seconds_now() - begun) * 1000;

	if (!good && felt->errors++ < 5)
		fprintf(stderr, "%s: %s\n", name, strerror(errno));
	if (took > felt->longest) {
		felt->longest = took;
		felt->slowest = name;
	}
	if (felt->calls < CALLS_MAX)
		felt->took[felt->calls++] = (float)took;
}

#define FEEL(condition)                             \
	do {                                        \
		const double begun = seconds_now(); \
		const bool good = (condition);      \
		note_call(#condition, begun, good); \
	} while (0)

static void use_once(int fd, char *block)
{
	struct stat st;
	int other;

	FEEL(stat("v-old", &st) == 0);
	FEEL((other = open("v-old", O_RDONLY | O_CLOEXEC)) >= 0);
	FEEL(pread(other, block, 4096, 0) >= 0);
	close(other);
	FEEL((other = open("v-new", O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600)) >= 0);
	close(other);
	FEEL(unlink("v-new") == 0);
	FEEL(pwrite(fd, block, 65536, 0) == 65536);
	FEEL(mkdir("v-dir", 0700) == 0);
	FEEL(rmdir("v-dir") == 0);
}

/* In a process of its own. */
_Noreturn static void be_victim(const char *dir, double duration)
{
	const double end = seconds_now() + duration;
	static char block[65536];
	int fd;

	if (who_become(BOB) < 0 || chdir(dir) < 0)
		_exit(1);
	FEEL((fd = open("v-old", O_RDWR | O_CREAT | O_CLOEXEC, 0600)) >= 0);
	if (fd < 0)
		_exit(2);
	do {
		use_once(fd, block);
		usleep(1000);
	} while (seconds_now() < end);
	close(fd);
	_exit(unlink("v-old") < 0 ? 3 : 0);
}

/* --- the attack --- */

static pid_t start_attacker(const struct attack *attack, int i, struct battle *battle)
{
	char outside[64], mount[96];
	pid_t pid;

	snprintf(outside, sizeof(outside), SHM_DIR "/attacker%d", i);
	snprintf(mount, sizeof(mount), "%s/attacker%d", harness()->daemon.mount, i);
	assert_return_code(mkdir(mount, 0700), errno);
	assert_return_code(chown(mount, attackers[i].uid, attackers[i].gid), errno);
	pid = fork();
	assert_return_code(pid, errno);
	if (pid == 0) {
		if (who_become(attackers[i]) < 0)
			_exit(1);
		attack->run(battle, outside, mount);
		_exit(0);
	}
	return pid;
}

static void end_attacker(int i, pid_t pid)
{
	char mount[96];

	assert_int_equal(wait_child(pid), 0);
	snprintf(mount, sizeof(mount), "%s/attacker%d", harness()->daemon.mount, i);
	sweep(mount);
	assert_return_code(rmdir(mount), errno);
}

static bool has_begun(const void *battle)
{
	return atomic_load(&((const struct battle *)battle)->steps) > 10;
}

static int compare(const void *a, const void *b)
{
	const float x = *(const float *)a, y = *(const float *)b;

	return x < y ? -1 : x > y;
}

/* Returns the longest call in ms. */
static double report(const char *attack, int users, const char *where)
{
	qsort(felt->took, felt->calls, sizeof(felt->took[0]), compare);
	assert_true(felt->calls > 0);
	print_message("# %s, by %d: %s p50 %.2f, p99 %.2f, longest %.1f ms (%.40s), %lu errors\n",
		attack, users, where, (double)felt->took[felt->calls / 2],
		(double)felt->took[felt->calls * 99 / 100], felt->longest, felt->slowest,
		felt->errors);
	assert_int_equal(felt->errors, 0);
	return felt->longest;
}

static double measure(const char *attack, int users, const char *where, const char *dir)
{
	const double duration = (double)number_of("SHMFS_TEST_NEIGHBOUR_MS", DURATION_MS) / 1000;
	pid_t victim;

	memset(felt, 0, sizeof(*felt));
	victim = fork();
	assert_return_code(victim, errno);
	if (victim == 0)
		be_victim(dir, duration);
	assert_int_equal(wait_child(victim), 0);
	return report(attack, users, where);
}

static void fight(const struct attack *attack, int users)
{
	struct battle *battle = mmap(
		NULL, sizeof(*battle), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	double on_mount, on_tmpfs = 0, most = (double)number_of("SHMFS_TEST_LONGEST_MS", 0);
	pid_t pids[ATTACKERS];

	assert_ptr_not_equal(battle, MAP_FAILED);
	for (int i = 0; i < users; i++)
		pids[i] = start_attacker(attack, i, battle);
	assert_true(wait_until(has_begun, battle));
	on_mount = measure(attack->name, users, "mount", harness()->daemon.mount);
	if (getenv("SHMFS_TEST_NEIGHBOUR_MS"))
		on_tmpfs = measure(attack->name, users, "tmpfs", SHM_DIR);
	atomic_store(&battle->stop, true);
	for (int i = 0; i < users; i++)
		end_attacker(i, pids[i]);
	munmap(battle, sizeof(*battle));
	/* Without a bound the figures are printed, and no call may fail or hang. */
	if (most > 0)
		assert_true(on_mount <= most || on_mount <= 4 * on_tmpfs);
}

static void nobody_is_harmed(void **state)
{
	(void)state;
	felt = mmap(NULL, sizeof(*felt), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	assert_ptr_not_equal(felt, MAP_FAILED);
	for (size_t i = 0; i < attack_count; i++) {
		if (attacks[i].holds && !can_hold())
			continue;
		fight(&attacks[i], 1);
		fight(&attacks[i], ATTACKERS);
	}
	munmap(felt, sizeof(*felt));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nobody_is_harmed),
	};

	return RUN_MOUNTED(tests);
}

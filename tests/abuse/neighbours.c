/* SPDX-License-Identifier: MIT */
/*
 * A victim's calls during another user's attack (attack.h): on the mount, in the same moment on the
 * tmpfs beside it, and a round trip to another process through pipes, which is the least that a
 * mount can do with the CPUs that are left: no call may fail or be frozen. Each attack is made by
 * one user and by several, and while the worker is killed again and again, in a short run only by
 * several. scripts/abuse runs it for longer.
 *
 * SHMFS_TEST_NEIGHBOUR_MS: of each attack.
 * SHMFS_TEST_NEIGHBOUR_KILL_MS: how long a worker lives where workers are killed.
 * SHMFS_TEST_NEIGHBOUR: the only attack that is made, by its name.
 * SHMFS_TEST_LONGEST_MS: that a call on the mount may take, where the other two do not take a
 * quarter of it; 0, the default: on a busy machine no time is a fault.
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

enum { DURATION_MS = 200, KILL_MS = 100, CALLS_MAX = 1 << 19, ATTACKERS = 3 };

static const struct who attackers[ATTACKERS] = {
	{2101, 2101, {0}}, {2102, 2102, {0}}, {2103, 2103, {0}}};

/* A victim's calls. */
struct felt {
	unsigned long calls, errors;
	const char *slowest; /* the call that took longest; of this program's text */
	double longest;      /* ms */
	float took[CALLS_MAX];
};

enum { ON_MOUNT, ON_TMPFS, BY_PIPE, VICTIMS };

static const char *const victim_names[VICTIMS] = {"mount", "tmpfs", "pipes"};

static struct felt *felts;

/* A victim's own, in its process. */
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

/* Both victims may be in the same directory, by its two doors. */
struct names {
	char old[16], new[16], dir[16];
};

static void use_once(const struct names *names, int fd, char *block)
{
	struct stat st;
	int other;

	FEEL(stat(names->old, &st) == 0);
	FEEL((other = open(names->old, O_RDONLY | O_CLOEXEC)) >= 0);
	FEEL(pread(other, block, 4096, 0) >= 0);
	close(other);
	FEEL((other = open(names->new, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600)) >= 0);
	close(other);
	FEEL(unlink(names->new) == 0);
	FEEL(pwrite(fd, block, 65536, 0) == 65536);
	FEEL(mkdir(names->dir, 0700) == 0);
	FEEL(rmdir(names->dir) == 0);
}

_Noreturn static void echo(int in, int out)
{
	char byte;

	while (read(in, &byte, 1) == 1)
		if (write(out, &byte, 1) != 1)
			break;
	_exit(0);
}

/* In a process of its own, as is each victim. As many round trips as another victim's calls. */
_Noreturn static void be_pipe_victim(double duration)
{
	const double end = seconds_now() + duration;
	int there[2], back[2];
	char byte = 0;
	pid_t pid;

	felt = &felts[BY_PIPE];
	if (pipe(there) < 0 || pipe(back) < 0 || who_become(BOB) < 0)
		_exit(1);
	pid = fork();
	if (pid == 0) {
		close(there[1]);
		echo(there[0], back[1]);
	}
	do {
		for (int i = 0; i < 8; i++)
			FEEL(write(there[1], &byte, 1) == 1 && read(back[0], &byte, 1) == 1);
		usleep(1000);
	} while (seconds_now() < end);
	close(there[1]);
	_exit(wait_child(pid));
}

_Noreturn static void be_victim(int which, const char *dir, double duration)
{
	const double end = seconds_now() + duration;
	static char block[65536];
	struct names names;
	int fd;

	felt = &felts[which];
	snprintf(names.old, sizeof(names.old), "v%d-old", which);
	snprintf(names.new, sizeof(names.new), "v%d-new", which);
	snprintf(names.dir, sizeof(names.dir), "v%d-dir", which);
	if (who_become(BOB) < 0 || chdir(dir) < 0)
		_exit(1);
	FEEL((fd = open(names.old, O_RDWR | O_CREAT | O_CLOEXEC, 0600)) >= 0);
	if (fd < 0)
		_exit(2);
	do {
		use_once(&names, fd, block);
		usleep(1000);
	} while (seconds_now() < end);
	close(fd);
	_exit(unlink(names.old) < 0 ? 3 : 0);
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

static void report_one(int which)
{
	struct felt *f = &felts[which];

	qsort(f->took, f->calls, sizeof(f->took[0]), compare);
	assert_true(f->calls > 0);
	print_message("#   %s p50 %.2f, p99 %.2f, longest %.1f ms (%.40s), %lu calls\n",
		victim_names[which], (double)f->took[f->calls / 2],
		(double)f->took[f->calls * 99 / 100], f->longest, f->slowest, f->calls);
	assert_int_equal(f->errors, 0);
}

/* Without a bound the figures are printed, and no call may fail or hang. */
static void report(const char *attack, int users, bool kills)
{
	const double most = (double)number_of("SHMFS_TEST_LONGEST_MS", 0);
	const double longest = felts[ON_MOUNT].longest;

	print_message("# %s, by %d%s:\n", attack, users, kills ? ", workers killed" : "");
	for (int i = 0; i < VICTIMS; i++)
		report_one(i);
	if (most > 0)
		assert_true(longest <= most || longest <= 4 * felts[ON_TMPFS].longest ||
			    longest <= 4 * felts[BY_PIPE].longest);
}

static pid_t start_victim(int which, const char *dir, double duration)
{
	const pid_t pid = fork();

	assert_return_code(pid, errno);
	if (pid == 0 && which == BY_PIPE)
		be_pipe_victim(duration);
	if (pid == 0)
		be_victim(which, dir, duration);
	return pid;
}

static void kill_workers(double duration)
{
	const double end = seconds_now() + duration;
	const unsigned period = (unsigned)number_of("SHMFS_TEST_NEIGHBOUR_KILL_MS", KILL_MS);

	while (seconds_now() < end) {
		usleep(period * 1000);
		worker_kill(&harness()->daemon, SIGKILL);
	}
}

static void measure(bool kills)
{
	const double duration = (double)number_of("SHMFS_TEST_NEIGHBOUR_MS", DURATION_MS) / 1000;
	const char *const dirs[VICTIMS] = {harness()->daemon.mount, SHM_DIR, NULL};
	pid_t victims[VICTIMS];

	memset(felts, 0, VICTIMS * sizeof(*felts));
	for (int i = 0; i < VICTIMS; i++)
		victims[i] = start_victim(i, dirs[i], duration);
	if (kills)
		kill_workers(duration);
	for (int i = 0; i < VICTIMS; i++)
		assert_int_equal(wait_child(victims[i]), 0);
}

static void fight(const struct attack *attack, int users, bool kills)
{
	struct battle *battle = mmap(
		NULL, sizeof(*battle), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pid_t pids[ATTACKERS];

	assert_ptr_not_equal(battle, MAP_FAILED);
	for (int i = 0; i < users; i++)
		pids[i] = start_attacker(attack, i, battle);
	assert_true(wait_until(has_begun, battle));
	measure(kills);
	report(attack->name, users, kills);
	atomic_store(&battle->stop, true);
	for (int i = 0; i < users; i++)
		end_attacker(i, pids[i]);
	munmap(battle, sizeof(*battle));
}

static void make_attacks(bool kills)
{
	const char *only = getenv("SHMFS_TEST_NEIGHBOUR");

	for (size_t i = 0; i < attack_count; i++) {
		if ((attacks[i].holds && !can_hold()) ||
			(only && strcmp(only, attacks[i].name) != 0))
			continue;
		if (!kills || getenv("SHMFS_TEST_NEIGHBOUR_MS"))
			fight(&attacks[i], 1, kills);
		fight(&attacks[i], ATTACKERS, kills);
	}
}

static void no_neighbour_is_harmed(void **state)
{
	(void)state;
	make_attacks(false);
}

static void none_is_harmed_while_workers_die(void **state)
{
	(void)state;
	if (has_keeper(&harness()->daemon))
		make_attacks(true);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_neighbour_is_harmed),
		cmocka_unit_test(none_is_harmed_while_workers_die),
	};

	felts = mmap(NULL, VICTIMS * sizeof(*felts), PROT_READ | PROT_WRITE,
		MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (felts == MAP_FAILED)
		return 1;
	return RUN_MOUNTED(tests);
}

/* SPDX-License-Identifier: MIT */
/*
 * Eight processes open, map, close and end at random, while shmfs reap runs all the time, twice at
 * once. An object that somebody holds must keep its name: whoever has it open sees a link count of
 * at least 1. Nobody but reap removes anything.
 *
 * usage: race SHMFS OPERATIONS (with a /dev/shm of its own; prints figures, and ends with 1 when an
 * object was lost, or when the run proves nothing)
 */
#include "private_mounts.h"

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define WORKERS 8
#define REAPERS 2
#define OBJECTS 48
#define HELD_MAX 3 /* objects that a worker holds at once */
#define PAGE 4096

struct counts {
	_Atomic long operations, made, opened, lost, ends, waited;
	_Atomic bool is_over;
};

struct held {
	int fd;     /* -1: only mapped */
	void *page; /* NULL: only open */
	uint64_t ino;
};

struct worker {
	struct counts *counts;
	uint64_t seed;
	struct held held[HELD_MAX];
	int count;
	long limit;
};

static uint64_t next_random(uint64_t *seed)
{
	uint64_t x = *seed;

	x ^= x >> 12;
	x ^= x << 25;
	x ^= x >> 27;
	*seed = x;
	return x * 0x2545f4914f6cdd1dU;
}

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

/* --- a worker -----------------------------------------------------------------------------------
 */

static void check(struct worker *worker, int fd, const char *when)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		err(1, "fstat");
	if (st.st_nlink > 0)
		return;
	fprintf(stderr, "object %lu has lost its name: %s\n", (unsigned long)st.st_ino, when);
	worker->counts->lost++;
}

/* Only mapped, it is looked at by its way in /proc. */
static void check_held(struct worker *worker, const struct held *held, const char *when)
{
	char path[96];
	int fd;

	if (held->fd >= 0) {
		check(worker, held->fd, when);
		return;
	}
	snprintf(path, sizeof(path), "/proc/self/map_files/%lx-%lx", (unsigned long)held->page,
		(unsigned long)held->page + PAGE);
	fd = open(path, O_PATH | O_CLOEXEC);
	if (fd < 0)
		err(1, "%s", path);
	check(worker, fd, when);
	close(fd);
}

static void take(struct worker *worker)
{
	struct held *held = &worker->held[worker->count];
	const bool makes = next_random(&worker->seed) % 4 == 0;
	const double start = now();
	char path[64];

	snprintf(path, sizeof(path), "/dev/shm/race-%d",
		(int)(next_random(&worker->seed) % OBJECTS));
	*held = (struct held){.fd = open(path, O_RDWR | O_CLOEXEC | (makes ? O_CREAT : 0), 0600)};
	if (held->fd < 0 && errno == ENOENT)
		return;
	if (held->fd < 0)
		err(1, "%s", path);
	worker->counts->waited += now() - start > 0.01;
	worker->counts->opened++;
	check(worker, held->fd, "at its open");
	if (next_random(&worker->seed) % 2) {
		if (ftruncate(held->fd, PAGE) < 0)
			err(1, "ftruncate");
		held->page = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, held->fd, 0);
		if (held->page == MAP_FAILED)
			err(1, "mmap");
	}
	worker->count++;
}

static void let_go(struct worker *worker, int which)
{
	struct held *held = &worker->held[which];

	check_held(worker, held, "before its end");
	if (held->page)
		munmap(held->page, PAGE);
	if (held->fd >= 0)
		close(held->fd);
	*held = worker->held[--worker->count];
}

static void close_mapped(struct worker *worker, int which)
{
	struct held *held = &worker->held[which];

	check_held(worker, held, "while it is held");
	if (!held->page || held->fd < 0)
		return;
	close(held->fd);
	held->fd = -1;
}

static void step(struct worker *worker)
{
	const uint64_t choice = next_random(&worker->seed) % 100;
	const int which =
		worker->count ? (int)(next_random(&worker->seed) % (uint64_t)worker->count) : 0;

	if (choice < 40 && worker->count < HELD_MAX)
		take(worker);
	else if (choice < 60 && worker->count)
		close_mapped(worker, which);
	else if (worker->count)
		let_go(worker, which);
	/* An end in the middle closes everything at once. */
	if (choice == 99 && next_random(&worker->seed) % 20 == 0) {
		for (int i = 0; i < worker->count; i++)
			check_held(worker, &worker->held[i], "at its end");
		worker->counts->ends++;
		_exit(0);
	}
}

static _Noreturn void work(struct counts *counts, uint64_t seed, long limit)
{
	struct worker worker = {.counts = counts, .seed = seed | 1};

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	while (!counts->is_over && atomic_fetch_add(&counts->operations, 1) < limit)
		step(&worker);
	_exit(0);
}

static pid_t start_worker(struct counts *counts, uint64_t seed, long limit)
{
	const pid_t pid = fork();

	if (pid == 0)
		work(counts, seed, limit);
	if (pid < 0)
		err(1, "fork");
	return pid;
}

/* --- reap ---------------------------------------------------------------------------------------
 */

struct reaped {
	_Atomic long runs, removed, restored, aside, odd;
};

static void run_reap(const char *shmfs, struct reaped *reaped)
{
	char command[4200], line[256];
	FILE *output;
	int status;

	snprintf(command, sizeof(command),
		"'%s' reap --older-than 0 --semaphores --name 'race-*' -v -r -n -o ACTION,REASON",
		shmfs);
	output = popen(command, "re");
	if (!output)
		err(1, "popen");
	while (fgets(line, sizeof(line), output)) {
		reaped->removed += strncmp(line, "removed ", 8) == 0;
		reaped->restored += strstr(line, "opened\\x20meanwhile\n") != NULL;
		reaped->aside += strstr(line, "taken") != NULL;
		reaped->odd += strncmp(line, "failed", 6) == 0;
	}
	status = pclose(output);
	if (!WIFEXITED(status) || WEXITSTATUS(status) > 2)
		errx(1, "shmfs reap: status %d", status);
	reaped->runs++;
}

static _Noreturn void reap_all_the_time(
	const char *shmfs, struct counts *counts, struct reaped *reaped)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	while (!counts->is_over)
		run_reap(shmfs, reaped);
	_exit(0);
}

static void *share(size_t size)
{
	void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (memory == MAP_FAILED)
		err(1, "mmap");
	return memory;
}

static void need_private_shm(void)
{
	if (unshare(CLONE_NEWNS) < 0 || private_mounts() < 0 ||
		mount("race", "/dev/shm", "tmpfs", 0, "mode=1777") < 0)
		err(77, "no mount namespace of its own");
}

/* Each that ends is replaced, until there have been enough operations. */
static void keep_working(struct counts *counts, long limit)
{
	uint64_t seed = (uint64_t)time(NULL);
	int working = 0, status;

	fprintf(stderr, "seed %lu\n", (unsigned long)seed);
	for (; working < WORKERS; working++)
		start_worker(counts, next_random(&seed), limit);
	while (working > 0) {
		if (wait(&status) < 0)
			err(1, "wait");
		if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
			errx(1, "a process ended with %d", status);
		if (counts->operations < limit)
			start_worker(counts, next_random(&seed), limit);
		else
			working--;
	}
}

static void stop_reaping(struct counts *counts)
{
	int status;

	counts->is_over = true;
	while (wait(&status) > 0)
		if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
			errx(1, "reap failed");
}

int main(int argc, char **argv)
{
	struct counts *counts = share(sizeof(*counts));
	struct reaped *reaped = share(sizeof(*reaped));
	const double start = now();
	bool proves;

	if (argc != 3)
		errx(1, "usage: race SHMFS OPERATIONS");
	need_private_shm();
	for (int i = 0; i < REAPERS; i++)
		if (fork() == 0)
			reap_all_the_time(argv[1], counts, reaped);
	/* On a busy machine reap may not have had its turn yet. */
	for (long limit = atol(argv[2]); reaped->removed == 0; limit += atol(argv[2]))
		keep_working(counts, limit);
	stop_reaping(counts);
	printf("%ld operations by %d processes in %.1f s: %ld opens, of which %ld waited for reap, "
	       "%ld ends in the middle\n"
	       "reap ran %ld times: %ld removed, %ld opened meanwhile and kept, %ld of them under "
	       "another name, %ld failed\n"
	       "held objects lost: %ld\n",
		(long)counts->operations - WORKERS, WORKERS, now() - start, (long)counts->opened,
		(long)counts->waited, (long)counts->ends, (long)reaped->runs, (long)reaped->removed,
		reaped->restored + reaped->aside, (long)reaped->aside, (long)reaped->odd,
		(long)counts->lost);
	proves = reaped->removed > 0 && counts->opened > 0;
	return counts->lost == 0 && proves ? 0 : 1;
}

/* SPDX-License-Identifier: MIT */
#include "attack.h"

#include "../mount/hold.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { PROCESSES = 6, OBJECTS = 12 };

/* Of an object that takes long to allocate, to search and to free; in bytes. */
#define LONG_SIZE ((off_t)96 * 1024 * 1024)

/* Good until the next call. */
static const char *path_of(const char *dir, const char *name, int i)
{
	static char path[160];

	snprintf(path, sizeof(path), "%s/%s%d", dir, name, i);
	return path;
}

static bool goes_on(struct battle *battle)
{
	atomic_fetch_add(&battle->steps, 1);
	return !atomic_load(&battle->stop);
}

static int make(const char *path)
{
	return open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
}

/* Runs it in several processes at once. */
static void spread(
	void (*work)(struct battle *battle, const char *outside, const char *mount, int i),
	struct battle *battle, const char *outside, const char *mount)
{
	for (int i = 0; i < PROCESSES; i++)
		if (fork() == 0) {
			prctl(PR_SET_PDEATHSIG, SIGKILL);
			work(battle, outside, mount, i);
			_exit(0);
		}
	while (wait(NULL) > 0)
		;
}

/* --- the lock of an object is held --- */

static void change_held(const char *path, int i)
{
	const int fd = open(path, O_RDWR | O_CLOEXEC);

	if (i % 3 == 0)
		fallocate(fd, 0, 0, 1000);
	else if (i % 3 == 1)
		fchmod(fd, 0640);
	else
		futimens(fd, NULL);
	_exit(0);
}

static void hold_locks(struct battle *battle, const char *outside, const char *mount)
{
	const struct who self = {getuid(), getgid(), {0}};
	pid_t holders[OBJECTS];

	for (int i = 0; i < OBJECTS; i++) {
		holders[i] = hold_start(path_of(outside, "held", i), self);
		for (int n = 0; n < 3; n++)
			if (fork() == 0)
				change_held(path_of(mount, "held", i), i + n);
	}
	while (goes_on(battle))
		usleep(1000);
	for (int i = 0; i < OBJECTS; i++)
		if (holders[i] > 0)
			hold_end(holders[i]);
	while (wait(NULL) > 0)
		;
}

static void allocate_outside(struct battle *battle, const char *outside, const char *mount, int i)
{
	const int fd = make(path_of(outside, "grown", i / 2));

	while (goes_on(battle)) {
		if (i % 2 == 1) {
			utimensat(AT_FDCWD, path_of(mount, "grown", i / 2), NULL, 0);
			continue;
		}
		fallocate(fd, 0, 0, LONG_SIZE);
		if (ftruncate(fd, 0) < 0)
			break;
	}
}

static void grow_and_touch(struct battle *battle, const char *outside, const char *mount)
{
	spread(allocate_outside, battle, outside, mount);
}

/* --- many objects --- */

static void make_many(struct battle *battle, const char *outside, const char *mount)
{
	(void)mount;
	while (goes_on(battle)) {
		for (int i = 0; i < 2000; i++)
			close(make(path_of(outside, "many", i)));
		for (int i = 0; i < 2000; i++)
			unlink(path_of(outside, "many", i));
	}
}

/* --- long calls --- */

static void free_one(struct battle *battle, const char *outside, const char *mount, int i)
{
	(void)outside;
	while (goes_on(battle)) {
		const int fd = make(path_of(mount, "freed", i));

		if (fd < 0)
			continue;
		fallocate(fd, 0, 0, LONG_SIZE / 2);
		if (i % 3 == 0 && ftruncate(fd, 0) < 0)
			break;
		if (i % 3 == 1)
			close(open(path_of(mount, "freed", i), O_RDWR | O_TRUNC | O_CLOEXEC));
		unlink(path_of(mount, "freed", i));
		close(fd);
	}
}

static void free_memory(struct battle *battle, const char *outside, const char *mount)
{
	spread(free_one, battle, outside, mount);
}

static void search_one(struct battle *battle, const char *outside, const char *mount, int i)
{
	const int fd = make(path_of(mount, "searched", i / 3));

	(void)outside;
	fallocate(fd, 0, 0, LONG_SIZE);
	while (goes_on(battle))
		lseek(fd, 0, SEEK_HOLE);
}

static void search(struct battle *battle, const char *outside, const char *mount)
{
	spread(search_one, battle, outside, mount);
}

static void write_one(struct battle *battle, const char *outside, const char *mount, int i)
{
	static char block[1024 * 1024];
	const int fd = make(path_of(mount, "written", i));

	(void)outside;
	while (goes_on(battle))
		if (pwrite(fd, block, sizeof(block), 0) < 0)
			break;
}

static void write_blocks(struct battle *battle, const char *outside, const char *mount)
{
	spread(write_one, battle, outside, mount);
}

/* --- descriptors --- */

static void open_one(struct battle *battle, const char *outside, const char *mount, int i)
{
	struct rlimit limit;
	int fd;

	(void)outside;
	getrlimit(RLIMIT_NOFILE, &limit);
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
	for (int n = 0; n < 4000 && !atomic_load(&battle->stop); n++) {
		fd = make(path_of(mount, "open", i * 4000 + n));
		unlink(path_of(mount, "open", i * 4000 + n));
		if (fd < 0)
			break;
	}
	while (goes_on(battle))
		usleep(1000);
}

static void open_many(struct battle *battle, const char *outside, const char *mount)
{
	spread(open_one, battle, outside, mount);
}

/* --- many processes --- */

static void ask_one(struct battle *battle, const char *outside, const char *mount, int i)
{
	struct stat st;

	(void)outside;
	while (goes_on(battle))
		stat(path_of(mount, "missing", i), &st);
}

static void ask(struct battle *battle, const char *outside, const char *mount)
{
	spread(ask_one, battle, outside, mount);
}

const struct attack attacks[] = {
	{"locks held from outside", hold_locks, true},
	{"fallocate outside and touch", grow_and_touch, false},
	{"objects made and removed outside", make_many, false},
	{"memory freed", free_memory, false},
	{"SEEK_HOLE in long objects", search, false},
	{"writes of 1 MiB", write_blocks, false},
	{"objects opened", open_many, false},
	{"stat as fast as it goes", ask, false},
};

const size_t attack_count = ARRAY_SIZE(attacks);

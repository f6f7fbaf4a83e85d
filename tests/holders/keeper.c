/* SPDX-License-Identifier: MIT */
/*
 * Holds shared memory objects in the way it is told, for the tests of shmfs ls, who and reap.
 *
 *   keeper map|private|fd-r|fd-w|fd-rw|path|both|flight|leader|thread|undumpable PATH
 *       holds PATH so, prints "ready", and waits for the end of its standard input
 *   keeper crowd PROCESSES MAPPINGS DIRECTORY
 *       that many processes map as many objects each, the same ones, which it makes in DIRECTORY
 *   keeper objects COUNT DIRECTORY
 *       makes objects, holds none, and ends
 */
#include "in_flight.h"

#include <err.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#define PAGE 4096

static int open_it(const char *path, int flags)
{
	const int fd = open(path, flags);

	if (fd < 0)
		err(1, "%s", path);
	return fd;
}

static void map_it(const char *path, int flags, int prot, int sharing)
{
	const int fd = open_it(path, flags);

	if (mmap(NULL, PAGE, prot, sharing, fd, 0) == MAP_FAILED)
		err(1, "mmap %s", path);
	close(fd);
}

static void *wait_for_end(void *arg)
{
	char byte;

	while (read(STDIN_FILENO, &byte, 1) > 0)
		;
	exit(0);
	return arg;
}

static void say_ready(void)
{
	puts("ready");
	fflush(stdout);
}

static void send_it(const char *path)
{
	const int fd = open_it(path, O_RDWR);
	int sockets[2];

	if (put_in_flight(fd, sockets) < 0)
		err(1, "a socket");
	close(fd);
}

/* Waits until the first thread has ended, and says so. */
static void *live_without_leader(void *arg)
{
	char path[64], text[512] = "";
	const char *end = NULL;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)getpid());
	while (!end || end[2] != 'Z') {
		FILE *file = fopen(path, "re");

		if (!file || !fgets(text, sizeof(text), file))
			err(1, "%s", path);
		fclose(file);
		end = strrchr(text, ')');
		sched_yield();
	}
	say_ready();
	return wait_for_end(arg);
}

static void *open_alone(void *path)
{
	if (unshare(CLONE_FILES) < 0)
		err(1, "unshare");
	open_it(path, O_RDONLY);
	say_ready();
	return wait_for_end(path);
}

static _Noreturn void start_thread(void *(*run)(void *), char *path, int ends)
{
	pthread_t thread;

	if (pthread_create(&thread, NULL, run, path) != 0)
		errx(1, "no thread");
	if (ends)
		syscall(SYS_exit, 0);
	for (;;)
		pause();
}

static void hold(const char *how, char *path)
{
	if (strcmp(how, "map") == 0)
		map_it(path, O_RDWR, PROT_READ | PROT_WRITE, MAP_SHARED);
	else if (strcmp(how, "private") == 0)
		map_it(path, O_RDONLY, PROT_READ, MAP_PRIVATE);
	else if (strcmp(how, "fd-r") == 0)
		open_it(path, O_RDONLY);
	else if (strcmp(how, "fd-w") == 0)
		open_it(path, O_WRONLY);
	else if (strcmp(how, "fd-rw") == 0)
		open_it(path, O_RDWR);
	else if (strcmp(how, "path") == 0)
		open_it(path, O_PATH);
	else if (strcmp(how, "flight") == 0)
		send_it(path);
	else if (strcmp(how, "thread") == 0)
		start_thread(open_alone, path, 0);
	else
		map_it(path, O_RDWR, PROT_READ | PROT_WRITE, MAP_SHARED);
	if (strcmp(how, "both") == 0)
		open_it(path, O_RDWR);
	if (strcmp(how, "undumpable") == 0 && prctl(PR_SET_DUMPABLE, 0) < 0)
		err(1, "prctl");
	if (strcmp(how, "leader") == 0)
		start_thread(live_without_leader, path, 1);
}

static void make_and_map(const char *directory, int number, int maps)
{
	char path[4096];
	int fd;

	snprintf(path, sizeof(path), "%s/crowd-%d", directory, number);
	fd = open(path, O_CREAT | O_RDWR, 0600);
	if (fd < 0)
		err(1, "%s", path);
	if (maps && (ftruncate(fd, PAGE) < 0 || mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED,
							fd, 0) == MAP_FAILED))
		err(1, "%s", path);
	close(fd);
}

static void crowd(int processes, int mappings, const char *directory)
{
	int ready[2];
	char byte;

	if (pipe(ready) < 0)
		err(1, "pipe");
	for (int process = 0; process < processes; process++) {
		const pid_t pid = fork();

		if (pid < 0)
			err(1, "fork");
		if (pid > 0)
			continue;
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		for (int mapping = 0; mapping < mappings; mapping++)
			make_and_map(directory, mapping, 1);
		if (write(ready[1], "r", 1) != 1)
			err(1, "write");
		for (;;)
			pause();
	}
	for (int process = 0; process < processes; process++)
		if (read(ready[0], &byte, 1) != 1)
			err(1, "read");
}

int main(int argc, char **argv)
{
	if (argc == 5 && strcmp(argv[1], "crowd") == 0) {
		crowd(atoi(argv[2]), atoi(argv[3]), argv[4]);
	} else if (argc == 4 && strcmp(argv[1], "objects") == 0) {
		for (int object = 0; object < atoi(argv[2]); object++)
			make_and_map(argv[3], object, 0);
		return 0;
	} else if (argc == 3) {
		hold(argv[1], argv[2]);
	} else {
		errx(1, "usage: keeper HOW PATH");
	}
	say_ready();
	wait_for_end(NULL);
}

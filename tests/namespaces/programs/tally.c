/* SPDX-License-Identifier: MIT */
/*
 * Knows nothing of shmfs: several processes count in a shared memory object, one at a time because
 * of a semaphore, and both have names that cannot be changed.
 *
 * usage: tally PROCESSES ROUNDS
 * Prints "ready" when the objects are open, begins when it reads a line, and prints the sum.
 */
#include <fcntl.h>
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

static void fail(const char *what)
{
	perror(what);
	exit(1);
}

static long *map_sum(void)
{
	const int fd = shm_open("/tally", O_RDWR | O_CREAT, 0644);
	long *sum;

	if (fd < 0 || ftruncate(fd, sizeof(*sum)) < 0)
		fail("/tally");
	sum = mmap(NULL, sizeof(*sum), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (sum == MAP_FAILED)
		fail("mmap");
	close(fd);
	return sum;
}

/* Each process opens the semaphore itself. */
static void count(volatile long *sum, long rounds)
{
	sem_t *turn = sem_open("/tally", O_RDWR);

	if (turn == SEM_FAILED)
		fail("semaphore /tally");
	for (long i = 0; i < rounds; i++) {
		while (sem_wait(turn) < 0)
			;
		*sum = *sum + 1;
		sem_post(turn);
	}
}

static void count_in_processes(long *sum, int processes, long rounds)
{
	int status, failures = 0;

	for (int i = 0; i < processes; i++)
		if (fork() == 0) {
			count(sum, rounds);
			_exit(0);
		}
	while (wait(&status) > 0)
		failures += status != 0;
	if (failures > 0)
		exit(1);
}

int main(int argc, char **argv)
{
	char line[16];
	long *sum;

	if (argc != 3)
		return 2;
	sum = map_sum();
	if (sem_open("/tally", O_RDWR | O_CREAT, 0644, 1) == SEM_FAILED)
		fail("semaphore /tally");
	puts("ready");
	fflush(stdout);
	if (!fgets(line, sizeof(line), stdin))
		return 1;
	count_in_processes(sum, atoi(argv[1]), atol(argv[2]));
	printf("%ld\n", *sum);
	return 0;
}

/* SPDX-License-Identifier: MIT */
#include "control.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

static struct faults *faults;
static long wanted[FAULT_KINDS];

void faults_prepare(void)
{
	char path[64];
	void *map;
	int fd;

	snprintf(path, sizeof(path), "%s/faults", harness()->base);
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
	assert_return_code(fd, errno);
	assert_return_code(ftruncate(fd, sizeof(*faults)), errno);
	map = mmap(NULL, sizeof(*faults), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	assert_ptr_not_equal(map, MAP_FAILED);
	close(fd);
	faults = map;
	setenv("SHMFS_TEST_FAULTS", path, 1);
}

void faults_begin(enum fault fault, long after, long times)
{
	wanted[fault] = times;
	atomic_store(&faults->kinds[fault].after, after);
	atomic_store(&faults->kinds[fault].times, times);
}

long faults_count(enum fault fault)
{
	const long left = atomic_load(&faults->kinds[fault].times);

	return wanted[fault] - (left > 0 ? left : 0);
}

bool faults_end(enum fault fault)
{
	const bool any = faults_count(fault) > 0;

	atomic_store(&faults->kinds[fault].times, 0);
	wanted[fault] = 0;
	return any;
}

long faults_live(void)
{
	return atomic_load(&faults->live);
}

/* SPDX-License-Identifier: MIT */
#include "holders_world.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

uint64_t holders_make(const char *name)
{
	char path[300];
	struct stat st;
	int fd;

	snprintf(path, sizeof(path), "/dev/shm/%s", name);
	fd = open(path, O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, 0600);
	assert_return_code(fd, errno);
	assert_return_code(ftruncate(fd, 8192), errno);
	assert_return_code(fstat(fd, &st), errno);
	close(fd);
	return st.st_ino;
}

dev_t holders_dev(void)
{
	struct stat st;

	assert_return_code(stat("/dev/shm", &st), errno);
	return st.st_dev;
}

pid_t holders_start(holders_hold_fn *hold)
{
	int ready[2];
	char byte;
	pid_t pid;

	assert_return_code(pipe(ready), errno);
	pid = fork();
	assert_return_code(pid, errno);
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		close(ready[0]);
		hold();
		CHECK(write(ready[1], "r", 1) == 1);
		for (;;)
			pause();
	}
	close(ready[1]);
	assert_int_equal(read(ready[0], &byte, 1), 1);
	close(ready[0]);
	return pid;
}

void holders_end(pid_t pid)
{
	kill(pid, SIGKILL);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
}

/* SPDX-License-Identifier: MIT */
#include "hold.h"

#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { PAGE = 4096 };

/* A descriptor of userfaultfd(2) that can be used; -1. */
static int open_faults(void)
{
	struct uffdio_api api = {.api = UFFD_API};
	const int fd = (int)syscall(SYS_userfaultfd, O_CLOEXEC);

	if (fd >= 0 && ioctl(fd, UFFDIO_API, &api) == 0)
		return fd;
	if (fd >= 0)
		close(fd);
	return -1;
}

bool can_hold(void)
{
	const int fd = open_faults();

	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

/* Memory that never comes; NULL. */
static void *memory_without_end(void)
{
	const int faults = open_faults();
	void *memory = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct uffdio_register area = {.mode = UFFDIO_REGISTER_MODE_MISSING};

	if (faults < 0 || memory == MAP_FAILED)
		return NULL;
	area.range.start = (uintptr_t)memory;
	area.range.len = PAGE;
	return ioctl(faults, UFFDIO_REGISTER, &area) == 0 ? memory : NULL;
}

_Noreturn static void hold(const char *path, struct who who, int ready)
{
	void *memory = memory_without_end();
	const int fd = who_become(who) < 0 ? -1 : open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0644);

	if (!memory || fd < 0 || write(ready, "x", 1) != 1)
		_exit(1);
	close(ready);
	_exit(write(fd, memory, PAGE) < 0);
}

/* It sleeps in the write. */
static bool has_begun(pid_t holder)
{
	char path[64], text[64] = "";
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/syscall", (int)holder);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	if (read(fd, text, sizeof(text) - 1) < 0)
		text[0] = '\0';
	close(fd);
	return atoi(text) == SYS_write && text[0] >= '0' && text[0] <= '9';
}

pid_t hold_start(const char *path, struct who who)
{
	int ready[2];
	pid_t pid;
	char c;

	if (pipe2(ready, O_CLOEXEC) < 0)
		return -1;
	pid = fork();
	if (pid == 0)
		hold(path, who, ready[1]);
	close(ready[1]);
	if (pid > 0 && read(ready[0], &c, 1) != 1) {
		hold_end(pid);
		pid = -1;
	}
	close(ready[0]);
	while (pid > 0 && !has_begun(pid))
		if (waitpid(pid, NULL, WNOHANG) == pid)
			return -1;
	return pid;
}

void hold_end(pid_t holder)
{
	kill(holder, SIGKILL);
	waitpid(holder, NULL, 0);
}

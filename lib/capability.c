/* SPDX-License-Identifier: MIT */
#include "capability.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* More than the lines up to "Uid:". */
#define STATUS_MAX 512

static pthread_once_t once = PTHREAD_ONCE_INIT;

/* Of this process; written once. */
static struct {
	bool proc_is_ours;
	ino_t user_namespace;
} self;

static ino_t user_namespace_of(const char *process)
{
	char path[64];
	struct stat st;

	snprintf(path, sizeof(path), "/proc/%s/ns/user", process);
	return stat(path, &st) < 0 ? 0 : st.st_ino;
}

/* In a PID namespace without a /proc of its own, numbers there mean somebody else. */
static void learn_about_self(void)
{
	char link[16] = {0};

	self.proc_is_ours =
		readlink("/proc/self", link, sizeof(link) - 1) > 0 && atol(link) == (long)getpid();
	self.user_namespace = user_namespace_of("self");
}

/* The uid that counts for files, the last of four. */
static bool read_fsuid(const char *process, uid_t *ret_uid)
{
	char path[64], text[STATUS_MAX];
	const char *uids;
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "/proc/%s/status", process);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	n = read(fd, text, sizeof(text) - 1);
	close(fd);
	text[n < 0 ? 0 : n] = '\0';
	/* Newlines in the name of the process, which comes first, are escaped. */
	uids = strstr(text, "\nUid:");
	return uids && sscanf(uids, "\nUid: %*u %*u %*u %u", ret_uid) == 1;
}

/* The same as CapEff in /proc/PID/status, which comes after any number of groups. */
static uint32_t effective(pid_t pid)
{
	struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, pid};
	struct __user_cap_data_struct sets[_LINUX_CAPABILITY_U32S_3];

	return syscall(SYS_capget, &header, sets) < 0 ? 0 : sets[0].effective & SHMFS_CAPABILITIES;
}

uint32_t shmfs_capability_of(pid_t pid)
{
	uint32_t capabilities;
	char process[16];
	uid_t uid;

	pthread_once(&once, learn_about_self);
	if (pid <= 0 || !self.proc_is_ours)
		return SHMFS_CAPABILITIES;
	snprintf(process, sizeof(process), "%d", (int)pid);
	if (!read_fsuid(process, &uid))
		return 0;
	if (uid != 0)
		return SHMFS_CAPABILITIES;
	capabilities = effective(pid);
	if (capabilities == 0 || user_namespace_of(process) != self.user_namespace)
		return 0;
	return capabilities;
}

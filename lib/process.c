/* SPDX-License-Identifier: MIT */
#include "process.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* include/linux/sched.h; in the ninth field of stat. */
#define PF_KTHREAD 0x00200000UL

static int gone(int error)
{
	return error == ENOENT ? -ESRCH : -error;
}

ssize_t shmfs_process_text(int dir, const char *path, char *ret_text, size_t size)
{
	const int fd = openat(dir, path, O_RDONLY | O_CLOEXEC);
	size_t length = 0;
	ssize_t r;

	if (fd < 0)
		return gone(errno);
	while (length < size && (r = read(fd, ret_text + length, size - length)) != 0) {
		if (r < 0 && errno == EINTR)
			continue;
		if (r < 0) {
			r = gone(errno);
			close(fd);
			return r;
		}
		length += (size_t)r;
	}
	close(fd);
	if (length == size)
		return -ENOSPC;
	ret_text[length] = '\0';
	return (ssize_t)length;
}

/* pid (command) state ppid ...: a command may have any bytes in it, brackets too. */
static int parse_stat(char *text, struct shmfs_process *process)
{
	char *command = strchr(text, '('), *end = strrchr(text, ')');
	unsigned long flags;
	char state;

	if (!command || !end || end < command)
		return -EPROTO;
	*end = '\0';
	snprintf(process->command, sizeof(process->command), "%s", command + 1);
	if (sscanf(end + 1,
		    " %c %*d %*d %*d %*d %*d %lu %*u %*u %*u %*u %*u %*u %*d %*d %*d %*d %u %*d "
		    "%" SCNu64,
		    &state, &flags, &process->threads, &process->start) != 4)
		return -EPROTO;
	process->is_kernel = (flags & PF_KTHREAD) != 0;
	process->is_zombie = state == 'Z' || state == 'X';
	return 0;
}

int shmfs_process_read(int proc, pid_t pid, struct shmfs_process *ret_process)
{
	struct shmfs_process process = {.pid = pid};
	char path[32], text[1024];
	ssize_t length;
	int r;

	snprintf(path, sizeof(path), "%d/stat", (int)pid);
	length = shmfs_process_text(proc, path, text, sizeof(text));
	if (length < 0)
		return (int)length;
	r = parse_stat(text, &process);
	if (r == 0)
		*ret_process = process;
	return r;
}

int shmfs_process_user(int proc, pid_t pid, uid_t *ret_uid)
{
	char path[32], text[4096];
	const char *line;
	ssize_t length;

	snprintf(path, sizeof(path), "%d/status", (int)pid);
	length = shmfs_process_text(proc, path, text, sizeof(text));
	if (length < 0)
		return (int)length;
	line = strstr(text, "\nUid:");
	return line && sscanf(line, "\nUid: %*u %u", ret_uid) == 1 ? 0 : -EPROTO;
}

int shmfs_process_numbers(int dir, shmfs_process_visit_fn *visit, void *arg)
{
	_Alignas(struct dirent64) char entries[32768];
	ssize_t length;
	int r = 0;

	if (lseek(dir, 0, SEEK_SET) < 0)
		return -errno;
	while (r == 0 && (length = getdents64(dir, entries, sizeof(entries))) != 0) {
		if (length < 0)
			return gone(errno);
		for (ssize_t at = 0; r == 0 && at < length;) {
			const struct dirent64 *entry = (const void *)(entries + at);
			char *end;
			const uint64_t number = strtoull(entry->d_name, &end, 10);

			if (!*end)
				r = visit(number, arg);
			at += entry->d_reclen;
		}
	}
	return r;
}

/* SPDX-License-Identifier: MIT */
#include "harness.h"
#include "patience.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

double seconds_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void doze(void)
{
	const struct timespec nap = {.tv_nsec = 1000000};

	nanosleep(&nap, NULL);
}

bool wait_until(bool (*holds)(const void *arg), const void *arg)
{
	struct patience patience = {0};

	while (!holds(arg)) {
		if (patience_is_over(&patience))
			return false;
		doze();
	}
	return true;
}

struct ending {
	pid_t pid;
	int *status;
};

static bool has_ended(const void *arg)
{
	const struct ending *e = arg;

	return waitpid(e->pid, e->status, WNOHANG) != 0;
}

int wait_child(pid_t pid)
{
	int status = -1;

	if (wait_until(has_ended, &(struct ending){pid, &status}))
		return status;
	kill(pid, SIGKILL);
	waitpid(pid, &status, 0);
	return -1;
}

static bool tick_passed(const void *arg)
{
	const struct timespec *old = arg;
	struct timespec t;

	clock_gettime(CLOCK_REALTIME_COARSE, &t);
	return t.tv_sec != old->tv_sec || t.tv_nsec != old->tv_nsec;
}

void next_tick(void)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME_COARSE, &t);
	wait_until(tick_passed, &t);
}

/* Their attributes may be two ticks old. */
void let_directories_age(void)
{
	for (int i = 0; i < 3; i++)
		next_tick();
}

/* Reads both pipes until both are closed; false when the patience is over. */
static bool collect(int out, int err, struct outcome *ret)
{
	struct pollfd fds[2] = {{.fd = out, .events = POLLIN}, {.fd = err, .events = POLLIN}};
	char *const bufs[2] = {ret->out, ret->err};
	size_t used[2] = {0, 0};
	struct patience patience = {0};

	while (fds[0].fd >= 0 || fds[1].fd >= 0) {
		if (poll(fds, 2, 100) <= 0) {
			if (patience_is_over(&patience))
				return false;
			continue;
		}
		for (int i = 0; i < 2; i++) {
			ssize_t n;

			if (fds[i].fd < 0 || !fds[i].revents)
				continue;
			n = read(fds[i].fd, bufs[i] + used[i], sizeof(ret->out) - 1 - used[i]);
			if (n > 0)
				used[i] += (size_t)n;
			else
				fds[i].fd = -1;
		}
	}
	return true;
}

static void exec_as(struct who who, int out, int err, const char *const argv[])
{
	union {
		const char *const *in;
		char *const *out;
	} args = {argv};

	dup2(open("/dev/null", O_RDONLY | O_CLOEXEC), 0);
	dup2(out, 1);
	dup2(err, 2);
	if (who_become(who) < 0)
		_exit(126);
	execvp(argv[0], args.out);
	_exit(127);
}

void run_as(struct outcome *ret, struct who who, const char *const argv[])
{
	int out[2], err[2], status;
	pid_t pid;

	memset(ret, 0, sizeof(*ret));
	assert_return_code(pipe2(out, O_CLOEXEC), errno);
	assert_return_code(pipe2(err, O_CLOEXEC), errno);
	pid = fork();
	assert_return_code(pid, errno);
	if (pid == 0)
		exec_as(who, out[1], err[1], argv);
	close(out[1]);
	close(err[1]);
	if (!collect(out[0], err[0], ret))
		kill(pid, SIGKILL);
	status = wait_child(pid);
	ret->status = status == -1        ? -1
		      : WIFEXITED(status) ? WEXITSTATUS(status)
					  : 128 + WTERMSIG(status);
	close(out[0]);
	close(err[0]);
}

void run(struct outcome *ret, const char *const argv[])
{
	run_as(ret, ROOT, argv);
}

void fill(void *buf, size_t len, unsigned int seed, off_t offset)
{
	unsigned char *p = buf;

	for (size_t i = 0; i < len; i++) {
		const uint64_t at = (uint64_t)offset + i;

		p[i] = (unsigned char)(1 + (at * 31 + (at >> 12) * 7 + seed * 89) % 255);
	}
}

uint64_t hash_bytes(const void *buf, size_t len)
{
	const unsigned char *p = buf;
	uint64_t h = 0xcbf29ce484222325U;

	for (size_t i = 0; i < len; i++)
		h = (h ^ p[i]) * 0x100000001b3U;
	return h;
}

uint32_t next_random(uint32_t *state)
{
	uint32_t x = *state;

	x ^= x << 13;
	x ^= x >> 17;
	x ^= x << 5;
	*state = x;
	return x;
}

unsigned long number_of(const char *variable, unsigned long otherwise)
{
	const char *text = getenv(variable);

	return text ? strtoul(text, NULL, 0) : otherwise;
}

int open_in(const char *dir, const char *name, int flags)
{
	char path[PATH_MAX];
	int fd;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	fd = open(path, flags | O_CLOEXEC, 0600);
	assert_return_code(fd, errno);
	return fd;
}

long count_and_close(DIR *dir)
{
	long n = 0;
	int error;

	if (!dir)
		return -1;
	errno = 0;
	while (readdir(dir))
		n++;
	error = errno;
	closedir(dir);
	errno = error;
	return error == 0 ? n : -1;
}

void write_file(const char *path, const void *bytes, size_t len)
{
	const int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	assert_return_code(fd, errno);
	assert_int_equal(write(fd, bytes, len), len);
	close(fd);
}

void read_text(const char *path, char *buf, size_t size)
{
	const int fd = open(path, O_RDONLY | O_CLOEXEC);
	size_t used = 0;
	ssize_t n;

	assert_return_code(fd, errno);
	while ((n = read(fd, buf + used, size - 1 - used)) > 0)
		used += (size_t)n;
	buf[used] = '\0';
	close(fd);
}

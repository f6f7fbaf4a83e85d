/* SPDX-License-Identifier: MIT */
/*
 * The thread and its helper share a desk, a page of memory. They wait for each other by its state:
 *
 *     IDLE --thread--> TAKEN --thread--> CALLED --helper--> IDLE
 *       |--helper, after IDLE_MS--> GONE
 *
 * A helper that is killed leaves the desk as it is. The thread looks every TICK_MS whether it
 * lives.
 *
 * The helper is a clone of a process with threads, whose locks stay as they were at that moment: it
 * only makes system calls. It opens no descriptor, because the next worker would not
 * know that (recover.h); and it dies with its thread.
 */
#include "helper.h"

#include "cgroup.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/futex.h>
#include <linux/time_types.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

/* A helper in a cgroup keeps that from being removed. */
#define IDLE_MS 100

#define TICK_MS 10

/* For a killed helper to end, in ticks. The kernel may hold it for as long as a user likes. */
#define KILLED_TICKS 50

enum { IDLE, TAKEN, CALLED, GONE };

struct desk {
	_Atomic uint32_t state;
	struct allocation allocation;
	ssize_t result;
};

/* The helper of this thread. */
static _Thread_local struct {
	struct desk *desk; /* NULL: there is none */
	pid_t pid;
	int process; /* pidfd */
	char path[PATH_MAX];
} self;

ssize_t allocation_run(const struct allocation *allocation)
{
	off_t from = allocation->from_offset, to = allocation->offset;
	const ssize_t n =
		allocation->from < 0
			? fallocate(allocation->fd, allocation->mode, to, allocation->length)
			: copy_file_range(allocation->from, &from, allocation->fd, &to,
				  (size_t)allocation->length, 0);

	return n < 0 ? -errno : n;
}

/* Returns whether the time is over. */
static bool wait_while(struct desk *desk, uint32_t state, int ms)
{
	const struct __kernel_old_timespec time = {.tv_nsec = ms * 1000000L};

	return syscall(SYS_futex, &desk->state, FUTEX_WAIT, state, &time, NULL, 0) < 0 &&
	       errno == ETIMEDOUT;
}

static void set_state(struct desk *desk, uint32_t state)
{
	atomic_store(&desk->state, state);
	syscall(SYS_futex, &desk->state, FUTEX_WAKE, 1, NULL, NULL, 0);
}

static bool change_state(struct desk *desk, uint32_t from, uint32_t to)
{
	return atomic_compare_exchange_strong(&desk->state, &from, to);
}

_Noreturn static void be_helper(struct desk *desk, pid_t parent)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	while (getppid() == parent) {
		const uint32_t state = atomic_load(&desk->state);

		if (state == CALLED) {
			desk->result = allocation_run(&desk->allocation);
			set_state(desk, IDLE);
		} else if (wait_while(desk, state, IDLE_MS) && state == IDLE &&
			   change_state(desk, IDLE, GONE)) {
			break;
		}
	}
	syscall(SYS_exit_group, 0);
	__builtin_unreachable();
}

/* Where memory is short the kernel is to kill the helper, and no other process of the cgroup. */
static void offer_to_oom_killer(pid_t pid)
{
	char path[40];
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/oom_score_adj", (int)pid);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return;
	if (write(fd, "1000", 4) < 0) {
		/* Another process of the caller's may be killed, as on tmpfs. */
	}
	close(fd);
}

static bool start_helper(const char *path)
{
	struct desk *desk = mmap(
		NULL, sizeof(*desk), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	const pid_t parent = getpid();

	if (desk == MAP_FAILED)
		return false;
	atomic_store(&desk->state, TAKEN);
	self.pid = (pid_t)syscall(
		SYS_clone, CLONE_FILES | CLONE_PIDFD | SIGCHLD, NULL, &self.process, NULL, NULL);
	if (self.pid == 0)
		be_helper(desk, parent);
	if (self.pid < 0) {
		munmap(desk, sizeof(*desk));
		return false;
	}
	self.desk = desk;
	snprintf(self.path, sizeof(self.path), "%s", path);
	offer_to_oom_killer(self.pid);
	return true;
}

static void drop_helper(void)
{
	close(self.process);
	munmap(self.desk, sizeof(*self.desk));
	self.desk = NULL;
}

static bool has_ended(void)
{
	struct pollfd process = {.fd = self.process, .events = POLLIN};

	return poll(&process, 1, 0) == 1;
}

static void send_signal(int sig)
{
	syscall(SYS_pidfd_send_signal, self.process, sig, NULL, 0);
}

/* The helper is there, and does not leave. own: path of the daemon's cgroup. */
static bool take_helper(const char *own)
{
	if (self.desk && (has_ended() || !change_state(self.desk, IDLE, TAKEN)))
		drop_helper();
	return self.desk || start_helper(own);
}

static bool move_helper(const struct shmfs_cgroups *cgroups, const char *path)
{
	if (strcmp(path, self.path) == 0)
		return true;
	if (shmfs_cgroups_move(cgroups, self.pid, path) < 0)
		return false;
	snprintf(self.path, sizeof(self.path), "%s", path);
	return true;
}

/* The helper has been called. */
static ssize_t await_result(helper_signal_fn *signal_of, void *arg)
{
	struct desk *desk = self.desk;
	int killed = 0;

	while (atomic_load(&desk->state) == CALLED) {
		int sig;

		if (!wait_while(desk, CALLED, TICK_MS))
			continue;
		if ((has_ended() && atomic_load(&desk->state) == CALLED) || killed > KILLED_TICKS) {
			drop_helper();
			return killed > 0 ? -EINTR : -ENOMEM;
		}
		sig = signal_of(arg);
		killed += sig == SIGKILL;
		if (sig != 0)
			send_signal(sig);
	}
	return desk->result;
}

ssize_t helper_run(const struct shmfs_cgroups *cgroups, const char *path,
	const struct allocation *allocation, helper_signal_fn *signal_of, void *arg)
{
	const char *own = cgroups->root >= 0 ? cgroups->own : "";

	if (!take_helper(own))
		return -ESRCH;
	if (!move_helper(cgroups, path ? path : own)) {
		set_state(self.desk, IDLE);
		return -ESRCH;
	}
	self.desk->allocation = *allocation;
	set_state(self.desk, CALLED);
	return await_result(signal_of, arg);
}

/* Helpers that have ended need no attention: see wait(2). */
void helper_init(void)
{
	signal(SIGCHLD, SIG_IGN);
}

void helper_end(void)
{
	signal(SIGCHLD, SIG_DFL);
}

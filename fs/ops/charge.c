/* SPDX-License-Identifier: MIT */
#include "charge.h"

#include "request/clock.h"
#include "request/interrupt.h"
#include "request/log.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>

/* From so many bytes on an allocation takes some ms. */
#define LONG_SIZE ((off_t)16 * 1024 * 1024)

#define BELIEVED_MS 10

/* An ordinary user's daemon serves that user. */
static void tell(const struct fs *fs, uint64_t limit)
{
	if (geteuid() != 0)
		return;
	if (!fs->cgroups.may_move)
		log_info("memory that is allocated through the mount is charged to this daemon, "
			 "not to its callers: it may not move processes to other memory cgroups");
	if (limit != UINT64_MAX)
		log_info("this daemon is in a memory cgroup with a limit of %ju MiB",
			(uintmax_t)(limit >> 20));
}

void charge_init(struct fs *fs, bool say)
{
	uint64_t limit = UINT64_MAX;

	helper_init();
	if (shmfs_cgroups_open(&fs->cgroups) == 0)
		limit = shmfs_cgroups_limit(&fs->cgroups, fs->cgroups.own);
	fs->has_memory_limit = limit != UINT64_MAX;
	if (say)
		tell(fs, limit);
}

void charge_clear(struct fs *fs)
{
	shmfs_cgroups_close(&fs->cgroups);
}

static pid_t thread_of(const struct caller *caller)
{
	return fuse_req_ctx(caller->req)->pid;
}

/* The last caller that this thread has looked at. */
static _Thread_local struct {
	pid_t thread;
	int64_t until; /* ms of clock_now_ms(): for so long it is believed to be where it was */
	const char *path;
	char buf[PATH_MAX];
} known;

/*
 * The caller's cgroup. NULL: it is the daemon's own, or cannot be told, because the caller has
 * ended or another namespace hides it. Reading it costs as much as a write.
 */
static const char *path_of(const struct fs *fs, pid_t thread)
{
	const int64_t now = clock_now_ms();

	if (!fs->cgroups.may_move || thread == 0)
		return NULL;
	if (thread == known.thread && now < known.until)
		return known.path;
	known.thread = thread;
	known.until = now + BELIEVED_MS;
	known.path = shmfs_cgroups_find(&fs->cgroups, thread, known.buf) == 0 &&
				     strcmp(known.buf, fs->cgroups.own) != 0
			     ? known.buf
			     : NULL;
	return known.path;
}

static bool has_limit(const struct fs *fs, const struct caller *caller)
{
	const char *path = path_of(fs, thread_of(caller));

	return path ? shmfs_cgroups_limit(&fs->cgroups, path) != UINT64_MAX : fs->has_memory_limit;
}

/* The need of the caller is not known yet. */
static bool is_tmpfs_half_full(const struct fs *fs)
{
	struct statvfs st;

	return fstatvfs(fs->root, &st) == 0 && st.f_bfree < st.f_blocks / 2;
}

void charge_make_room(struct fs *fs, const struct caller *caller)
{
	if (freeing_has(&fs->freeing, caller->uid) &&
		(is_tmpfs_half_full(fs) || has_limit(fs, caller)))
		freeing_wait(&fs->freeing, caller->uid);
}

struct interruptible {
	const struct caller *caller;
	bool ends_early; /* at any signal */
};

static int signal_of(void *arg)
{
	const struct interruptible *self = arg;

	if (!fuse_req_interrupted(self->caller->req))
		return 0;
	if (interrupt_kills(thread_of(self->caller)))
		return SIGKILL;
	return self->ends_early ? SIGUSR2 : 0;
}

ssize_t charge_run(struct fs *fs, const struct caller *caller, const struct allocation *allocation)
{
	struct interruptible interruptible = {caller, allocation->from >= 0};
	const char *path = path_of(fs, thread_of(caller));
	ssize_t n = -ESRCH;

	charge_make_room(fs, caller);
	if (path || fs->has_memory_limit || allocation->length >= LONG_SIZE)
		n = helper_run(&fs->cgroups, path, allocation, signal_of, &interruptible);
	return n == -ESRCH ? allocation_run(allocation) : n;
}

int charge_ahead(struct fs *fs, const struct caller *caller, int fd, off_t offset, off_t length)
{
	const struct allocation allocation = {.fd = fd,
		.mode = FALLOC_FL_KEEP_SIZE,
		.offset = offset,
		.length = length,
		.from = -1};
	struct interruptible interruptible = {caller, false};
	const char *path = path_of(fs, thread_of(caller));
	ssize_t r;

	if (!path && !fs->has_memory_limit)
		return 0;
	charge_make_room(fs, caller);
	r = helper_run(&fs->cgroups, path, &allocation, signal_of, &interruptible);
	return r == -ENOMEM || r == -EINTR ? (int)r : 0;
}

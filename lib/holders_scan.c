/* SPDX-License-Identifier: MIT */
/*
 * A scan goes over all processes twice: for their mounts, which tell the device numbers that count,
 * and for the objects that they hold.
 */
#include "holders_private.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/kcmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define SHM_POINT "/dev/shm"
#define FIRST_PID_NAMESPACE 0xEFFFFFFCU /* PROC_PID_INIT_INO */

struct pids {
	pid_t *pids;
	size_t count, room;
};

static int keep_pid(uint64_t number, void *arg)
{
	struct pids *pids = arg;
	const int r = scan_grow(&pids->pids, &pids->room, pids->count, sizeof(pid_t));

	if (r == 0)
		pids->pids[pids->count++] = (pid_t)number;
	return r;
}

static int open_task(const struct scan *scan, pid_t pid, pid_t tid)
{
	char path[48];
	int fd;

	snprintf(path, sizeof(path), tid == pid ? "%d" : "%d/task/%d", (int)pid, (int)tid);
	fd = openat(scan->proc, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return fd < 0 ? (errno == ENOENT ? -ESRCH : -errno) : fd;
}

/* --- the mounts ---------------------------------------------------------------------------------
 */

static int keep_dev(struct scan *scan, size_t *room, dev_t dev)
{
	int r;

	for (size_t i = 0; i < scan->dev_count; i++)
		if (scan->devs[i] == dev)
			return 0;
	r = scan_grow(&scan->devs, room, scan->dev_count, sizeof(dev_t));
	if (r == 0)
		scan->devs[scan->dev_count++] = dev;
	return r;
}

static int compare_devs(const void *a, const void *b)
{
	const dev_t one = *(const dev_t *)a, other = *(const dev_t *)b;

	return one < other ? -1 : one > other;
}

static int keep_devs(struct scan *scan, dev_t dev)
{
	const struct shmfs_mount *mount;
	size_t room = 0;
	int r = keep_dev(scan, &room, dev);

	for (size_t i = 0; r == 0 && (mount = shmfs_mounts_at(scan->out->mounts, i)); i++)
		if (mount->kind == SHMFS_MOUNT_VIEW || strcmp(mount->point, SHM_POINT) == 0)
			r = keep_dev(scan, &room, mount->dev);
	if (r == 0)
		qsort(scan->devs, scan->dev_count, sizeof(dev_t), compare_devs);
	return r;
}

bool scan_wants(const struct scan *scan, dev_t dev)
{
	return bsearch(&dev, scan->devs, scan->dev_count, sizeof(dev_t), compare_devs) != NULL;
}

/* A process that the caller may not look into is counted by the second pass. */
static int take_mounts(struct scan *scan, const struct pids *pids, dev_t dev)
{
	int self = open_task(scan, scan->self, scan->self);
	int r = self < 0 ? self
			 : shmfs_mounts_add(
				   scan->out->mounts, scan->self, self, false, &scan->out->space);

	if (self >= 0)
		close(self);
	for (size_t i = 0; r == 0 && i < pids->count; i++) {
		const int task = open_task(scan, pids->pids[i], pids->pids[i]);
		uint64_t space;

		if (task < 0)
			continue;
		if (shmfs_mounts_add(scan->out->mounts, pids->pids[i], task, false, &space) ==
			-ENOMEM)
			r = -ENOMEM;
		close(task);
	}
	return r < 0 ? r : keep_devs(scan, dev);
}

/* --- the processes ------------------------------------------------------------------------------
 */

/* Threads share their memory always, and their descriptors unless they say otherwise. */
struct threads {
	struct scan *scan;
	pid_t pid;
	pid_t seen; /* the thread whose descriptors have been looked at; 0: none so far */
};

static bool shares_descriptors(pid_t one, pid_t other)
{
	return syscall(SYS_kcmp, one, other, KCMP_FILES, 0, 0) == 0;
}

/* A thread that has ended is still listed when it is the first: it holds nothing any more. */
static bool has_ended(int task)
{
	char text[1024];
	const char *end;

	if (shmfs_process_text(task, "stat", text, sizeof(text)) < 0)
		return true;
	end = strrchr(text, ')');
	return !end || end[1] != ' ' || end[2] == 'Z' || end[2] == 'X';
}

static int take_task(struct scan *scan, int task)
{
	int r = shmfs_mounts_add(scan->out->mounts, scan->process.pid, task, false, &scan->space);

	if (r == 0)
		r = scan_descriptors(scan, task);
	if (r == 0)
		r = scan_maps(scan, task);
	if (r == 0)
		r = scan_places(scan, task);
	return r;
}

static int take_thread(uint64_t number, void *arg)
{
	struct threads *threads = arg;
	struct scan *scan = threads->scan;
	const pid_t tid = (pid_t)number;
	int task, r = 0;

	if (tid == threads->seen || (threads->seen && shares_descriptors(threads->seen, tid)))
		return 0;
	task = open_task(scan, threads->pid, tid);
	if (task < 0)
		return 0;
	if (threads->seen) {
		r = scan_descriptors(scan, task);
		if (r == 0)
			r = scan_places(scan, task);
	} else if (!has_ended(task)) {
		threads->seen = tid;
		r = take_task(scan, task);
	}
	close(task);
	return r == -ESRCH ? 0 : r;
}

static int take_threads(struct scan *scan, int process, pid_t seen)
{
	struct threads threads = {.scan = scan, .pid = scan->process.pid, .seen = seen};
	const int tasks = openat(process, "task", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int r;

	if (tasks < 0)
		return errno == ENOENT ? -ESRCH : -errno;
	r = shmfs_process_numbers(tasks, take_thread, &threads);
	close(tasks);
	return r;
}

static int take_process(struct scan *scan, pid_t pid)
{
	int process, r = shmfs_process_read(scan->proc, pid, &scan->process);

	scan->is_kept = scan->has_asked = false;
	if (r < 0 || scan->process.is_kernel)
		return r;
	if (scan->process.is_zombie && scan->process.threads <= 1)
		return 0;
	process = open_task(scan, pid, pid);
	if (process < 0)
		return process;
	r = scan->process.is_zombie ? 0 : take_task(scan, process);
	if (r == 0 && scan->process.threads > 1)
		r = take_threads(scan, process, scan->process.is_zombie ? 0 : pid);
	close(process);
	return r;
}

static int take_processes(
	struct scan *scan, const struct pids *pids, shmfs_holders_progress_fn *progress, void *arg)
{
	for (size_t i = 0; i < pids->count; i++) {
		const int r = take_process(scan, pids->pids[i]);

		if (r == -ENOMEM)
			return r;
		scan->out->unseen.processes += r == -EACCES || r == -EPERM;
		if (progress)
			progress(i + 1, pids->count, arg);
	}
	return 0;
}

/* --- all ----------------------------------------------------------------------------------------
 */

static void note_limits(struct scan *scan)
{
	struct stat st;

	scan->out->unseen.pid_namespace =
		fstatat(scan->proc, "self/ns/pid", &st, 0) < 0 || st.st_ino != FIRST_PID_NAMESPACE;
	/* There is always a first process. */
	scan->out->unseen.hidden = faccessat(scan->proc, "1", F_OK, 0) < 0;
}

static int scan_all(struct scan *scan, dev_t dev, shmfs_holders_progress_fn *progress, void *arg)
{
	struct pids pids = {.pids = NULL};
	int r = shmfs_process_numbers(scan->proc, keep_pid, &pids);

	note_limits(scan);
	if (r == 0)
		r = take_mounts(scan, &pids, dev);
	if (r == 0)
		r = take_processes(scan, &pids, progress, arg);
	if (r == 0)
		r = scan_finish(scan);
	free(pids.pids);
	return r;
}

int shmfs_holders_scan(dev_t dev, shmfs_holders_progress_fn *progress, void *arg,
	struct shmfs_holders *ret_holders)
{
	struct shmfs_holders holders = {.holders = NULL};
	struct scan scan = {.out = &holders, .self = getpid()};
	int r = shmfs_mounts_new(&holders.mounts);

	scan.proc = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (scan.proc < 0)
		r = -errno;
	if (r == 0)
		r = scan_all(&scan, dev, progress, arg);
	if (scan.proc >= 0)
		close(scan.proc);
	free(scan.devs);
	free(scan.daemons);
	if (r < 0)
		shmfs_holders_free(&holders);
	else
		*ret_holders = holders;
	return r;
}

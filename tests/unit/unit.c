/* SPDX-License-Identifier: MIT */
#include "unit.h"

#include "private_mounts.h"

#include <dirent.h>
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define SHM_DIR "/dev/shm"

#ifndef __has_feature
#define __has_feature(feature) 0
#endif

/* ThreadSanitizer's symbolizer, a process of its own, looks into what is mapped and stays in it. */
#if defined(__SANITIZE_THREAD__) || __has_feature(thread_sanitizer)
#define UNMOUNT_FLAGS MNT_DETACH
#else
#define UNMOUNT_FLAGS 0
#endif

/*
 * Threads that copy to and from the same bytes of a mapping race by design, as processes do that
 * share the object. Everything else that ThreadSanitizer finds counts.
 */
const char *__tsan_default_suppressions(void);

const char *__tsan_default_suppressions(void)
{
	return "race:shmfs_sigbus_copy\n";
}

static bool is_set(const char *variable, const char *value)
{
	const char *text = getenv(variable);

	return text && strcmp(text, value) == 0;
}

/* meson takes an exit status of 77 for an error where it reads TAP: there the plan says it. */
static _Noreturn void skip_all(const char *reason, int error)
{
	const bool must_run = is_set("SHMFS_TEST_MUST_RUN", "1");

	if (must_run || !is_set("CMOCKA_MESSAGE_OUTPUT", "TAP")) {
		fprintf(stderr, "%s: %s: %s\n", must_run ? "failed" : "skipped", reason,
			strerror(error));
		exit(must_run ? 1 : 77);
	}
	printf("1..0 # SKIP %s: %s\n", reason, strerror(error));
	exit(0);
}

void unit_need_private_shm(void)
{
	int r;

	if (unshare(CLONE_NEWNS) < 0)
		skip_all("no mount namespace of its own", errno);
	r = private_mounts();
	if (r < 0)
		skip_all("no private mounts", -r);
	umask(0);
}

void unit_mount_shm(unsigned long flags, const char *options)
{
	assert_return_code(mount("shmfs-test", SHM_DIR, "tmpfs", flags, options), errno);
}

void unit_unmount_shm(void)
{
	assert_return_code(umount2(SHM_DIR, UNMOUNT_FLAGS), errno);
}

int unit_setup_shm(void **state)
{
	(void)state;
	unit_mount_shm(0, "mode=1777");
	return 0;
}

int unit_teardown_shm(void **state)
{
	(void)state;
	unit_unmount_shm();
	return 0;
}

/* Others are not ours to judge: a sanitizer may open some. */
int unit_count_fds(void)
{
	DIR *dir = opendir("/proc/self/fd");
	const struct dirent *entry;
	int count = 0;

	assert_non_null(dir);
	while ((entry = readdir(dir))) {
		char path[sizeof(SHM_DIR)] = "";

		if (readlinkat(dirfd(dir), entry->d_name, path, sizeof(path) - 1) > 0)
			count += strcmp(path, SHM_DIR) == 0;
	}
	closedir(dir);
	return count;
}

/* xorshift64* */
uint64_t unit_random(uint64_t *seed)
{
	uint64_t x = *seed;

	x ^= x >> 12;
	x ^= x << 25;
	x ^= x >> 27;
	*seed = x;
	return x * 0x2545f4914f6cdd1dU;
}

uint64_t unit_seed(void)
{
	const char *text = getenv("SHMFS_TEST_SEED");
	const uint64_t seed = text ? strtoull(text, NULL, 0) : 20240601;

	print_message("# SHMFS_TEST_SEED=%llu\n", (unsigned long long)seed);
	return seed | 1;
}

double unit_seconds(void)
{
	const char *text = getenv("SHMFS_TEST_SECONDS");

	return text ? strtod(text, NULL) : 1;
}

double unit_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

void unit_check(bool ok, const char *what, const char *file, int line)
{
	if (ok)
		return;
	fprintf(stderr, "%s:%d: error: %s (errno: %s)\n", file, line, what, strerror(errno));
	fflush(NULL);
	_exit(1);
}

/* cmocka's handlers would go on with the parent's tests. */
static void reset_signals(void)
{
	static const int caught[] = {SIGFPE, SIGILL, SIGSEGV, SIGBUS, SIGSYS};

	for (size_t i = 0; i < COUNT(caught); i++)
		signal(caught[i], SIG_DFL);
}

static int run_child(unit_child_fn *fn, void *arg)
{
	const struct rlimit no_core = {0, 0};
	int status;
	pid_t pid;

	fflush(NULL);
	pid = fork();
	assert_return_code(pid, errno);
	if (pid == 0) {
		reset_signals();
		setrlimit(RLIMIT_CORE, &no_core);
		fn(arg);
		fflush(NULL);
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return status;
}

void assert_child_passes(unit_child_fn *fn, void *arg)
{
	assert_int_equal(run_child(fn, arg), 0);
}

void assert_child_dies_of(int sig, unit_child_fn *fn, void *arg)
{
	const int status = run_child(fn, arg);

	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), sig);
}

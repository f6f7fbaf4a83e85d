/* SPDX-License-Identifier: MIT */
#include "harness.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <unistd.h>

const char *daemon_path(void)
{
	static char copy[64];
	const char *path = getenv("SHMFS");
	struct outcome cp;

	if (copy[0])
		return copy;
	if (!path)
		fail_msg("SHMFS must hold the path of the daemon");
	snprintf(copy, sizeof(copy), "%s/shmfs", harness()->base);
	run(&cp, (const char *const[]){"cp", path, copy, NULL});
	assert_int_equal(cp.status, 0);
	assert_return_code(chmod(copy, 0755), errno);
	return copy;
}

/*
 * By a process of that user: without allow_other the kernel looks at all its ids. statfs(2) always
 * answers; access(2) asks.
 */
bool mount_is_usable(const char *dir, struct who who)
{
	struct statfs fs;
	const pid_t pid = fork();

	if (pid == 0)
		_exit(who_become(who) == 0 && access(dir, F_OK) == 0 && statfs(dir, &fs) == 0 &&
					fs.f_type == FUSE_SUPER_MAGIC
				? 0
				: 1);
	return pid > 0 && wait_child(pid) == 0;
}

bool is_mount_point(const char *dir)
{
	char wanted[80], line[512];
	bool found = false;
	FILE *f = fopen("/proc/self/mountinfo", "re");

	assert_non_null(f);
	snprintf(wanted, sizeof(wanted), " %s ", dir);
	while (!found && fgets(line, sizeof(line), f))
		found = strstr(line, wanted) != NULL;
	fclose(f);
	return found;
}

void make_dir(char *ret_path, const char *base, const char *name)
{
	snprintf(ret_path, 64, "%s/%s", base, name);
	assert_return_code(mkdir(ret_path, 0755), errno);
	assert_return_code(chmod(ret_path, 0755), errno);
}

enum { MAX_ARGS = 14 };

static void become_daemon(const struct daemon *daemon, const char *const args[])
{
	const char *argv[MAX_ARGS] = {daemon_path(), "-f"};
	const int log = open(daemon->log, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	union {
		const char **in;
		char *const *out;
	} exec_args = {argv};
	const char *data_path = getenv("SHMFS_TEST_DATA_PATH");
	size_t n = 2;

	if (data_path && !args) {
		argv[n++] = "-o";
		argv[n++] = data_path;
	}

	while (args && args[n - 2] && n < MAX_ARGS - 2) {
		argv[n] = args[n - 2];
		n++;
	}
	argv[n] = daemon->mount;
	if (log < 0 || dup2(open("/dev/null", O_RDONLY | O_CLOEXEC), 0) < 0 || dup2(log, 1) < 0 ||
		dup2(log, 2) < 0 || who_become(daemon->who) < 0)
		_exit(126);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	execv(argv[0], exec_args.out);
	_exit(127);
}

static bool usable_or_ended(const void *arg)
{
	const struct daemon *daemon = arg;

	return mount_is_usable(daemon->mount, daemon->who) ||
	       waitpid(daemon->pid, NULL, WNOHANG) != 0;
}

static void show_log(const struct daemon *daemon)
{
	char text[16 * KIB];

	read_text(daemon->log, text, sizeof(text));
	print_error("log of the daemon:\n%s\n", text);
}

void daemon_start_as(
	struct daemon *ret, const char *mount, const char *const args[], struct who who)
{
	daemon_path();
	ret->who = who;
	snprintf(ret->mount, sizeof(ret->mount), "%s", mount);
	snprintf(ret->log, sizeof(ret->log), "%s.log", mount);
	ret->pid = fork();
	assert_return_code(ret->pid, errno);
	if (ret->pid == 0)
		become_daemon(ret, args);
	if (wait_until(usable_or_ended, ret) && mount_is_usable(mount, who))
		return;
	show_log(ret);
	fail_msg("%s is not usable", mount);
}

void daemon_start(struct daemon *ret, const char *mount, const char *const args[])
{
	daemon_start_as(ret, mount, args, ROOT);
}

/* Words that have no place in the log of a daemon that only did its work. */
static void check_log(const struct daemon *daemon)
{
	static const char *const bad[] = {"error", "warning", "sanitizer", "fuse:", "assert"};
	char text[64 * KIB];

	read_text(daemon->log, text, sizeof(text));
	for (char *p = text; *p; p++)
		*p = (char)tolower((unsigned char)*p);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		if (!strstr(text, bad[i]))
			continue;
		show_log(daemon);
		fail_msg("suspicious in the log: %s", bad[i]);
	}
}

void daemon_expect_end(struct daemon *daemon)
{
	const int status = wait_child(daemon->pid);

	daemon->pid = 0;
	if (status != 0) {
		show_log(daemon);
		fail_msg("wait status of the daemon is %#x", (unsigned int)status);
	}
	assert_false(is_mount_point(daemon->mount));
	check_log(daemon);
}

void daemon_stop(struct daemon *daemon)
{
	assert_return_code(umount2(daemon->mount, 0), errno);
	daemon_expect_end(daemon);
}

static bool is_dead(const void *arg)
{
	const struct daemon *daemon = arg;

	return !mount_is_usable(daemon->mount, daemon->who);
}

void daemon_kill(struct daemon *daemon)
{
	assert_return_code(kill(daemon->pid, SIGKILL), errno);
	assert_int_equal(wait_child(daemon->pid), SIGKILL);
	daemon->pid = 0;
	/* The process that served follows it a moment later. */
	assert_true(wait_until(is_dead, daemon));
}

static pid_t first_child_of(pid_t parent)
{
	char text[64] = "", path[64];
	int pid, fd;

	snprintf(path, sizeof(path), "/proc/%d/task/%d/children", (int)parent, (int)parent);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return 0;
	if (read(fd, text, sizeof(text) - 1) < 0)
		text[0] = '\0';
	close(fd);
	return sscanf(text, "%d", &pid) == 1 ? pid : 0;
}

pid_t daemon_worker(const struct daemon *daemon)
{
	return first_child_of(daemon->pid);
}

void daemon_expect_status(const struct daemon *daemon, const char *line)
{
	struct outcome o;
	char wanted[96];

	run(&o, (const char *const[]){daemon_path(), "status", daemon->mount, NULL});
	assert_int_equal(o.status, 0);
	snprintf(wanted, sizeof(wanted), "\n%s\n", line);
	if (!strstr(o.out, wanted))
		fail_msg("no \"%s\" in: %s", line, o.out);
}

void daemon_may_crash(void)
{
	static const char *const variables[] = {"ASAN_OPTIONS", "UBSAN_OPTIONS", "TSAN_OPTIONS"};

	for (size_t i = 0; i < ARRAY_SIZE(variables); i++) {
		const char *old = getenv(variables[i]);
		char value[512];

		snprintf(value, sizeof(value), "%s%shandle_segv=0:handle_abort=0", old ? old : "",
			old ? ":" : "");
		setenv(variables[i], value, 1);
	}
}

/* A refused start leaves ended children to its init. */
pid_t adopted_child(void)
{
	pid_t pid;

	do
		pid = first_child_of(getpid());
	while (pid > 0 && waitpid(pid, NULL, WNOHANG) == pid);
	return pid;
}

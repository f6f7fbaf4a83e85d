/* SPDX-License-Identifier: MIT */
/* With auto_unmount the mount goes with the processes that serve it, however they end, and not
 * before. */
#include "harness.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

/* fusermount3 3.14 looks at the dead mount as root: the mount must let root in. */
static const char *const auto_unmount[] = {"-o", "auto_unmount,allow_other", NULL};

static bool is_shmfs(int pid)
{
	char path[64], name[32] = "";
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/comm", pid);
	f = fopen(path, "re");
	if (!f)
		return false;
	if (!fgets(name, sizeof(name), f))
		name[0] = '\0';
	fclose(f);
	return strcmp(name, "shmfs\n") == 0;
}

/* The other child is fusermount3, which waits for the end. 0: there is no worker. */
static int find_worker(const struct daemon *daemon)
{
	char path[64];
	int pid, worker = 0;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/task/%d/children", (int)daemon->pid,
		(int)daemon->pid);
	f = fopen(path, "re");
	if (!f)
		return 0;
	while (fscanf(f, "%d", &pid) == 1)
		if (is_shmfs(pid))
			worker = pid;
	fclose(f);
	return worker;
}

/* Root's daemon mounts by itself and only has it unmounted, which fusermount3 3.14 cannot do. */
static bool works_for(struct who who)
{
	struct outcome o;

	if (who.uid != 0)
		return true;
	run(&o, (const char *const[]){"fusermount3", "--auto-unmount", NULL});
	if (!strstr(o.err, "unrecognized option"))
		return true;
	print_message("# not for root: this fusermount3 cannot\n");
	return false;
}

/* fusermount3 waits for the end of one. */
static int count_sockets(const struct daemon *daemon)
{
	char path[64];
	struct stat st;
	int n = 0;

	for (int fd = 0; fd < 256; fd++) {
		snprintf(path, sizeof(path), "/proc/%d/fd/%d", (int)daemon->pid, fd);
		n += stat(path, &st) == 0 && S_ISSOCK(st.st_mode);
	}
	return n;
}

struct change {
	const struct daemon *daemon;
	int worker;
};

/* While the old one lives, another process of that name is a new program that is being tried. */
static bool has_another_worker(const void *arg)
{
	const struct change *change = arg;

	return kill(change->worker, 0) < 0 && find_worker(change->daemon) != 0;
}

static bool is_gone(const void *dir)
{
	return !is_mount_point(dir);
}

static void start(struct daemon *ret, struct who who)
{
	static int n;
	char name[16], dir[64];

	snprintf(name, sizeof(name), "mount-%d", n++);
	make_dir(dir, harness()->base, name);
	assert_return_code(chown(dir, who.uid, who.gid), errno);
	daemon_start_as(ret, dir, auto_unmount, who);
}

static void kill_all_of(struct daemon *daemon)
{
	const int worker = find_worker(daemon);

	assert_return_code(kill(daemon->pid, SIGKILL), errno);
	if (worker != 0) /* it may be gone with the keeper already */
		kill(worker, SIGKILL);
	assert_int_equal(wait_child(daemon->pid), SIGKILL);
	assert_true(wait_until(is_gone, daemon->mount));
}

/* `sig` to the keeper or the worker, and the mount stays, with a new worker. */
static void expect_to_stay(const struct daemon *daemon, bool keeper, int sig)
{
	const struct change change = {daemon, find_worker(daemon)};
	const int sockets = count_sockets(daemon);

	if (change.worker == 0) {
		print_message("# one process serves alone\n");
		return;
	}
	assert_return_code(kill(keeper ? daemon->pid : change.worker, sig), errno);
	assert_true(wait_until(has_another_worker, &change));
	assert_true(mount_is_usable(daemon->mount, daemon->who));
	assert_true(sockets > 0 && count_sockets(daemon) == sockets);
}

static const struct who *const callers[] = {&ROOT, &NOBODY};

/* With a daemon of each caller's that can have it; `act` ends it. */
static void as_each_caller(void (*act)(struct daemon *daemon))
{
	struct daemon daemon;

	for (size_t i = 0; i < ARRAY_SIZE(callers); i++) {
		if (!works_for(*callers[i]))
			continue;
		start(&daemon, *callers[i]);
		act(&daemon);
	}
}

static void it_goes_with_the_processes(void **state)
{
	(void)state;
	as_each_caller(kill_all_of);
}

static void change_worker(struct daemon *daemon)
{
	expect_to_stay(daemon, false, SIGKILL);
	kill_all_of(daemon);
}

static void it_stays_while_another_worker_comes(void **state)
{
	(void)state;
	as_each_caller(change_worker);
}

static void change_program(struct daemon *daemon)
{
	expect_to_stay(daemon, true, SIGHUP);
	kill_all_of(daemon);
}

static void it_stays_while_the_program_is_replaced(void **state)
{
	(void)state;
	as_each_caller(change_program);
}

static void end_by_signal(struct daemon *daemon)
{
	assert_return_code(kill(daemon->pid, SIGTERM), errno);
	daemon_expect_end(daemon);
}

static void other_ends_are_what_they_were(void **state)
{
	(void)state;
	as_each_caller(end_by_signal);
	as_each_caller(daemon_stop);
}

static void users_may_allow_others(void **state)
{
	static const char text[] = "user_allow_other\n";
	char path[64];

	(void)state;
	snprintf(path, sizeof(path), "%s/fuse.conf", harness()->base);
	write_file(path, text, sizeof(text) - 1);
	assert_return_code(mount(path, "/etc/fuse.conf", NULL, MS_BIND, NULL), errno);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(users_may_allow_others),
		cmocka_unit_test(it_goes_with_the_processes),
		cmocka_unit_test(it_stays_while_another_worker_comes),
		cmocka_unit_test(it_stays_while_the_program_is_replaced),
		cmocka_unit_test(other_ends_are_what_they_were),
	};

	return RUN_BARE(tests);
}

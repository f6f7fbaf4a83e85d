/* SPDX-License-Identifier: MIT */
/* Odd circumstances to start in: inherited state, places for mounts, few descriptors. */
#include "harness.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

/* The mount is not used: there is no request that would wake a thread. */
static void end_idle(struct daemon *daemon, int sig)
{
	assert_return_code(kill(daemon->pid, sig), errno);
	daemon_expect_end(daemon);
}

static void blocked_signals(void **state)
{
	static const char *const ways[][3] = {{"-o", "nokeeper", NULL}, {NULL}};
	struct daemon daemon;
	char dir[64];
	sigset_t all, old;

	(void)state;
	make_dir(dir, harness()->base, "blocked");
	sigfillset(&all);
	for (size_t i = 0; i < ARRAY_SIZE(ways); i++) {
		sigprocmask(SIG_SETMASK, &all, &old);
		daemon_start(&daemon, dir, ways[i]);
		sigprocmask(SIG_SETMASK, &old, NULL);
		end_idle(&daemon, SIGTERM);
	}
}

static void an_ignored_sigterm(void **state)
{
	static const char *const ways[][3] = {{"-o", "nokeeper", NULL}, {NULL}};
	struct daemon daemon;
	char dir[64];

	(void)state;
	make_dir(dir, harness()->base, "ignored");
	for (size_t i = 0; i < ARRAY_SIZE(ways); i++) {
		signal(SIGTERM, SIG_IGN);
		daemon_start(&daemon, dir, ways[i]);
		signal(SIGTERM, SIG_DFL);
		end_idle(&daemon, SIGTERM);
	}
}

/*
 * With SIGCHLD ignored there are no zombies to wait for: the end of fusermount3 is seen another
 * way.
 */
static void ignored_children(void **state)
{
	char dir[64];
	struct daemon daemon;
	struct outcome o;

	(void)state;
	make_dir(dir, harness()->base, "children");
	assert_return_code(chown(dir, NOBODY.uid, NOBODY.gid), errno);
	daemon_start_as(&daemon, dir, NULL, NOBODY);
	daemon_kill(&daemon);
	run_as(&o, NOBODY,
		(const char *const[]){"env", "--ignore-signal=CHLD", daemon_path(), dir, NULL});
	if (o.status != 0)
		fail_msg("status %d: %s", o.status, o.err);
	assert_true(mount_is_usable(dir, NOBODY));
	daemon.pid = adopted_child();
	assert_true(daemon.pid > 0);
	end_idle(&daemon, SIGTERM);
}

static void expect_refused_as(struct who who, const char *const argv[], const char *word)
{
	struct outcome o;
	const char *newline;

	run_as(&o, who, argv);
	newline = strchr(o.err, '\n');
	if (o.status <= 0 || o.status > 125 || !strcasestr(o.err, word) || !newline ||
		newline[1] != '\0')
		fail_msg("status %d, not one line with \"%s\": %s", o.status, word, o.err);
}

static void expect_refused(const char *const argv[], const char *word)
{
	expect_refused_as(ROOT, argv, word);
}

/* A path to such a mount would lead the daemon to itself. */
static void a_mount_point_among_the_objects(void **state)
{
	char other[64], inside[80];

	(void)state;
	assert_return_code(mkdir(SHM_DIR "/m", 0777), errno);
	expect_refused((const char *const[]){daemon_path(), SHM_DIR "/m", NULL}, "among");
	expect_refused_as(
		NOBODY, (const char *const[]){daemon_path(), SHM_DIR "/m", NULL}, "among");
	make_dir(other, harness()->base, "other");
	assert_return_code(mount(SHM_DIR, other, NULL, MS_BIND, NULL), errno);
	snprintf(inside, sizeof(inside), "%s/m", other);
	expect_refused((const char *const[]){daemon_path(), inside, NULL}, "among");
	assert_return_code(umount2(other, 0), errno);
	assert_return_code(rmdir(SHM_DIR "/m"), errno);
}

/* mount(8) passes the options of the kernel's list of mounts as well. */
static void a_remount(void **state)
{
	static const char *const lists[] = {
		"remount", "remount,ro", "rw,user_id=0,group_id=0,remount"};
	struct outcome o;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(lists); i++) {
		run(&o, (const char *const[]){
				daemon_path(), "shmfs", harness()->base, "-o", lists[i], NULL});
		assert_int_equal(o.status, 1);
		assert_non_null(strstr(o.err, "a mount cannot be changed with remount"));
	}
}

/* The daemon needs no path to the objects. */
static void a_mount_over_its_own_objects(void **state)
{
	struct daemon daemon;
	char dir[64];

	(void)state;
	make_dir(dir, harness()->base, "covers");
	daemon_start(&daemon, dir, NULL);
	assert_return_code(mount(dir, SHM_DIR, NULL, MS_BIND, NULL), errno);
	close(open_in(SHM_DIR, "any", O_RDWR | O_CREAT));
	assert_return_code(umount2(SHM_DIR, 0), errno);
	assert_return_code(unlink(SHM_DIR "/any"), errno);
	daemon_stop(&daemon);
}

static void a_longest_read(void **state)
{
	static char buf[MIB];
	struct daemon daemon;
	char dir[64], path[80];
	int fd;

	(void)state;
	make_dir(dir, harness()->base, "max-read");
	expect_refused(
		(const char *const[]){daemon_path(), "-o", "max_read=4k", dir, NULL}, "max_read");
	daemon_start(
		&daemon, dir, (const char *const[]){"-o", "max_read=4096,passthrough=off", NULL});
	snprintf(path, sizeof(path), "%s/o", dir);
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	assert_return_code(fd, errno);
	assert_int_equal(write(fd, buf, sizeof(buf)), sizeof(buf));
	assert_int_equal(pread(fd, buf, sizeof(buf), 0), sizeof(buf));
	close(fd);
	daemon_stop(&daemon);
	sweep(SHM_DIR);
}

static void options_before_a_separator(void **state)
{
	struct statvfs fs;
	struct outcome o;
	char dir[64];
	pid_t pid;

	(void)state;
	make_dir(dir, harness()->base, "separator");
	run(&o, (const char *const[]){daemon_path(), "-o", "ro", "--", dir, NULL});
	if (o.status != 0)
		fail_msg("status %d: %s", o.status, o.err);
	pid = adopted_child();
	assert_return_code(statvfs(dir, &fs), errno);
	assert_true(fs.f_flag & ST_RDONLY);
	assert_return_code(umount2(dir, 0), errno);
	assert_int_equal(wait_child(pid), 0);
}

static void a_dead_mount_below_a_refusal(void **state)
{
	struct daemon daemon;
	char dir[64], path[80];

	(void)state;
	make_dir(dir, harness()->base, "dead-full");
	snprintf(path, sizeof(path), "%s/file", dir);
	write_file(path, "x", 1);
	daemon_start(&daemon, dir, (const char *const[]){"-o", "nonempty", NULL});
	daemon_kill(&daemon);
	expect_refused((const char *const[]){daemon_path(), dir, NULL}, "not empty");
	assert_false(is_mount_point(dir));
}

/* It either says so, or can be used. */
static void too_few_descriptors(void **state)
{
	bool refused = false, served = false;
	char dir[64], command[256];
	struct outcome o;
	pid_t pid;

	(void)state;
	make_dir(dir, harness()->base, "few");
	for (int limit = 4; limit <= 64; limit++) {
		snprintf(command, sizeof(command), "ulimit -n %d; exec %s %s", limit, daemon_path(),
			dir);
		run(&o, (const char *const[]){"sh", "-c", command, NULL});
		if (o.status == 0) {
			served = true;
			pid = adopted_child();
			run(&o, (const char *const[]){"ls", "-l", dir, NULL});
			assert_int_equal(o.status, 0);
			assert_return_code(umount2(dir, 0), errno);
			assert_int_equal(wait_child(pid), 0);
		} else {
			refused = true;
			if (!strstr(o.err, "Too many open files"))
				fail_msg("%d: status %d: %s", limit, o.status, o.err);
		}
		assert_false(is_mount_point(dir));
	}
	assert_true(refused && served);
}

/* Its own mount is gone from the path; the mount that is there now is not its business. */
static void the_end_leaves_other_mounts_alone(void **state)
{
	struct daemon first, second;
	char dir[64], path[80];
	int fd;

	(void)state;
	make_dir(dir, harness()->base, "others");
	daemon_start(&first, dir, NULL);
	snprintf(path, sizeof(path), "%s/o", dir);
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	assert_return_code(fd, errno);
	assert_return_code(umount2(dir, MNT_DETACH), errno);
	daemon_start(&second, dir, NULL);
	assert_return_code(kill(first.pid, SIGTERM), errno);
	assert_int_equal(wait_child(first.pid), 0);
	assert_true(mount_is_usable(dir, ROOT));
	close(fd);
	daemon_stop(&second);
	sweep(SHM_DIR);
}

/* fusermount3 is nowhere: hidden behind a directory with the needed programs only. */
static void no_fusermount(void **state)
{
	char dir[64], bin[64], path[96];
	struct outcome o;

	(void)state;
	make_dir(dir, harness()->base, "no-fusermount");
	make_dir(bin, harness()->base, "bin");
	assert_return_code(chown(dir, NOBODY.uid, NOBODY.gid), errno);
	run(&o, (const char *const[]){"which", "fusermount3", NULL});
	assert_int_equal(o.status, 0);
	o.out[strcspn(o.out, "\n")] = '\0';
	snprintf(path, sizeof(path), "%s/nothing", bin);
	write_file(path, "", 0);
	assert_return_code(mount(path, o.out, NULL, MS_BIND, NULL), errno);
	expect_refused_as(NOBODY, (const char *const[]){daemon_path(), dir, NULL}, "fusermount3");
	assert_return_code(umount2(o.out, 0), errno);
	assert_false(is_mount_point(dir));
}

/* As in containers: neither the daemon nor fusermount3 may mount, or there is no device. */
static void nothing_to_mount_with(void **state)
{
	char dir[64];

	(void)state;
	make_dir(dir, harness()->base, "container");
	assert_return_code(chown(dir, NOBODY.uid, NOBODY.gid), errno);
	expect_refused((const char *const[]){"setpriv", "--bounding-set=-sys_admin", "--",
			       "setpriv", "--inh-caps=-sys_admin", "--", daemon_path(), dir, NULL},
		"no CAP_SYS_ADMIN");
	expect_refused_as(NOBODY,
		(const char *const[]){"setpriv", "--no-new-privs", daemon_path(), dir, NULL},
		"no CAP_SYS_ADMIN");
	assert_false(is_mount_point(dir));
}

static void no_device(void **state)
{
	char dir[64], empty[64];

	(void)state;
	make_dir(dir, harness()->base, "no-device");
	make_dir(empty, harness()->base, "dev");
	expect_refused((const char *const[]){"unshare", "--mount", "sh", "-c",
			       "mkdir \"$1/shm\" && mount --bind /dev/shm \"$1/shm\" && "
			       "mount --rbind \"$1\" /dev && shift && exec \"$@\"",
			       "sh", empty, daemon_path(), dir, NULL},
		"no /dev/fuse");
}

static void no_core_dumps(void **state)
{
	char path[64], text[4096], expected[64];
	struct daemon daemon;
	pid_t pids[2];
	char dir[64];

	(void)state;
	make_dir(dir, harness()->base, "core");
	daemon_start(&daemon, dir, NULL);
	pids[0] = daemon.pid;
	pids[1] = daemon_worker(&daemon);
	snprintf(expected, sizeof(expected), "Max core file size        1                    1 ");
	for (int i = 0; i < 2 && pids[i] > 0; i++) {
		snprintf(path, sizeof(path), "/proc/%d/limits", (int)pids[i]);
		read_text(path, text, sizeof(text));
		assert_non_null(strstr(text, expected));
	}
	daemon_stop(&daemon);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(blocked_signals),
		cmocka_unit_test(an_ignored_sigterm),
		cmocka_unit_test(ignored_children),
		cmocka_unit_test(a_mount_point_among_the_objects),
		cmocka_unit_test(a_remount),
		cmocka_unit_test(a_mount_over_its_own_objects),
		cmocka_unit_test(a_longest_read),
		cmocka_unit_test(options_before_a_separator),
		cmocka_unit_test(a_dead_mount_below_a_refusal),
		cmocka_unit_test(too_few_descriptors),
		cmocka_unit_test(the_end_leaves_other_mounts_alone),
		cmocka_unit_test(no_fusermount),
		cmocka_unit_test(nothing_to_mount_with),
		cmocka_unit_test(no_device),
		cmocka_unit_test(no_core_dumps),
	};

	return RUN_BARE(tests);
}

/* SPDX-License-Identifier: MIT */
/* Starts that are refused, their messages, and odd starts that succeed. */
#include "harness.h"
#include "worker.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

/* A status that tells of an error, one line that holds `word`, nothing mounted. */
static void expect_refused(struct who who, const char *const argv[], const char *word)
{
	struct outcome o;
	const char *newline;

	run_as(&o, who, argv);
	if (o.status <= 0 || o.status > 125)
		fail_msg("status %d\n%s%s", o.status, o.out, o.err);
	assert_string_equal(o.out, "");
	newline = strchr(o.err, '\n');
	if (!newline || newline[1] != '\0')
		fail_msg("not one line: %s", o.err);
	if (!strcasestr(o.err, word))
		fail_msg("no \"%s\" in: %s", word, o.err);
}

/* In the foreground and in the background alike. */
static void expect_mount_refused(struct who who, const char *dir, const char *word)
{
	expect_refused(who, (const char *const[]){daemon_path(), dir, NULL}, word);
	expect_refused(who, (const char *const[]){daemon_path(), "-f", dir, NULL}, word);
}

static void a_missing_mount_point(void **state)
{
	char dir[64];

	(void)state;
	snprintf(dir, sizeof(dir), "%s/missing", harness()->base);
	expect_mount_refused(ROOT, dir, "No such file or directory");
	expect_mount_refused(ROOT, "/no/where/at/all", "No such file or directory");
}

static void a_file_as_mount_point(void **state)
{
	char path[64];

	(void)state;
	snprintf(path, sizeof(path), "%s/file", harness()->base);
	write_file(path, "x", 1);
	expect_mount_refused(ROOT, path, "Not a directory");
	assert_false(is_mount_point(path));
}

static void a_mount_point_that_is_not_empty(void **state)
{
	char dir[64], path[80];
	struct daemon daemon;

	(void)state;
	make_dir(dir, harness()->base, "full");
	snprintf(path, sizeof(path), "%s/file", dir);
	write_file(path, "x", 1);
	expect_mount_refused(ROOT, dir, "not empty");
	assert_false(is_mount_point(dir));
	daemon_start(&daemon, dir, (const char *const[]){"-o", "nonempty", NULL});
	assert_int_equal(access(path, F_OK), -1);
	daemon_stop(&daemon);
	assert_return_code(access(path, F_OK), errno);
}

static void a_mount_point_in_use(void **state)
{
	struct daemon daemon;
	char dir[64];

	(void)state;
	make_dir(dir, harness()->base, "busy");
	daemon_start(&daemon, dir, NULL);
	expect_mount_refused(ROOT, dir, "busy");
	assert_true(mount_is_usable(dir, ROOT));
	daemon_stop(&daemon);
	assert_false(is_mount_point(dir));
}

static void the_objects_themselves_as_mount_point(void **state)
{
	(void)state;
	expect_mount_refused(ROOT, SHM_DIR, SHM_DIR);
	assert_return_code(close(open(SHM_DIR "/o", O_RDWR | O_CREAT, 0600)), errno);
	assert_return_code(unlink(SHM_DIR "/o"), errno);
}

/* The daemon would wait for itself. */
static void a_mount_point_above_the_objects(void **state)
{
	(void)state;
	expect_refused(ROOT, (const char *const[]){daemon_path(), "-o", "nonempty", "/dev", NULL},
		"/dev/shm");
	expect_refused(ROOT, (const char *const[]){daemon_path(), "-o", "nonempty", "/", NULL},
		"/dev/shm");
}

/* As from a script with a variable that is not set. */
static void an_empty_mount_point(void **state)
{
	(void)state;
	expect_mount_refused(ROOT, "", "No such file");
}

static void shm_aside(char *ret_path)
{
	snprintf(ret_path, 64, "%s/shm", harness()->base);
}

/* A /dev with nothing in it but null and the objects. */
static int hide_dev_fuse(void **state)
{
	char shm[64];

	(void)state;
	shm_aside(shm);
	return mkdir(shm, 0755) < 0 || mount(SHM_DIR, shm, NULL, MS_BIND, NULL) < 0 ||
	       mount("tmpfs", "/dev", "tmpfs", 0, "mode=0755") < 0 ||
	       mknod("/dev/null", S_IFCHR | 0666, makedev(1, 3)) < 0 || mkdir(SHM_DIR, 01777) < 0 ||
	       mount(shm, SHM_DIR, NULL, MS_BIND, NULL) < 0;
}

static int restore_dev(void **state)
{
	char shm[64];

	(void)state;
	shm_aside(shm);
	return umount2("/dev", MNT_DETACH) < 0 || umount2(shm, 0) < 0;
}

static void no_dev_fuse(void **state)
{
	char dir[64];

	(void)state;
	make_dir(dir, harness()->base, "no-fuse");
	expect_mount_refused(ROOT, dir, "there is no /dev/fuse");
	assert_false(is_mount_point(dir));
}

static void no_permission_for_the_mount_point(void **state)
{
	char open_dir[64], closed_dir[64], path[80];

	(void)state;
	make_dir(open_dir, harness()->base, "not-theirs");
	make_dir(closed_dir, harness()->base, "closed");
	make_dir(path, closed_dir, "inner");
	assert_return_code(chmod(closed_dir, 0700), errno);
	expect_mount_refused(NOBODY, open_dir, "no write access");
	expect_mount_refused(NOBODY, path, "permission denied");
	assert_false(is_mount_point(open_dir));
	assert_false(is_mount_point(path));
}

static void wrong_command_lines(void **state)
{
	const char *exe = daemon_path();
	char dir[64];

	(void)state;
	make_dir(dir, harness()->base, "unused");
	expect_refused(ROOT, (const char *const[]){exe, NULL}, "mount point");
	expect_refused(ROOT, (const char *const[]){exe, "-f", NULL}, "mount point");
	expect_refused(ROOT, (const char *const[]){exe, "", NULL}, "");
	expect_refused(ROOT, (const char *const[]){exe, "-o", "bogus", dir, NULL}, "bogus");
	expect_refused(ROOT, (const char *const[]){exe, "-o", "ro,bogus=1", dir, NULL}, "bogus");
	expect_refused(ROOT, (const char *const[]){exe, "-z", dir, NULL}, "-z");
	expect_refused(ROOT, (const char *const[]){exe, "hlep", dir, NULL}, "shmfs help?");
	expect_refused(ROOT, (const char *const[]){exe, "help", dir, NULL}, "no verb is called");
	expect_refused(ROOT, (const char *const[]){exe, dir, "--bogus", NULL}, "--bogus");
	expect_refused(ROOT, (const char *const[]){exe, "none", dir, "third", NULL}, "third");
	assert_false(is_mount_point(dir));
}

static void expect_text(const char *flag, const char *word)
{
	struct outcome o;

	run(&o, (const char *const[]){daemon_path(), flag, NULL});
	assert_int_equal(o.status, 0);
	assert_string_equal(o.err, "");
	assert_non_null(strstr(o.out, word));
	assert_int_equal(o.out[strlen(o.out) - 1], '\n');
}

static void help_and_version(void **state)
{
	(void)state;
	expect_text("-h", "MOUNTPOINT");
	expect_text("--help", "MOUNTPOINT");
	expect_text("-h", "shmfs VERB");
	expect_text("-V", "shmfs ");
	expect_text("--version", "shmfs ");
}

/* No mount point exists, so an option that is known leads to that refusal. */
static void expect_option_known(const char *option)
{
	struct outcome o;

	run(&o, (const char *const[]){daemon_path(), "-o", option, "/nonexistent/mount", NULL});
	if (o.status == 0 || strstr(o.err, "unknown option"))
		fail_msg("%s: status %d: %s", option, o.status, o.err);
}

/* The help gives each option a line of four spaces and its name, with = if it has a value. */
static void the_help_lists_options_that_exist(void **state)
{
	struct outcome o;
	char *line, *next, *end;
	int known = 0;

	(void)state;
	run(&o, (const char *const[]){daemon_path(), "-h", NULL});
	line = strstr(o.out, "mount options:");
	end = strstr(o.out, "usage: shmfs VERB");
	assert_non_null(line);
	assert_non_null(end);
	*end = '\0';
	for (line = strtok_r(line, "\n", &next); line; line = strtok_r(NULL, "\n", &next)) {
		char option[40];
		size_t len = strspn(line, " ");

		if (len != 4)
			continue;
		line += len;
		len = strcspn(line, " ,=");
		snprintf(option, sizeof(option), "%.*s%s", (int)len, line,
			line[len] == '=' ? "=1" : "");
		expect_option_known(option);
		known++;
	}
	assert_in_range(known, 10, 40);
}

/* Not even a poll in between: it returns when the mount is usable. */
static void background_start_returns_when_usable(void **state)
{
	struct outcome o;
	struct stat st;
	char dir[64];
	pid_t pid;

	(void)state;
	make_dir(dir, harness()->base, "background");
	assert_return_code(mknod(SHM_DIR "/there", S_IFREG | 0600, 0), errno);
	for (int i = 0; i < 20; i++) {
		char path[80];

		run(&o, (const char *const[]){daemon_path(), dir, NULL});
		snprintf(path, sizeof(path), "%s/there", dir);
		assert_return_code(stat(path, &st), errno);
		assert_int_equal(o.status, 0);
		assert_string_equal(o.out, "");
		assert_true(is_word_of_keeper(o.err));
		pid = adopted_child();
		assert_return_code(umount2(dir, 0), errno);
		assert_int_equal(wait_child(pid), 0);
	}
	assert_return_code(unlink(SHM_DIR "/there"), errno);
}

/* It keeps neither the session, nor the directory, nor the descriptors of its starter. */
static void the_background_is_detached(void **state)
{
	char dir[64], link[64], target[80];
	struct outcome o;
	ssize_t n;
	pid_t pid;

	(void)state;
	make_dir(dir, harness()->base, "detached");
	assert_return_code(chdir(harness()->base), errno);
	run(&o, (const char *const[]){daemon_path(), "detached", NULL});
	assert_return_code(chdir("/"), errno);
	assert_int_equal(o.status, 0);
	pid = adopted_child();
	assert_true(pid > 0);
	assert_int_equal(getsid(pid), pid);
	snprintf(link, sizeof(link), "/proc/%d/cwd", pid);
	n = readlink(link, target, sizeof(target));
	assert_int_equal(n, 1);
	for (int fd = 0; fd < 3; fd++) {
		snprintf(link, sizeof(link), "/proc/%d/fd/%d", pid, fd);
		n = readlink(link, target, sizeof(target));
		assert_int_equal(n, strlen("/dev/null"));
		assert_memory_equal(target, "/dev/null", strlen("/dev/null"));
	}
	assert_return_code(umount2(dir, 0), errno);
	assert_int_equal(wait_child(pid), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_missing_mount_point),
		cmocka_unit_test(a_file_as_mount_point),
		cmocka_unit_test(a_mount_point_that_is_not_empty),
		cmocka_unit_test(a_mount_point_in_use),
		cmocka_unit_test(the_objects_themselves_as_mount_point),
		cmocka_unit_test(a_mount_point_above_the_objects),
		cmocka_unit_test(an_empty_mount_point),
		cmocka_unit_test_setup_teardown(no_dev_fuse, hide_dev_fuse, restore_dev),
		cmocka_unit_test(no_permission_for_the_mount_point),
		cmocka_unit_test(wrong_command_lines),
		cmocka_unit_test(help_and_version),
		cmocka_unit_test(the_help_lists_options_that_exist),
		cmocka_unit_test(background_start_returns_when_usable),
		cmocka_unit_test(the_background_is_detached),
	};

	return RUN_BARE(tests);
}

/* SPDX-License-Identifier: MIT */
/* A mount's report of itself (shmfs status), the only ioctl that it knows. */
#include "harness.h"
#include "worker.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

static void ask(struct outcome *ret, struct who who, const char *dir)
{
	run_as(ret, who, (const char *const[]){daemon_path(), "status", dir, NULL});
}

static char log_text[4 * KIB];

static bool has_told(const void *arg)
{
	const struct daemon *daemon = arg;

	read_text(daemon->log, log_text, sizeof(log_text));
	return strstr(log_text, "data path: ") != NULL;
}

/* The data path as the daemon told it when it started: "data path: …", with the newline. */
static const char *told_at_start(const struct daemon *daemon)
{
	assert_true(wait_until(has_told, daemon)); /* it serves before it tells */
	return strstr(log_text, "data path: ");
}

static void expect_answer(
	struct who who, const struct daemon *daemon, const char *dir, const char *reserve)
{
	struct outcome o;
	char wanted[512];
	char *version_end;

	ask(&o, who, dir);
	assert_int_equal(o.status, 0);
	assert_string_equal(o.err, "");
	assert_memory_equal(o.out, "shmfs ", 6);
	version_end = strchr(o.out, ',');
	assert_non_null(version_end);
	snprintf(wanted, sizeof(wanted),
		", pid %d\n%sobjects are found by: %s\nreserve: %s\nrequests answered: ",
		daemon->pid, told_at_start(daemon),
		daemon->who.uid == 0 ? "file handle" : "name (no CAP_DAC_READ_SEARCH)", reserve);
	assert_memory_equal(version_end, wanted, strlen(wanted));
}

static void expect_status(struct who who, const struct daemon *daemon)
{
	expect_answer(who, daemon, daemon->mount, "off");
}

static void expect_no_status(struct who who, const char *dir, const char *word)
{
	struct outcome o;

	ask(&o, who, dir);
	assert_int_equal(o.status, 1);
	assert_string_equal(o.out, "");
	assert_ptr_equal(strchr(o.err, '\n'), o.err + strlen(o.err) - 1);
	if (!strstr(o.err, word))
		fail_msg("no \"%s\" in: %s", word, o.err);
}

static void everybody_is_told(void **state)
{
	(void)state;
	expect_status(ROOT, &harness()->daemon);
	expect_status(ALICE, &harness()->daemon);
}

/* Open objects, the worker, and how often it was replaced. */
static void what_changes_is_told(void **state)
{
	struct daemon daemon;
	char wanted[64], dir[64], path[80];
	int fd;

	(void)state;
	make_dir(dir, harness()->base, "changes");
	daemon_start(&daemon, dir, NULL);
	snprintf(path, sizeof(path), "%s/open", dir);
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	assert_return_code(fd, errno);
	daemon_expect_status(&daemon, "open objects: 1");
	daemon_expect_status(&daemon, "worker restarts: 0");
	daemon_expect_status(&daemon, "users above their share: none");
	if (has_keeper(&daemon)) {
		worker_kill(&daemon, SIGKILL);
		daemon_expect_status(&daemon, "worker restarts: 1");
		snprintf(wanted, sizeof(wanted), "worker: %d", (int)worker_of(&daemon));
		daemon_expect_status(&daemon, wanted);
		daemon_expect_status(&daemon, "open objects: 1");
	}
	close(fd);
	daemon_stop(&daemon);
	sweep(SHM_DIR);
}

static void the_reason_is_told(void **state)
{
	struct daemon daemon;
	char dir[64];

	(void)state;
	make_dir(dir, harness()->base, "off");
	daemon_start(&daemon, dir, (const char *const[]){"-o", "passthrough=off", NULL});
	assert_non_null(strstr(told_at_start(&daemon), "mapped regions (passthrough is off)\n"));
	expect_status(ROOT, &daemon);
	daemon_stop(&daemon);
}

static void an_ordinary_user_asks_for_an_own_mount(void **state)
{
	struct daemon daemon;
	char dir[64];

	(void)state;
	make_dir(dir, harness()->base, "own");
	assert_return_code(chown(dir, NOBODY.uid, NOBODY.gid), errno);
	daemon_start_as(&daemon, dir, NULL, NOBODY);
	expect_status(NOBODY, &daemon);
	expect_no_status(ALICE, dir, "Permission denied");
	daemon_stop(&daemon);
}

static void any_directory_of_the_mount_answers(void **state)
{
	const struct daemon *daemon = &harness()->daemon;
	char plain[80];

	(void)state;
	snprintf(plain, sizeof(plain), "%s/plain", daemon->mount);
	assert_return_code(mkdir(plain, 0755), errno);
	expect_answer(ALICE, daemon, plain, "off");
	expect_answer(ALICE, daemon, daemon->mount, "off");
	sweep(SHM_DIR);
}

static void a_mount_that_reserves(void **state)
{
	struct daemon daemon;
	char dir[64];

	(void)state;
	make_dir(dir, harness()->base, "reserve");
	daemon_start(&daemon, dir, (const char *const[]){"-o", "reserve", NULL});
	expect_answer(ROOT, &daemon, dir, "on");
	daemon_stop(&daemon);
}

static void what_is_no_mount_of_shmfs(void **state)
{
	char dir[64], path[80];

	(void)state;
	make_dir(dir, harness()->base, "plain");
	snprintf(path, sizeof(path), "%s/file", dir);
	write_file(path, "x", 1);
	expect_no_status(ROOT, dir, "not a mount of shmfs");
	expect_no_status(ROOT, SHM_DIR, "not a mount of shmfs");
	expect_no_status(ROOT, path, "Not a directory");
	expect_no_status(ROOT, "/no/where", "No such file");
}

static void a_dead_mount(void **state)
{
	struct daemon daemon;
	struct outcome o;
	char dir[64];

	(void)state;
	make_dir(dir, harness()->base, "dead");
	daemon_start(&daemon, dir, NULL);
	daemon_kill(&daemon);
	expect_no_status(ROOT, dir, "not connected");
	run(&o, (const char *const[]){"umount", dir, NULL});
	assert_int_equal(o.status, 0);
}

static void note_ioctl(struct side *s, int fd, const char *what, unsigned long request)
{
	char buf[512] = "";

	note_result(s, what, ioctl(fd, request, buf));
}

static void note_ioctls(struct side *s, int fd)
{
	note_ioctl(s, fd, "TCGETS", TCGETS);
	note_ioctl(s, fd, "nothing", _IO(0xf5, 9));
	note_ioctl(s, fd, "out", _IOR(0xf5, 9, char[1024]));
	note_ioctl(s, fd, "in", _IOW(0xf5, 9, char[1024]));
	note_ioctl(s, fd, "both", _IOWR(0xf5, 9, char[1024]));
	note_ioctl(s, fd, "shorter", _IOR(0xf5, 1, char[16]));
	close(fd);
}

static void other_questions_have_no_answer(struct side *s)
{
	note_ioctls(s, open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
	note_ioctls(s, open("file", O_RDWR | O_CREAT | O_CLOEXEC, 0644));
}

/* The number of the status itself is one for directories only. */
static void files_have_no_status(struct side *s)
{
	const int fd = open("file", O_RDWR | O_CREAT | O_CLOEXEC, 0644);

	note_ioctl(s, fd, "status", _IOR(0xf5, 1, char[1024]));
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(everybody_is_told),
		cmocka_unit_test(what_changes_is_told),
		cmocka_unit_test(the_reason_is_told),
		cmocka_unit_test(an_ordinary_user_asks_for_an_own_mount),
		cmocka_unit_test(any_directory_of_the_mount_answers),
		cmocka_unit_test(a_mount_that_reserves),
		cmocka_unit_test(what_is_no_mount_of_shmfs),
		cmocka_unit_test(a_dead_mount),
		COMPARED(other_questions_have_no_answer),
		COMPARED(files_have_no_status),
	};

	return RUN_MOUNTED(tests);
}

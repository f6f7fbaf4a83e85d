/* SPDX-License-Identifier: MIT */
/* What `shmfs run` reads of /proc, what it tells, and whose directories it takes. */
#include "unit.h"

#include "run_directory.h"
#include "run_inhabitant.h"
#include "run_lock.h"
#include "run_obstacle.h"
#include "run_report.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <unistd.h>

static void test_lines_of_locks(void **state)
{
	struct run_lock lock;

	(void)state;
	assert_true(run_lock_parse("12: FLOCK  ADVISORY  WRITE 4711 00:1b:163680 0 EOF\n", &lock));
	assert_true(lock.is_flock && !lock.waits);
	assert_int_equal(lock.pid, 4711);
	assert_int_equal(lock.dev, makedev(0, 0x1b));
	assert_int_equal(lock.ino, 163680);
	assert_true(run_lock_parse("3: -> FLOCK  ADVISORY  READ  7 fe:00:9 0 EOF\n", &lock));
	assert_true(lock.is_flock && lock.waits);
	assert_int_equal(lock.dev, makedev(0xfe, 0));
	assert_true(run_lock_parse("4: POSIX  ADVISORY  READ 8 00:1b:10 0 9\n", &lock));
	assert_false(lock.is_flock);
	assert_true(run_lock_parse("5: OFDLCK ADVISORY  READ -1 00:1b:10 0 EOF\n", &lock));
	assert_int_equal(lock.pid, -1);
	assert_false(run_lock_parse("", &lock));
	assert_false(run_lock_parse("6: DELEG  ACTIVE    READ 9\n", &lock));
}

static void test_lines_of_mountinfo(void **state)
{
	static const struct {
		const char *line, *component;
		bool is;
	} lines[] = {
		{"274 251 0:27 /blue /dev/shm rw - tmpfs tmpfs rw\n", "blue", true},
		{"274 251 0:27 /a/b/blue /dev/shm rw - tmpfs tmpfs rw\n", "blue", true},
		{"274 251 0:27 /two\\040words\\134 /dev/shm rw - tmpfs tmpfs rw\n", "two words\\",
			true},
		{"274 251 0:27 / /dev/shm rw - tmpfs tmpfs rw\n", "blue", false},
		{"274 251 0:27 /blue2 /dev/shm rw - tmpfs tmpfs rw\n", "blue", false},
		{"274 251 0:27 /blu /dev/shm rw - tmpfs tmpfs rw\n", "blue", false},
		{"274 251 0:28 /blue /dev/shm rw - tmpfs tmpfs rw\n", "blue", false},
		{"274 251 1:27 /blue /dev/shm rw - tmpfs tmpfs rw\n", "blue", false},
		{"274 251 0:27 /blue /dev/shmx rw - tmpfs tmpfs rw\n", "blue", false},
		{"274 251 0:27 /blue /a/very/long/mount/point rw - tmpfs tmpfs rw\n", "blue",
			false},
		{"274 251 0:27 /blue\\0", "blue", false},
		{"", "blue", false},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(lines); i++)
		assert_int_equal(
			run_inhabitant_is_mount(lines[i].line, makedev(0, 27), lines[i].component),
			lines[i].is);
}

static void test_whose_directories_are_taken(void **state)
{
	static const struct {
		mode_t mode;
		uid_t owner, user;
		bool is_refused;
	} directories[] = {
		{S_IFDIR | 0711, 5, 5, false},
		{S_IFDIR | 0755, 0, 5, false},
		{S_IFDIR | 01777, 0, 5, false},
		{S_IFDIR | 01770, 5, 5, false},
		{S_IFDIR | 0700, 6, 5, true},
		{S_IFDIR | 01777, 6, 5, true},
		{S_IFDIR | 0755, 5, 0, true},
		{S_IFDIR | 0777, 5, 5, true},
		{S_IFDIR | 0720, 5, 5, true},
		{S_IFDIR | 0777, 0, 0, true},
		{S_IFREG | 0600, 5, 5, true},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(directories); i++) {
		const struct stat st = {
			.st_mode = directories[i].mode, .st_uid = directories[i].owner};

		assert_int_equal(run_directory_objection(&st, directories[i].user) != NULL,
			directories[i].is_refused);
	}
}

static void set(int proc, const char *path, const char *text)
{
	const int fd = openat(proc, path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	assert_return_code(fd, errno);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
}

static void assert_names(int error, int proc, int in_chroot, const char *word)
{
	const char *text = run_obstacle_text(error, proc, in_chroot);

	if (!strstr(text, word))
		fail_msg("\"%s\" does not name %s", text, word);
}

/* A directory with the files of /proc/sys. */
static void test_what_forbids_namespaces(void **state)
{
	char path[] = "/tmp/shmfs-unit-XXXXXX", command[64];
	int proc;

	(void)state;
	assert_non_null(mkdtemp(path));
	proc = open(path, O_PATH | O_DIRECTORY);
	assert_return_code(proc, errno);
	assert_names(-EPERM, proc, 0, "permission denied");
	assert_names(-EPERM, proc, 1, "chroot");
	assert_names(-ENOSPC, proc, 0, "max_mnt_namespaces");
	assert_names(-EINVAL, proc, 0, "CONFIG_USER_NS");
	assert_names(-ENOENT, proc, 0, "/proc is not mounted");
	assert_names(-EROFS, proc, 0, "/proc is read-only");
	assert_names(-ENOMEM, proc, 0, strerror(ENOMEM));
	assert_return_code(mkdirat(proc, "sys", 0700), errno);
	assert_return_code(mkdirat(proc, "sys/kernel", 0700), errno);
	assert_return_code(mkdirat(proc, "sys/user", 0700), errno);
	set(proc, "sys/kernel/unprivileged_userns_clone", "1\n");
	set(proc, "sys/kernel/apparmor_restrict_unprivileged_userns", "1\n");
	assert_names(-EPERM, proc, 0, "AppArmor");
	assert_names(-EACCES, proc, 0, "AppArmor");
	set(proc, "sys/kernel/unprivileged_userns_clone", "0\n");
	assert_names(-EPERM, proc, 0, "kernel.unprivileged_userns_clone");
	set(proc, "sys/user/max_user_namespaces", "0\n");
	assert_names(-ENOSPC, proc, 0, "user.max_user_namespaces is 0");
	close(proc);
	snprintf(command, sizeof(command), "rm -r %s", path);
	assert_int_equal(system(command), 0);
}

static void assert_json(const char *text, const char *expected)
{
	char *json = NULL;
	size_t size;
	FILE *out = open_memstream(&json, &size);

	assert_non_null(out);
	run_report_json_string(out, text);
	fclose(out);
	assert_string_equal(json, expected);
	free(json);
}

static void test_json_strings(void **state)
{
	(void)state;
	assert_json("", "\"\"");
	assert_json("a/b c", "\"a/b c\"");
	assert_json("\"\\\n\x7f", "\"\\\"\\\\\\u000a\\u007f\"");
	assert_json(
		"\xc3\xa4\xe2\x82\xac\xf0\x9f\x90\x9f", "\"\xc3\xa4\xe2\x82\xac\xf0\x9f\x90\x9f\"");
	assert_json("\xff", "\"\\udcff\"");
	assert_json("\xc3", "\"\\udcc3\"");
	assert_json("\xe2\x82", "\"\\udce2\\udc82\"");
	assert_json("\xc0\x80", "\"\\udcc0\\udc80\"");
	assert_json("\xed\xa0\x80", "\"\\udced\\udca0\\udc80\"");
	assert_json("\xf4\x90\x80\x80", "\"\\udcf4\\udc90\\udc80\\udc80\"");
}

static void test_a_report(void **state)
{
	char name[] = "x";
	struct run_object object = {name, {.st_size = 5, .st_mode = S_IFREG | 0640, .st_uid = 7}};
	const struct run_objects left = {&object, 1};
	char *json = NULL;
	size_t size;
	FILE *out = open_memstream(&json, &size);

	(void)state;
	assert_non_null(out);
	run_report_json(out, "blue", &(struct run_outcome){.status = 3}, &left);
	run_report_json(out, "blue", &(struct run_outcome){.status = -1, .signal = 9}, NULL);
	fclose(out);
	assert_string_equal(json,
		"{\"namespace\": \"blue\", \"status\": 3, \"signal\": null, \"left\": [{\"name\": "
		"\"x\", "
		"\"size\": 5, \"mode\": \"0640\", \"uid\": 7}]}\n"
		"{\"namespace\": \"blue\", \"status\": null, \"signal\": 9, \"left\": null}\n");
	free(json);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lines_of_locks),
		cmocka_unit_test(test_lines_of_mountinfo),
		cmocka_unit_test(test_whose_directories_are_taken),
		cmocka_unit_test(test_what_forbids_namespaces),
		cmocka_unit_test(test_json_strings),
		cmocka_unit_test(test_a_report),
	};

	return cmocka_run_group_tests_name("run_texts", tests, NULL, NULL);
}

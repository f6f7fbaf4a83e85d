/* SPDX-License-Identifier: MIT */
/*
 * Which data path a mount has, that it says so, and which mappings it refuses without passthrough.
 */
#include "harness.h"
#include "obstacle.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static const char *const with_off[] = {"-o", "passthrough=off", NULL};

static void expect_no_shared_mapping(int fd, int prot)
{
	assert_ptr_equal(mmap(NULL, 4096, prot, MAP_SHARED, fd, 0), MAP_FAILED);
	assert_int_equal(errno, ENODEV);
}

/* A mapping that could not be the same memory must not be given out. */
static void without_it_shared_mappings_are_refused(void **state)
{
	struct daemon daemon;
	char dir[64];
	int fd;

	(void)state;
	make_dir(dir, harness()->base, "off");
	daemon_start(&daemon, dir, with_off);
	fd = open_in(dir, "o", O_RDWR | O_CREAT);
	assert_return_code(ftruncate(fd, 4096), errno);
	expect_no_shared_mapping(fd, PROT_READ | PROT_WRITE);
	expect_no_shared_mapping(fd, PROT_WRITE);
	expect_no_shared_mapping(fd, PROT_READ);
	close(fd);
	fd = open_in(dir, "o", O_RDONLY);
	expect_no_shared_mapping(fd, PROT_READ);
	close(fd);
	daemon_stop(&daemon);
	sweep(SHM_DIR);
}

static void expect_refusal(const char *dir, const char *option, struct who who, const char *reason)
{
	const pid_t pid = fork();
	char text[256], log[96];
	FILE *f;

	snprintf(log, sizeof(log), "%s/refusal.log", harness()->base);
	assert_return_code(pid, errno);
	if (pid == 0) {
		const int fd = open(log, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

		if (fd < 0 || dup2(fd, 2) < 0 || who_become(who) < 0)
			_exit(0);
		execl(daemon_path(), "shmfs", "-f", "-o", option, dir, NULL);
		_exit(0);
	}
	assert_int_equal(wait_child(pid) == 0, 0);
	f = fopen(log, "re");
	assert_non_null(f);
	assert_non_null(fgets(text, sizeof(text), f));
	assert_non_null(strstr(text, reason));
	assert_null(fgets(text, sizeof(text), f));
	fclose(f);
	unlink(log);
}

static void what_cannot_be_had_is_refused(void **state)
{
	(void)state;
	expect_refusal(harness()->base, "passthrough=maybe", ROOT, "auto, on or off");
	expect_refusal(harness()->base, "passthrough=on,noatime,nonempty", ROOT, "noatime");
}

static void expect_in_log(const struct daemon *daemon, const char *what)
{
	char text[4 * KIB];

	read_text(daemon->log, text, sizeof(text));
	if (!strstr(text, what))
		fail_msg("not in the log: %s\n%s", what, text);
}

static void expect_data_path(const struct daemon *daemon, const char *obstacle)
{
	char told[96] = "data path: passthrough\n";

	if (obstacle)
		snprintf(told, sizeof(told), "data path: mapped regions (%s)\n", obstacle);
	expect_in_log(daemon, told);
}

static void it_is_told_which_path_is_used_and_why(void **state)
{
	const struct {
		const char *option, *obstacle;
	} cases[] = {
		{"passthrough=off", "passthrough is off"},
		{"noatime", "passthrough cannot keep noatime"},
		{"passthrough=auto", passthrough_obstacle()},
	};
	struct daemon daemon;
	char dir[64];

	(void)state;
	make_dir(dir, harness()->base, "told");
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		daemon_start(&daemon, dir, (const char *const[]){"-o", cases[i].option, NULL});
		daemon_stop(&daemon);
		expect_data_path(&daemon, cases[i].obstacle);
	}
}

static void an_ordinary_user_cannot_have_it(void **state)
{
	struct daemon daemon;
	char dir[64];

	(void)state;
	make_dir(dir, harness()->base, "own");
	assert_return_code(chown(dir, NOBODY.uid, NOBODY.gid), errno);
	expect_refusal(dir, "passthrough=on", NOBODY, "passthrough needs");
	assert_false(is_mount_point(dir));
	daemon_start_as(
		&daemon, dir, (const char *const[]){"-o", "passthrough=auto", NULL}, NOBODY);
	daemon_stop(&daemon);
	expect_in_log(&daemon, "data path: mapped regions (passthrough needs");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(without_it_shared_mappings_are_refused),
		cmocka_unit_test(what_cannot_be_had_is_refused),
		cmocka_unit_test(it_is_told_which_path_is_used_and_why),
		cmocka_unit_test(an_ordinary_user_cannot_have_it),
	};

	return RUN_BARE(tests);
}

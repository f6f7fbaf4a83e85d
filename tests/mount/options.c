/* SPDX-License-Identifier: MIT */
/* Mount options, and starting through mount(8) and fstab(5). */
#include "harness.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

/* Fields of the mount in mountinfo: its options, then type, source and options of the file system.
 */
static void read_mountinfo(const char *dir, char *ret_line, size_t size)
{
	char wanted[80];
	FILE *f = fopen("/proc/self/mountinfo", "re");
	bool found = false;

	assert_non_null(f);
	snprintf(wanted, sizeof(wanted), " %s ", dir);
	while (!found && fgets(ret_line, (int)size, f))
		found = strstr(ret_line, wanted) != NULL;
	fclose(f);
	assert_true(found);
}

static void expect_mountinfo(const char *dir, const char *part)
{
	char line[1024];

	read_mountinfo(dir, line, sizeof(line));
	if (!strstr(line, part))
		fail_msg("no \"%s\" in %s", part, line);
}

/* It serves: an object is made, written, seen outside, read and removed. */
static void expect_serving(const char *dir)
{
	char bytes[10] = "", path[80];
	int fd = open_in(dir, "o", O_RDWR | O_CREAT | O_EXCL);

	assert_int_equal(write(fd, "0123456789", 10), 10);
	close(fd);
	fd = open(SHM_DIR "/o", O_RDONLY | O_CLOEXEC);
	assert_int_equal(read(fd, bytes, 10), 10);
	assert_memory_equal(bytes, "0123456789", 10);
	close(fd);
	assert_return_code(unlink(SHM_DIR "/o"), errno);
	snprintf(path, sizeof(path), "%s/o", dir);
	EXPECT_ERROR(open(path, O_RDWR | O_CLOEXEC), ENOENT);
}

static void type_and_source(void **state)
{
	char dir[64], line[1024];
	struct daemon daemon;

	(void)state;
	make_dir(dir, harness()->base, "type");
	daemon_start(&daemon, dir, NULL);
	expect_mountinfo(dir, " - fuse.shmfs shmfs ");
	expect_mountinfo(dir, "allow_other");
	read_mountinfo(dir, line, sizeof(line));
	assert_non_null(strstr(line, "default_permissions"));
	daemon_stop(&daemon);
	daemon_start(&daemon, dir, (const char *const[]){"-o", "fsname=other", NULL});
	expect_mountinfo(dir, " - fuse.shmfs other ");
	daemon_stop(&daemon);
}

static void root_lets_others_in(void **state)
{
	char dir[64];
	struct daemon daemon;

	(void)state;
	make_dir(dir, harness()->base, "others");
	daemon_start(&daemon, dir, NULL);
	assert_true(mount_is_usable(dir, ALICE));
	daemon_stop(&daemon);
	daemon_start(&daemon, dir, (const char *const[]){"-o", "allow_other", NULL});
	assert_true(mount_is_usable(dir, ALICE));
	daemon_stop(&daemon);
}

static void read_only(void **state)
{
	char dir[64], path[80], new[80], bytes[10];
	struct daemon daemon;
	int fd;

	(void)state;
	make_dir(dir, harness()->base, "read-only");
	write_file(SHM_DIR "/o", "bytes", 5);
	daemon_start(&daemon, dir, (const char *const[]){"-o", "ro", NULL});
	snprintf(path, sizeof(path), "%s/o", dir);
	snprintf(new, sizeof(new), "%s/new", dir);
	EXPECT_ERROR(open(path, O_RDWR | O_CLOEXEC), EROFS);
	EXPECT_ERROR(open(path, O_RDONLY | O_TRUNC | O_CLOEXEC), EROFS);
	EXPECT_ERROR(open(new, O_RDWR | O_CREAT | O_CLOEXEC, 0600), EROFS);
	EXPECT_ERROR(unlink(path), EROFS);
	EXPECT_ERROR(rename(path, new), EROFS);
	EXPECT_ERROR(link(path, new), EROFS);
	EXPECT_ERROR(truncate(path, 0), EROFS);
	EXPECT_ERROR(chmod(path, 0600), EROFS);
	EXPECT_ERROR(mknod(new, S_IFREG | 0600, 0), EROFS);
	fd = open_in(dir, "o", O_RDONLY);
	assert_int_equal(read(fd, bytes, 10), 5);
	close(fd);
	daemon_stop(&daemon);
	assert_return_code(unlink(SHM_DIR "/o"), errno);
}

static int run_program(const char *dir)
{
	char path[80];
	struct outcome o;

	snprintf(path, sizeof(path), "%s/true", dir);
	run(&o, (const char *const[]){path, NULL});
	return o.status;
}

static void no_exec(void **state)
{
	char dir[64];
	struct daemon daemon;
	struct outcome o;

	(void)state;
	make_dir(dir, harness()->base, "no-exec");
	run(&o, (const char *const[]){"cp", "/bin/true", SHM_DIR, NULL});
	assert_int_equal(o.status, 0);
	daemon_start(&daemon, dir, NULL);
	assert_int_equal(run_program(dir), 0);
	daemon_stop(&daemon);
	daemon_start(&daemon, dir, (const char *const[]){"-o", "noexec,nosuid,nodev", NULL});
	expect_mountinfo(dir, "noexec");
	expect_mountinfo(dir, "nosuid");
	expect_mountinfo(dir, "nodev");
	assert_int_equal(run_program(dir), 127);
	daemon_stop(&daemon);
	sweep(SHM_DIR);
}

static void options_of_fstab(void **state)
{
	static const char *const options[] = {"defaults", "rw", "exec", "suid", "dev", "auto",
		"noauto", "nofail", "_netdev", "user", "users", "nouser", "owner", "group", "async",
		"sync", "dirsync", "relatime", "norelatime", "strictatime", "lazytime",
		"nolazytime", "diratime", "nodiratime", "atime", "noatime", "silent", "x-foo",
		"x-systemd.automount", "X-mount.mkdir", "comment=anything", "fsname=name",
		"nonempty", "defaults,noauto,nofail,_netdev,user,x-foo=1,rw,exec,relatime"};
	struct daemon daemon;
	char dir[64];

	(void)state;
	make_dir(dir, harness()->base, "options");
	for (size_t i = 0; i < ARRAY_SIZE(options); i++) {
		print_message("# -o %s\n", options[i]);
		daemon_start(&daemon, dir, (const char *const[]){"-o", options[i], NULL});
		expect_serving(dir);
		daemon_stop(&daemon);
	}
}

static bool reading_moves_atime(const char *dir, size_t len)
{
	static char buf[MIB];
	struct stat old, new;
	const int fd = open_in(dir, "o", O_RDWR);

	assert_int_equal(pwrite(fd, buf, sizeof(buf), 0), sizeof(buf));
	assert_return_code(fstat(fd, &old), errno);
	next_tick();
	assert_int_equal(pread(fd, buf, len, 0), len);
	assert_return_code(fstat(fd, &new), errno);
	close(fd);
	return old.st_atim.tv_sec != new.st_atim.tv_sec ||
	       old.st_atim.tv_nsec != new.st_atim.tv_nsec;
}

static void no_atime(void **state)
{
	struct daemon daemon;
	char dir[64];

	(void)state;
	make_dir(dir, harness()->base, "no-atime");
	write_file(SHM_DIR "/o", "", 0);
	daemon_start(&daemon, dir, NULL);
	next_tick();
	assert_true(reading_moves_atime(dir, 10));
	daemon_stop(&daemon);
	daemon_start(&daemon, dir, (const char *const[]){"-o", "noatime", NULL});
	assert_false(reading_moves_atime(dir, 10));
	assert_false(reading_moves_atime(dir, MIB));
	daemon_stop(&daemon);
	sweep(SHM_DIR);
}

static void several_option_arguments(void **state)
{
	struct daemon daemon;
	char dir[64];

	(void)state;
	make_dir(dir, harness()->base, "several");
	daemon_start(&daemon, dir,
		(const char *const[]){"-o", "nosuid", "-onodev,nofail", "-s", "-o", "rw", NULL});
	expect_mountinfo(dir, "nosuid");
	expect_mountinfo(dir, "nodev");
	expect_serving(dir);
	daemon_stop(&daemon);
}

static void some_work(struct side *s)
{
	int fd = T_FD(s, open("a", O_RDWR | O_CREAT | O_CLOEXEC, 0640));

	T(s, write(fd, "0123456789", 10));
	T(s, ftruncate(fd, 5 * MIB));
	note_range(s, fd, 0, 100);
	T(s, rename("a", "b"));
	T(s, link("b", "c"));
	AS(s, ALICE)
	{
		note_open(s, "b", O_RDWR, 0);
		note_open(s, "d", O_RDWR | O_CREAT, 0600);
		T(s, unlink("c"));
	}
	T(s, unlink("c"));
	note_lstat(s, "b");
}

static void a_single_thread(void **state)
{
	struct daemon daemon;
	char dir[64];

	(void)state;
	make_dir(dir, harness()->base, "single");
	daemon_start(&daemon, dir, (const char *const[]){"-s", NULL});
	for (int i = 0; i < 5; i++)
		compare_sides(some_work, dir, ROOT);
	daemon_stop(&daemon);
}

/* -d prints a line for each request, so its log is not judged otherwise. */
static void debugging(void **state)
{
	static char log[64 * KIB];
	struct daemon daemon;
	char dir[64], path[80];

	(void)state;
	make_dir(dir, harness()->base, "debug");
	daemon_start(&daemon, dir, (const char *const[]){"-d", NULL});
	snprintf(path, sizeof(path), "%s/%s", dir, "missing");
	assert_int_equal(unlink(path), -1);
	expect_serving(dir);
	assert_return_code(umount2(dir, 0), errno);
	assert_int_equal(wait_child(daemon.pid), 0);
	read_text(daemon.log, log, sizeof(log));
	assert_non_null(strstr(log, "LOOKUP 1 \"missing\" uid 0: No such file or directory, "));
	assert_non_null(strstr(log, "CREATE 1 \""));
	assert_non_null(strstr(log, " uid 0: ok, "));
}

/* mount(8) forgets PATH; the shell that it runs looks here. */
static const char SYSTEM_BIN[] = "/usr/local/sbin";

static int install(void **state)
{
	struct outcome o;

	(void)state;
	assert_return_code(mount("tmpfs", SYSTEM_BIN, "tmpfs", 0, "mode=0755"), errno);
	run(&o, (const char *const[]){"cp", daemon_path(), SYSTEM_BIN, NULL});
	return o.status;
}

static int uninstall(void **state)
{
	(void)state;
	return umount2(SYSTEM_BIN, MNT_DETACH);
}

static void expect_background_mount(const char *dir)
{
	const pid_t pid = adopted_child();
	struct outcome o;

	assert_true(pid > 0);
	expect_mountinfo(dir, " - fuse.shmfs ");
	expect_serving(dir);
	assert_true(mount_is_usable(dir, ALICE));
	run(&o, (const char *const[]){"umount", dir, NULL});
	assert_int_equal(o.status, 0);
	assert_int_equal(wait_child(pid), 0);
	assert_false(is_mount_point(dir));
}

static void through_mount(void **state)
{
	static const char *const options[] = {"rw", "nosuid,nodev,noexec,relatime",
		"nofail,_netdev", "defaults,user,noauto,x-foo"};
	struct outcome o;
	char dir[64];

	(void)state;
	make_dir(dir, harness()->base, "by-mount");
	for (size_t i = 0; i < ARRAY_SIZE(options); i++) {
		run(&o, (const char *const[]){
				"mount", "-t", "fuse.shmfs", "none", dir, "-o", options[i], NULL});
		if (o.status != 0)
			fail_msg("%s: status %d: %s", options[i], o.status, o.err);
		expect_background_mount(dir);
	}
	run(&o, (const char *const[]){"mount.fuse3", "shmfs#", dir, "-o", "rw", NULL});
	assert_int_equal(o.status, 0);
	expect_background_mount(dir);
}

static void through_fstab(void **state)
{
	char dir[64], line[256], table[80];
	struct outcome o;

	(void)state;
	make_dir(dir, harness()->base, "by-fstab");
	snprintf(table, sizeof(table), "%s/fstab.txt", harness()->base);
	snprintf(line, sizeof(line),
		"none %s fuse.shmfs defaults,noauto,nofail,_netdev,user,exec,relatime,x-foo=1 0 "
		"0\n",
		dir);
	write_file(table, line, strlen(line));
	run(&o, (const char *const[]){"mount", "-T", table, dir, NULL});
	if (o.status != 0)
		fail_msg("status %d: %s", o.status, o.err);
	expect_background_mount(dir);
}

/* An error goes through mount(8) to its user. */
static void errors_through_mount(void **state)
{
	struct outcome o;
	char dir[64];

	(void)state;
	make_dir(dir, harness()->base, "mount-error");
	run(&o, (const char *const[]){
			"mount", "-t", "fuse.shmfs", "none", dir, "-o", "bogus", NULL});
	assert_int_not_equal(o.status, 0);
	assert_non_null(strstr(o.err, "bogus"));
	assert_false(is_mount_point(dir));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(type_and_source),
		cmocka_unit_test(root_lets_others_in),
		cmocka_unit_test(read_only),
		cmocka_unit_test(no_exec),
		cmocka_unit_test(options_of_fstab),
		cmocka_unit_test(no_atime),
		cmocka_unit_test(several_option_arguments),
		cmocka_unit_test(a_single_thread),
		cmocka_unit_test(debugging),
		cmocka_unit_test_setup_teardown(through_mount, install, uninstall),
		cmocka_unit_test_setup_teardown(through_fstab, install, uninstall),
		cmocka_unit_test_setup_teardown(errors_through_mount, install, uninstall),
	};

	return RUN_BARE(tests);
}

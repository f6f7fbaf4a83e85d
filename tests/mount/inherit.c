/* SPDX-License-Identifier: MIT */
/* noexec, nosuid and nodev of /dev/shm are the mount's, too, unless its options say otherwise. */
#include "as.h"
#include "harness.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/sysmacros.h>

enum { NONE, ALL = ST_NOEXEC | ST_NOSUID | ST_NODEV };

static void remount_shm(unsigned long flags)
{
	assert_return_code(mount(NULL, SHM_DIR, NULL, MS_REMOUNT | MS_BIND | flags, NULL), errno);
}

static unsigned long flags_of(const char *dir)
{
	struct statvfs st;

	assert_return_code(statvfs(dir, &st), errno);
	return st.f_flag & ALL;
}

static void expect_flags(const char *dir, unsigned long flags)
{
	struct outcome o;
	char path[128];

	if (flags_of(dir) != flags)
		fail_msg("flags %#lx, not %#lx", flags_of(dir), flags);
	run(&o, (const char *const[]){"cp", "/bin/true", in_shm("program"), NULL});
	assert_return_code(mknod(in_shm("null"), S_IFCHR | 0600, makedev(1, 3)), errno);
	snprintf(path, sizeof(path), "%s/program", dir);
	if (flags & ST_NOEXEC)
		EXPECT_ERROR(try_execute(path), EACCES);
	else
		assert_return_code(try_execute(path), errno);
	snprintf(path, sizeof(path), "%s/null", dir);
	if (flags & ST_NODEV)
		EXPECT_ERROR(try_open(path, O_RDWR, 0), EACCES);
	else
		assert_return_code(try_open(path, O_RDWR, 0), errno);
	sweep(SHM_DIR);
}

struct trial {
	unsigned long shm;   /* of /dev/shm, for mount(2) */
	const char *options; /* of the mount */
	unsigned long mount; /* as statvfs(2) tells them */
};

/* libfuse's own defaults are nosuid and nodev. */
static const struct trial trials[] = {
	{0, "rw", ST_NOSUID | ST_NODEV},
	{0, "suid,dev", NONE},
	{MS_NOEXEC, "rw", ALL},
	{MS_NOEXEC, "exec", ST_NOSUID | ST_NODEV},
	{MS_NOEXEC | MS_NOSUID | MS_NODEV, "rw", ALL},
	{MS_NOEXEC | MS_NOSUID | MS_NODEV, "suid", ST_NOEXEC | ST_NODEV},
	{MS_NOEXEC | MS_NOSUID | MS_NODEV, "dev", ST_NOEXEC | ST_NOSUID},
	{MS_NOEXEC | MS_NOSUID | MS_NODEV, "dev,suid,exec", NONE},
	{0, "noexec", ALL},
};

static void as_dev_shm_is_mounted(void **state)
{
	char dir[64], name[16];
	struct daemon daemon;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(trials); i++) {
		remount_shm(trials[i].shm);
		snprintf(name, sizeof(name), "trial%zu", i);
		make_dir(dir, harness()->base, name);
		daemon_start(&daemon, dir, (const char *const[]){"-o", trials[i].options, NULL});
		print_message("/dev/shm %#lx, %s\n", trials[i].shm, trials[i].options);
		/* The daemon's way to the objects does not matter: clients use the mount's. */
		expect_flags(dir, trials[i].mount);
		daemon_stop(&daemon);
	}
	remount_shm(0);
}

/* mount(8) forgets PATH; the shell that it runs looks here. */
static const char SYSTEM_BIN[] = "/usr/local/sbin";

/* mount.fuse3(8) adds dev and suid by itself. */
static void a_mount_by_fstab_inherits_too(void **state)
{
	char dir[64], line[128], table[80];
	struct outcome o;
	pid_t pid;

	(void)state;
	assert_return_code(mount("tmpfs", SYSTEM_BIN, "tmpfs", 0, "mode=0755"), errno);
	run(&o, (const char *const[]){"cp", daemon_path(), SYSTEM_BIN, NULL});
	assert_int_equal(o.status, 0);
	make_dir(dir, harness()->base, "fstab");
	snprintf(table, sizeof(table), "%s/fstab.txt", harness()->base);
	snprintf(line, sizeof(line), "shmfs %s fuse.shmfs defaults,nofail 0 0\n", dir);
	write_file(table, line, strlen(line));
	remount_shm(MS_NOEXEC | MS_NOSUID | MS_NODEV);
	run(&o, (const char *const[]){"mount", "-T", table, dir, NULL});
	if (o.status != 0)
		fail_msg("status %d: %s", o.status, o.err);
	pid = adopted_child();
	assert_true(pid > 0);
	assert_int_equal(flags_of(dir), ALL);
	run(&o, (const char *const[]){"umount", dir, NULL});
	assert_int_equal(o.status, 0);
	assert_int_equal(wait_child(pid), 0);
	assert_return_code(umount2(SYSTEM_BIN, MNT_DETACH), errno);
	remount_shm(0);
}

/* An ordinary user's mount is nosuid and nodev in any case. */
static void a_users_mount_inherits_too(void **state)
{
	struct daemon daemon;
	struct outcome o;
	char dir[64];

	(void)state;
	remount_shm(MS_NOEXEC);
	make_dir(dir, harness()->base, "user");
	assert_return_code(chown(dir, NOBODY.uid, NOBODY.gid), errno);
	daemon_start_as(&daemon, dir, NULL, NOBODY);
	assert_int_equal(flags_of(dir), ALL);
	run_as(&o, NOBODY, (const char *const[]){"fusermount3", "-u", dir, NULL});
	assert_int_equal(o.status, 0);
	daemon_expect_end(&daemon);
	remount_shm(0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(as_dev_shm_is_mounted),
		cmocka_unit_test(a_mount_by_fstab_inherits_too),
		cmocka_unit_test(a_users_mount_inherits_too),
	};

	return RUN_BARE(tests);
}

/* SPDX-License-Identifier: MIT */
/*
 * chattr +i and +a of an object (tmpfs has them since Linux 6.6), set outside, hold for the mount,
 * and so does ETXTBSY as far as LIMITS in the man page says.
 */
#include "as.h"
#include "harness.h"

#include <fcntl.h>
#include <linux/fs.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <sys/xattr.h>

static int put_flags(int dir, const char *name, int flags)
{
	const int fd = openat(dir, name, O_RDONLY | O_CLOEXEC);
	const int r = fd < 0 ? -1 : ioctl(fd, FS_IOC_SETFLAGS, &flags);

	if (fd >= 0)
		close(fd);
	return r;
}

static bool has_flags(void)
{
	const int dir = open(SHM_DIR, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	bool has;

	write_file(in_shm("probe"), "", 0);
	has = put_flags(dir, "probe", FS_APPEND_FL) == 0 && put_flags(dir, "probe", 0) == 0;
	close(dir);
	assert_return_code(unlink(in_shm("probe")), errno);
	return has;
}

/* Not access(2), which knows modes only, see LIMITS. */
static void try_object(struct side *s)
{
	const struct timespec times[2] = {{.tv_sec = 1}, {.tv_sec = 2}};
	char byte;
	int fd;

	note_open(s, "a", O_RDONLY, 0);
	note_open(s, "a", O_WRONLY, 0);
	note_open(s, "a", O_RDWR, 0);
	note_open(s, "a", O_RDWR | O_CREAT, 0600);
	note_open(s, "a", O_WRONLY | O_TRUNC, 0);
	note_open(s, "a", O_WRONLY | O_APPEND, 0);
	note_open(s, "a", O_RDWR | O_APPEND, 0);
	note_open(s, "a", O_WRONLY | O_APPEND | O_TRUNC, 0);
	fd = T_FD(s, open("a", O_WRONLY | O_APPEND | O_CLOEXEC));
	T(s, write(fd, "more", 4));
	T(s, ftruncate(fd, 1));
	T(s, ftruncate(fd, 100));
	T(s, fallocate(fd, 0, 0, 8192));
	T(s, close(fd));
	fd = T_FD(s, open("a", O_RDONLY | O_CLOEXEC));
	T(s, pread(fd, &byte, 1, 0));
	T(s, fchmod(fd, 0666));
	T(s, futimens(fd, times));
	T(s, futimens(fd, NULL));
	T(s, fsetxattr(fd, "user.x", "1", 1, 0));
	T(s, close(fd));
	T(s, truncate("a", 0));
	T(s, truncate("a", 1000));
	T(s, chown("a", 1, 1));
	T(s, link("a", "b"));
	T(s, unlink("b"));
	T(s, rename("a", "b"));
	T(s, rename("b", "a"));
	T(s, rename("other", "a"));
	T(s, renameat2(AT_FDCWD, "other", AT_FDCWD, "a", RENAME_EXCHANGE));
	T(s, unlink("a"));
	note_lstat(s, "a");
}

static void with_flags(struct side *s, int flags)
{
	make_outside(s, "a", 0, 0, 0666, 10);
	make_outside(s, "other", 0, 0, 0666, 20);
	T(s, put_flags(s->out, "a", flags));
	try_object(s);
	AS(s, ALICE)
	try_object(s);
	T(s, put_flags(s->out, "a", 0));
	try_object(s);
}

static void immutable_objects(struct side *s)
{
	with_flags(s, FS_IMMUTABLE_FL);
}

static void append_only_objects(struct side *s)
{
	with_flags(s, FS_APPEND_FL);
}

static void try_open_descriptors(struct side *s, int writer, int appender, int reader)
{
	char bytes[4];

	T(s, pwrite(writer, "x", 1, 3));
	T(s, write(appender, "app", 3));
	T(s, ftruncate(writer, 50));
	T(s, ftruncate(writer, 5));
	T(s, fallocate(writer, 0, 0, 100));
	T(s, fallocate(writer, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, 1));
	T(s, pread(reader, bytes, 4, 0));
	T(s, fchmod(reader, 0600));
	note_open(s, "a", O_RDWR, 0);
	note_open(s, "a", O_WRONLY | O_APPEND, 0);
	note_open(s, "a", O_RDONLY, 0);
	note_fstat(s, reader);
}

/* Descriptors that are open when the flag comes. */
static void flags_of_what_is_open(struct side *s)
{
	static const int flags[] = {FS_IMMUTABLE_FL, FS_APPEND_FL, 0};
	int writer, appender, reader;

	make_outside(s, "a", 0, 0, 0666, 10);
	writer = T_FD(s, open("a", O_RDWR | O_CLOEXEC));
	appender = T_FD(s, open("a", O_WRONLY | O_APPEND | O_CLOEXEC));
	reader = T_FD(s, open("a", O_RDONLY | O_CLOEXEC));
	for (size_t i = 0; i < ARRAY_SIZE(flags); i++) {
		T(s, put_flags(s->out, "a", flags[i]));
		try_open_descriptors(s, writer, appender, reader);
	}
	T(s, close(writer));
	T(s, close(appender));
	T(s, close(reader));
}

static void try_in_directory(struct side *s)
{
	T(s, mkdir("d/new", 0755));
	T(s, rmdir("d/new"));
	note_open(s, "d/file", O_RDWR | O_CREAT, 0600);
	T(s, unlink("d/file"));
	T(s, symlink("x", "d/link"));
	T(s, unlink("d/link"));
	T(s, link("other", "d/other"));
	T(s, rename("other", "d/renamed"));
	T(s, rename("d/inner", "inner"));
	T(s, rename("inner", "d/inner"));
	T(s, unlink("d/inner"));
	T(s, chmod("d", 0777));
	T(s, rename("d", "e"));
	T(s, rename("e", "d"));
	T(s, rmdir("d"));
	note_open(s, "d", O_RDWR | O_TMPFILE, 0600);
}

static void directories(struct side *s)
{
	static const int flags[] = {FS_IMMUTABLE_FL, FS_APPEND_FL, 0};

	make_outside_dir(s, "d", 0, 0, 0777);
	make_outside(s, "d/inner", 0, 0, 0666, 20);
	make_outside(s, "other", 0, 0, 0666, 20);
	for (size_t i = 0; i < ARRAY_SIZE(flags); i++) {
		T(s, put_flags(s->out, "d", flags[i]));
		try_in_directory(s);
	}
}

static void compare_flags(void **state)
{
	if (!has_flags()) {
		print_message("tmpfs has no flags here\n");
		skip();
	}
	compare_test(state);
}

#define FLAGS(script)                                                  \
	{                                                              \
#script, compare_flags, NULL, NULL, &(struct compared) \
		{                                                      \
			script                                         \
		}                                                      \
	}

/* A program that runs until it is killed. */
static pid_t start_program(const char *path)
{
	const pid_t pid = fork();

	if (pid != 0)
		return pid;
	execl(path, "sleep", "1000", NULL);
	_exit(errno);
}

static bool runs(const void *arg)
{
	const pid_t pid = *(const pid_t *)arg;
	char path[64], name[64] = "";
	ssize_t n;

	snprintf(path, sizeof(path), "/proc/%d/exe", (int)pid);
	n = readlink(path, name, sizeof(name) - 1);
	return n > 0 && strstr(name, "program") != NULL;
}

static pid_t run_program(const char *path)
{
	const pid_t pid = start_program(path);

	assert_true(wait_until(runs, &pid));
	return pid;
}

static void end_program(pid_t pid)
{
	assert_return_code(kill(pid, SIGKILL), errno);
	assert_int_equal(wait_child(pid), SIGKILL);
}

static void copy_program(void)
{
	struct outcome o;

	run(&o, (const char *const[]){"cp", "/bin/sleep", in_shm("program"), NULL});
	assert_int_equal(o.status, 0);
}

/* A running program is not opened for writing: that of the host through either door ... */
static void a_running_program_is_busy(void **state)
{
	pid_t pid;

	(void)state;
	copy_program();
	pid = run_program(in_shm("program"));
	for (enum door door = 0; door < DOORS; door++) {
		EXPECT_ERROR(try_open(at_door(door, "program"), O_RDWR, 0), ETXTBSY);
		EXPECT_ERROR(try_open(at_door(door, "program"), O_WRONLY | O_TRUNC, 0), ETXTBSY);
		EXPECT_ERROR(truncate(at_door(door, "program"), 0), ETXTBSY);
		assert_return_code(try_open(at_door(door, "program"), O_RDONLY, 0), errno);
	}
	end_program(pid);
	/* ... and that of a client of the mount through the mount. */
	pid = run_program(in_mount("program"));
	EXPECT_ERROR(try_open(in_mount("program"), O_RDWR, 0), ETXTBSY);
	EXPECT_ERROR(try_open(in_mount("program"), O_WRONLY | O_TRUNC, 0), ETXTBSY);
	end_program(pid);
	sweep(SHM_DIR);
}

/* An object that a client of the mount has open for writing is not executed through either door. */
static void what_is_open_for_writing_is_busy(void **state)
{
	int fd;

	(void)state;
	copy_program();
	fd = open(in_mount("program"), O_RDWR | O_CLOEXEC);
	assert_return_code(fd, errno);
	EXPECT_ERROR(try_execute(in_mount("program")), ETXTBSY);
	EXPECT_ERROR(try_execute(in_shm("program")), ETXTBSY);
	close(fd);
	sweep(SHM_DIR);
}

/* Readers do not keep a program from running. */
static void what_is_open_for_reading_is_not_busy(void **state)
{
	pid_t pid;
	int fd;

	(void)state;
	copy_program();
	fd = open(in_mount("program"), O_RDONLY | O_CLOEXEC);
	assert_return_code(fd, errno);
	pid = run_program(in_shm("program"));
	end_program(pid);
	pid = run_program(in_mount("program"));
	end_program(pid);
	close(fd);
	sweep(SHM_DIR);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		FLAGS(immutable_objects),
		FLAGS(append_only_objects),
		FLAGS(flags_of_what_is_open),
		FLAGS(directories),
		cmocka_unit_test(a_running_program_is_busy),
		cmocka_unit_test(what_is_open_for_writing_is_busy),
		cmocka_unit_test(what_is_open_for_reading_is_not_busy),
	};

	return RUN_MOUNTED(tests);
}

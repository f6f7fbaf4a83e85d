/* SPDX-License-Identifier: MIT */
/*
 * User 0 without root's capabilities, all or some of them, is judged as tmpfs judges it. The fate
 * of S_ISUID and S_ISGID then is a limit (shmfs(1)): these objects are for root alone here.
 */
#include "harness.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define BIT(capability) (1U << (capability))
#define EVERY (~0U)

static const unsigned lacks[] = {0, EVERY, BIT(CAP_DAC_OVERRIDE),
	BIT(CAP_DAC_OVERRIDE) | BIT(CAP_DAC_READ_SEARCH), BIT(CAP_FOWNER), BIT(CAP_CHOWN),
	BIT(CAP_FSETID), BIT(CAP_FOWNER) | BIT(CAP_DAC_OVERRIDE)};

static void drop(unsigned capabilities)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct sets[_LINUX_CAPABILITY_U32S_3];

	if (syscall(SYS_capget, &header, sets) < 0)
		_exit(1);
	for (int i = 0; i < _LINUX_CAPABILITY_U32S_3; i++) {
		const unsigned drop = i == 0 || capabilities == EVERY ? capabilities : 0;

		sets[i].effective &= ~drop;
		sets[i].permitted &= ~drop;
	}
	if (syscall(SYS_capset, &header, sets) < 0)
		_exit(1);
}

static void act(struct side *s)
{
	const struct timespec past[2] = {{1, 0}, {2, 0}};
	int fd;

	note_open(s, "x", O_RDONLY, 0);
	note_open(s, "x", O_WRONLY, 0);
	note_open(s, "x", O_RDWR, 0);
	T(s, faccessat(AT_FDCWD, "x", R_OK, AT_EACCESS));
	T(s, access("x", W_OK));
	T(s, access("x", X_OK));
	T(s, link("x", "linked"));
	T(s, utimensat(AT_FDCWD, "x", NULL, 0));
	T(s, utimensat(AT_FDCWD, "x", past, 0));
	T(s, truncate("x", 3));
	note_lstat(s, "x");
	fd = open("x", O_WRONLY | O_CLOEXEC);
	if (fd >= 0) {
		T(s, pwrite(fd, "y", 1, 0));
		note_fstat(s, fd);
		close(fd);
	}
	note_open(s, "x", O_WRONLY | O_TRUNC, 0);
	note_lstat(s, "x");
	T(s, chmod("x", 06755));
	note_lstat(s, "x");
	T(s, chown("x", (uid_t)-1, 0));
	T(s, chown("x", (uid_t)-1, BOB.gid));
	T(s, chown("x", BOB.uid, (gid_t)-1));
	T(s, chown("x", 0, 0));
	note_lstat(s, "x");
	T(s, rename("x", "y"));
	T(s, unlink("y"));
	fd = T_FD(s, open("own", O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 06755));
	T(s, fchmod(fd, 06755));
	note_fstat(s, fd);
	T(s, write(fd, "a", 1));
	note_fstat(s, fd);
	T(s, fchmod(fd, 06711));
	T(s, ftruncate(fd, 0));
	note_fstat(s, fd);
	T(s, fchmod(fd, 04600));
	T(s, fallocate(fd, 0, 0, 10));
	note_fstat(s, fd);
	T(s, close(fd));
	note_open(s, "own", O_RDWR, 0);
	T(s, unlink("own"));
}

/* The script, as a process that lacks them, by one that has them. */
static void act_without(struct side *s, unsigned capabilities, struct who who)
{
	AS(s, who)
	{
		drop(capabilities);
		act(s);
	}
}

static void clean(void)
{
	unlink("x");
	unlink("y");
	unlink("linked");
	unlink("own");
}

static void act_on_objects(struct side *s, uid_t uid, gid_t gid, uid_t dir)
{
	static const mode_t modes[] = {0600, 0640, 0604, 0666, 0, 0444, 0111, 04777, 02777, 06644};
	static const struct who groups[] = {{0, 0, {0}}, {0, 2001, {0}}, {0, 0, {2010, 2001}}};

	/* /dev/shm is sticky: its owner decides, and root owns it. */
	T(s, fchown(s->out, dir, 0));
	for (size_t l = 0; l < ARRAY_SIZE(lacks); l++)
		for (size_t m = 0; m < ARRAY_SIZE(modes); m++)
			for (size_t g = 0; g < ARRAY_SIZE(groups); g++) {
				if (lacks[l] != 0 && (modes[m] & 07000))
					continue;
				make_outside(s, "x", uid, gid, modes[m], 10);
				note(s, "without %x: mode %o, %zu", lacks[l], modes[m], g);
				act_without(s, lacks[l], groups[g]);
				clean();
			}
	T(s, fchown(s->out, 0, 0));
}

static void objects_of_alice(struct side *s)
{
	act_on_objects(s, ALICE.uid, ALICE.gid, 0);
}

static void objects_in_a_directory_of_bob(struct side *s)
{
	act_on_objects(s, ALICE.uid, ALICE.gid, BOB.uid);
}

static void objects_of_root(struct side *s)
{
	act_on_objects(s, 0, 2001, 0);
}

static void put(const char *file, const char *text)
{
	const int fd = open(file, O_WRONLY | O_CLOEXEC);

	if (fd < 0 || write(fd, text, strlen(text)) < 0)
		_exit(1);
	close(fd);
}

/* There it has all capabilities, and none that count here. */
static void objects_seen_from_a_user_namespace(struct side *s)
{
	static const mode_t modes[] = {0600, 0666, 0777};

	for (size_t m = 0; m < ARRAY_SIZE(modes); m++) {
		make_outside(s, "x", ALICE.uid, ALICE.gid, modes[m], 10);
		AS(s, ROOT)
		{
			if (unshare(CLONE_NEWUSER) < 0)
				_exit(1);
			put("/proc/self/uid_map", "0 0 1");
			put("/proc/self/setgroups", "deny");
			put("/proc/self/gid_map", "0 0 1");
			note_open(s, "x", O_RDWR, 0);
			T(s, chmod("x", 0777));
			T(s, truncate("x", 3));
			note_lstat(s, "x");
		}
		clean();
	}
}

/*
 * access(2) asks for the real user. Its capabilities here are the permitted ones, not the effective
 * ones.
 */
static void access_by_the_real_user(struct side *s)
{
	make_outside(s, "x", ALICE.uid, ALICE.gid, 0600, 10);
	AS(s, ROOT)
	{
		T(s, seteuid(BOB.uid));
		T(s, access("x", R_OK | W_OK));
		note_open(s, "x", O_RDWR, 0);
	}
	clean();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		COMPARED(objects_of_alice),
		COMPARED(objects_in_a_directory_of_bob),
		COMPARED(objects_of_root),
		COMPARED(objects_seen_from_a_user_namespace),
		COMPARED(access_by_the_real_user),
	};

	return RUN_MOUNTED(tests);
}

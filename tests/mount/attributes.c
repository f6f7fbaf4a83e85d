/* SPDX-License-Identifier: MIT */
/* chmod, chown, times and access, for the owner and for other users. */
#include "harness.h"
#include "obstacle.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

enum { FD_FLAGS = O_RDWR | O_CREAT | O_CLOEXEC };

static const struct who everyone[] = {
	{0}, {2001, 2001, {0}}, {2002, 2002, {0}}, {2003, 2001, {0}}, {2004, 2004, {2010, 2001}}};

static void chmod_by_everyone(struct side *s)
{
	static const mode_t modes[] = {0, 0400, 0666, 0777, 01777, 02755, 02666, 04755, 07777};
	int fd;

	make_outside(s, "o", ALICE.uid, ALICE.gid, 0666, 10);
	fd = T_FD(s, open("o", O_RDONLY | O_CLOEXEC));
	for (size_t u = 0; u < ARRAY_SIZE(everyone); u++) {
		AS(s, everyone[u])
		{
			for (size_t i = 0; i < ARRAY_SIZE(modes); i++) {
				T(s, i % 2 ? chmod("o", modes[i]) : fchmod(fd, modes[i]));
				note_lstat(s, "o");
			}
			T(s, chmod("missing", 0600));
			T(s, fchmodat(AT_FDCWD, "o", 0640, 0));
		}
	}
}

/* sgid of a group that the owner is not in. */
static void chmod_of_a_foreign_group(struct side *s)
{
	make_outside(s, "o", ALICE.uid, BOB.gid, 0666, 10);
	AS(s, ALICE)
	{
		T(s, chmod("o", 02770));
		note_lstat(s, "o");
		T(s, chmod("o", 06660));
		note_lstat(s, "o");
	}
	T(s, chmod("o", 02770));
	note_lstat(s, "o");
}

static void try_chown(struct side *s, uid_t uid, gid_t gid)
{
	note(s, "chown %d %d", (int)uid, (int)gid);
	T(s, chown("o", uid, gid));
	note_lstat(s, "o");
}

static void chown_by_everyone(struct side *s)
{
	static const mode_t modes[] = {0644, 06755, 02666, 04600};

	for (size_t u = 0; u < ARRAY_SIZE(everyone); u++) {
		for (size_t i = 0; i < ARRAY_SIZE(modes); i++) {
			make_outside(s, "o", ALICE.uid, ALICE.gid, modes[i], 10);
			AS(s, everyone[u])
			{
				try_chown(s, ALICE.uid, -1U);
				try_chown(s, -1U, ALICE.gid);
				try_chown(s, ALICE.uid, ALICE.gid);
				try_chown(s, -1U, BOB.gid);
				try_chown(s, -1U, 2010);
				try_chown(s, BOB.uid, -1U);
				try_chown(s, 0, 0);
			}
			T(s, unlink("o"));
		}
	}
}

/* chown(2) of neither owner nor group changes ctime, and the bits that every chown clears. */
static void chown_to_nobody(struct side *s)
{
	static const mode_t modes[] = {0644, 06755, 02666, 04600};

	for (size_t i = 0; i < ARRAY_SIZE(modes); i++) {
		for (size_t u = 0; u < ARRAY_SIZE(everyone); u++) {
			make_outside(s, "o", ALICE.uid, ALICE.gid, modes[i], 10);
			AS(s, everyone[u])
			{
				try_chown(s, -1U, -1U);
			}
			T(s, unlink("o"));
		}
	}
}

/* The owner may give an object to another of its groups. */
static void chown_to_a_supplementary_group(struct side *s)
{
	make_outside(s, "o", SUPPLEMENT.uid, SUPPLEMENT.gid, 02775, 10);
	AS(s, SUPPLEMENT)
	{
		try_chown(s, -1U, 2010);
		try_chown(s, -1U, ALICE.gid);
		try_chown(s, -1U, BOB.gid);
		T(s, chmod("o", 02775));
		note_lstat(s, "o");
	}
}

static void fchown_and_lchown(struct side *s)
{
	const int fd = T_FD(s, open("o", FD_FLAGS, 06755));

	T(s, fchown(fd, ALICE.uid, -1U));
	note_lstat(s, "o");
	T(s, lchown("o", -1U, BOB.gid));
	note_fstat(s, fd);
	AS(s, ALICE)
	{
		T(s, fchown(fd, -1U, ALICE.gid));
		T(s, fchown(fd, BOB.uid, -1U));
	}
	note_fstat(s, fd);
}

/* Times that were set are compared themselves; of the rest, whether they moved. */
static void note_set_times(struct side *s, const struct stat *old)
{
	struct stat st;

	stat("o", &st);
	note(s, "atime %jd.%09ld mtime %jd.%09ld",
		(intmax_t)(st.st_atim.tv_sec > 2000000 ? 0 : st.st_atim.tv_sec),
		st.st_atim.tv_sec > 2000000 ? 0 : st.st_atim.tv_nsec,
		(intmax_t)(st.st_mtim.tv_sec > 2000000 ? 0 : st.st_mtim.tv_sec),
		st.st_mtim.tv_sec > 2000000 ? 0 : st.st_mtim.tv_nsec);
	note_times(s, "utimensat", old, &st);
}

static void set_times(struct side *s, int which)
{
	static const struct timespec cases[][2] = {
		{{1000, 123456789}, {2000, 987654321}},
		{{.tv_nsec = UTIME_NOW}, {.tv_nsec = UTIME_NOW}},
		{{.tv_nsec = UTIME_OMIT}, {.tv_nsec = UTIME_OMIT}},
		{{.tv_nsec = UTIME_OMIT}, {3000, 1}},
		{{4000, 999999999}, {.tv_nsec = UTIME_OMIT}},
		{{.tv_nsec = UTIME_NOW}, {.tv_nsec = UTIME_OMIT}},
		{{.tv_nsec = UTIME_OMIT}, {.tv_nsec = UTIME_NOW}},
		{{.tv_nsec = UTIME_NOW}, {5000, 5}},
		{{6000, 6}, {.tv_nsec = UTIME_NOW}},
		{{-5, 0}, {-1, 999999999}},
		{{0, 0}, {0, 0}},
		{{0, 1000000000}, {0, 0}},
	};
	struct stat old;

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		note(s, "case %zu", i);
		next_tick();
		stat("o", &old);
		next_tick();
		T(s, which < 0 ? utimensat(AT_FDCWD, "o", cases[i], 0) : futimens(which, cases[i]));
		note_set_times(s, &old);
	}
	next_tick();
	stat("o", &old);
	next_tick();
	T(s, which < 0 ? utimensat(AT_FDCWD, "o", NULL, 0) : futimens(which, NULL));
	note_set_times(s, &old);
}

static void times_by_everyone(struct side *s)
{
	static const mode_t modes[] = {0666, 0644, 0400};
	int fd;

	for (size_t i = 0; i < ARRAY_SIZE(modes); i++) {
		make_outside(s, "o", ALICE.uid, ALICE.gid, modes[i], 10);
		fd = T_FD(s, open("o", O_RDWR | O_CLOEXEC));
		for (size_t u = 0; u < ARRAY_SIZE(everyone); u++) {
			AS(s, everyone[u])
			{
				set_times(s, -1);
				set_times(s, fd);
			}
		}
		T(s, unlink("o"));
		close(fd);
	}
}

static void access_for_everyone(struct side *s)
{
	static const mode_t modes[] = {
		0, 0600, 0060, 0006, 0700, 0100, 0010, 0001, 0644, 0755, 04711, 0640, 0777};

	for (size_t i = 0; i < ARRAY_SIZE(modes); i++) {
		make_outside(s, "o", ALICE.uid, ALICE.gid, modes[i], 10);
		for (size_t u = 0; u < ARRAY_SIZE(everyone); u++) {
			AS(s, everyone[u])
			{
				for (int wanted = 0; wanted < 8; wanted++) {
					T(s, access("o", wanted));
					T(s, faccessat(AT_FDCWD, "o", wanted, AT_EACCESS));
				}
				T(s, access("o", 8));
			}
		}
		T(s, unlink("o"));
	}
	T(s, access("o", F_OK));
	T(s, access("o", R_OK));
}

/* access() asks for the real user. */
static void access_is_for_the_real_user(struct side *s)
{
	make_outside(s, "o", ALICE.uid, ALICE.gid, 0600, 10);
	AS(s, ROOT)
	{
		T(s, setresuid(BOB.uid, ALICE.uid, 0));
		T(s, access("o", R_OK));
		T(s, faccessat(AT_FDCWD, "o", R_OK, AT_EACCESS));
		note_open(s, "o", O_RDONLY, 0);
	}
}

static void stat_of_everything(struct side *s)
{
	struct stat st;
	struct statx sx;

	make_outside(s, "o", ALICE.uid, BOB.gid, 0640, 12345);
	T(s, stat("o", &st));
	note(s, "rdev %ju blksize %jd", (uintmax_t)st.st_rdev, (intmax_t)st.st_blksize);
	T(s, statx(AT_FDCWD, "o", 0, STATX_BASIC_STATS, &sx));
	note(s, "mode %o size %ju blocks %ju", (unsigned int)sx.stx_mode, (uintmax_t)sx.stx_size,
		(uintmax_t)sx.stx_blocks);
	T(s, stat("missing", &st));
	T(s, stat("o/", &st));
	AS(s, BOB)
	{
		note_lstat(s, "o");
	}
}

/* The lists are empty on both sides. */
static void no_extended_attributes(struct side *s)
{
	const int fd = T_FD(s, open("o", O_RDWR | O_CREAT | O_CLOEXEC, 0600));
	char list[64];

	T(s, listxattr("o", NULL, 0));
	T(s, listxattr("o", list, sizeof(list)));
	T(s, flistxattr(fd, list, sizeof(list)));
	T(s, mkdir("d", 0700));
	T(s, listxattr("d", list, sizeof(list)));
	T(s, symlink("missing", "l"));
	T(s, llistxattr("l", list, sizeof(list)));
	T(s, listxattr("l", list, sizeof(list)));
	T(s, listxattr("missing", list, sizeof(list)));
	T(s, close(fd));
}

#if LIBFUSE_HAS_STATX
/* Whether it is told, whether it is that of the same thing outside, and whether it stays. */
static void note_birth(struct side *s, const char *name, const char *outside)
{
	static struct statx_timestamp last;
	struct statx in, out;

	T(s, statx(AT_FDCWD, name, AT_SYMLINK_NOFOLLOW, STATX_BASIC_STATS | STATX_BTIME, &in));
	T(s, statx(s->out, outside, AT_SYMLINK_NOFOLLOW, STATX_BTIME, &out));
	note(s, "%s: mode %o size %ju links %u mask %x same %d as before %d", name,
		(unsigned int)in.stx_mode, (uintmax_t)in.stx_size, in.stx_nlink,
		in.stx_mask & (STATX_BASIC_STATS | STATX_BTIME),
		memcmp(&in.stx_btime, &out.stx_btime, sizeof(in.stx_btime)) == 0,
		memcmp(&in.stx_btime, &last, sizeof(last)) == 0);
	last = in.stx_btime;
}

static void time_of_birth(struct side *s)
{
	int fd;

	fd = T_FD(s, open("o", O_RDWR | O_CREAT | O_CLOEXEC, 0600));
	note_birth(s, "o", "o");
	next_tick();
	T(s, pwrite(fd, "bytes", 5, 0));
	T(s, fchmod(fd, 0640));
	T(s, rename("o", "p"));
	note_birth(s, "p", "p");
	next_tick();
	T(s, mkdir("d", 0755));
	note_birth(s, "d", "d/");
	T(s, link("p", "d/q"));
	note_birth(s, "d/q", "d/q");
	next_tick();
	T(s, symlink("p", "d/s"));
	note_birth(s, "d/s", "d/s");
	T(s, rename("d", "e"));
	note_birth(s, "e", "e/");
	T(s, mkfifo("e/f", 0600));
	note_birth(s, "e/f", "e/f");
	AS(s, BOB)
	{
		note_birth(s, "p", "p");
	}
	T(s, unlink("p"));
	T(s, unlink("e/q"));
	T(s, close(fd));
}

/* Came with FUSE_STATX, in version 7.39 of the protocol (Linux 6.6); newer than the headers may be.
 */
#define DIRECT_IO_ALLOW_MMAP ((uint64_t)1 << 36)

static void time_of_birth_if_asked(void **state)
{
	if (geteuid() == 0 && !kernel_offers(DIRECT_IO_ALLOW_MMAP)) {
		print_message(
			"the kernel does not ask a mount for the time of birth before Linux 6.6\n");
		skip();
	}
	compare_test(state);
}
#endif

int main(void)
{
	const struct CMUnitTest tests[] = {
		COMPARED(chmod_by_everyone),
		COMPARED(chmod_of_a_foreign_group),
		COMPARED(chown_by_everyone),
		COMPARED(chown_to_nobody),
		COMPARED(chown_to_a_supplementary_group),
		COMPARED(fchown_and_lchown),
		COMPARED(times_by_everyone),
		COMPARED(access_for_everyone),
		COMPARED(access_is_for_the_real_user),
		COMPARED(stat_of_everything),
#if LIBFUSE_HAS_STATX
		{"time_of_birth", time_of_birth_if_asked, NULL, NULL,
			&(struct compared){time_of_birth}},
#endif
		COMPARED(no_extended_attributes),
	};

	return RUN_MOUNTED(tests);
}

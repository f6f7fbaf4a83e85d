/* SPDX-License-Identifier: MIT */
/* Which calls move which of the three times, and when they clear suid and sgid. */
#include "harness.h"

#include <fcntl.h>
#include <linux/falloc.h>
#include <stdio.h>
#include <sys/sendfile.h>
#include <sys/uio.h>
#include <unistd.h>

enum { FD_FLAGS = O_RDWR | O_CREAT | O_CLOEXEC };

static char buf[2 * MIB];

static void reads(struct side *s)
{
	const int fd = T_FD(s, open("o", FD_FLAGS, 0600));
	struct iovec v[2] = {{buf, 10}, {buf + 10, MIB}};

	T(s, pwrite(fd, buf, 2 * MIB, 0));
	MOVES(s, "o", pread(fd, buf, 10, 0));
	MOVES(s, "o", pread(fd, buf, 10, 0));
	T(s, pwrite(fd, buf, 10, 0));
	MOVES(s, "o", pread(fd, buf, MIB, 0));
	MOVES(s, "o", pread(fd, buf, MIB, 0));
	T(s, pwrite(fd, buf, 10, 0));
	MOVES(s, "o", pread(fd, buf, MIB, 0));
	T(s, pwrite(fd, buf, 10, 0));
	MOVES(s, "o", pread(fd, buf, 10, 2 * MIB));
	MOVES(s, "o", pread(fd, buf, 10, 5 * MIB));
	T(s, pwrite(fd, buf, 10, 0));
	MOVES(s, "o", readv(fd, v, 2));
	T(s, ftruncate(fd, 8 * MIB));
	MOVES(s, "o", pread(fd, buf, MIB, 5 * MIB));
	T(s, pwrite(fd, buf, 10, 0));
	MOVES(s, "o", lseek(fd, 0, SEEK_DATA));
	MOVES(s, "o", fsync(fd));
}

static void reads_without_atime(struct side *s)
{
	const int fd = T_FD(s, open("o", FD_FLAGS | O_NOATIME, 0600));

	T(s, pwrite(fd, buf, 2 * MIB, 0));
	MOVES(s, "o", pread(fd, buf, 10, 0));
	MOVES(s, "o", pread(fd, buf, MIB, 0));
}

static void writes(struct side *s)
{
	const int fd = T_FD(s, open("o", FD_FLAGS, 0600));

	MOVES(s, "o", pwrite(fd, buf, 10, 0));
	MOVES(s, "o", pwrite(fd, buf, 10, 0));
	MOVES(s, "o", pwrite(fd, buf, MIB, 0));
	MOVES(s, "o", pwrite(fd, buf, MIB, 0));
	MOVES(s, "o", pwrite(fd, buf, MIB, 5 * MIB));
	MOVES(s, "o", pwrite(fd, buf, 65536, 8192));
	MOVES(s, "o", pwrite(fd, buf, 0, 0));
	MOVES(s, "o", pwrite(fd, buf, 1, -1));
}

static void resizing(struct side *s)
{
	const int fd = T_FD(s, open("o", FD_FLAGS, 0600));

	T(s, pwrite(fd, buf, 10000, 0));
	MOVES(s, "o", ftruncate(fd, 10000));
	MOVES(s, "o", ftruncate(fd, 20000));
	MOVES(s, "o", ftruncate(fd, 5000));
	MOVES(s, "o", truncate("o", 5000));
	MOVES(s, "o", truncate("o", 100));
	MOVES(s, "o", truncate("o", 0));
	MOVES(s, "o", truncate("o", 0));
	MOVES(s, "o", ftruncate(fd, 0));
	MOVES(s, "o", truncate("o", 100));
	MOVES(s, "o", truncate("o", 100));
	MOVES(s, "o", chmod("o", 06711));
	MOVES(s, "o", truncate("o", 100));
	MOVES(s, "o", pwrite(fd, buf, 100, 0));
	MOVES(s, "o", fallocate(fd, 0, 0, 50));
	MOVES(s, "o", fallocate(fd, 0, 0, 50000));
	MOVES(s, "o", fallocate(fd, FALLOC_FL_KEEP_SIZE, 0, 90000));
	MOVES(s, "o", fallocate(fd, FALLOC_FL_KEEP_SIZE | FALLOC_FL_PUNCH_HOLE, 0, 4096));
	MOVES(s, "o", close(open("o", O_RDWR | O_TRUNC | O_CLOEXEC)));
	MOVES(s, "o", close(open("o", O_RDWR | O_TRUNC | O_CLOEXEC)));
	MOVES(s, "o", close(open("o", O_RDWR | O_CLOEXEC)));
	MOVES(s, "o", close(open("o", O_RDWR | O_CREAT | O_CLOEXEC, 0777)));
}

static void copies(struct side *s)
{
	const int from = T_FD(s, open("from", FD_FLAGS, 0600));
	const int to = T_FD(s, open("to", FD_FLAGS, 0600));
	off_t at;

	T(s, pwrite(from, buf, MIB, 0));
	MOVES(s, "from", copy_file_range(from, NULL, to, NULL, 1000, 0));
	T(s, pwrite(from, buf, MIB, 0));
	MOVES(s, "to", copy_file_range(from, NULL, to, NULL, 1000, 0));
	at = 0;
	MOVES(s, "to", sendfile(to, from, &at, 1000));
	T(s, pwrite(from, buf, MIB, 0));
	at = 0;
	MOVES(s, "from", sendfile(to, from, &at, 1000));
}

static void attributes_and_names(struct side *s)
{
	const int fd = T_FD(s, open("o", FD_FLAGS, 0600));

	MOVES(s, "o", fchmod(fd, 0600));
	MOVES(s, "o", chmod("o", 0640));
	MOVES(s, "o", chown("o", ALICE.uid, -1U));
	MOVES(s, "o", link("o", "second"));
	MOVES(s, "o", rename("second", "third"));
	MOVES(s, "o", unlink("third"));
	MOVES(s, "o", access("o", R_OK));
	MOVES(s, ".", rename("o", "p"));
	MOVES(s, ".", close(open("q", FD_FLAGS, 0600)));
	MOVES(s, ".", link("p", "r"));
	MOVES(s, ".", unlink("q"));
	MOVES(s, ".", fchmod(fd, 0600));
	MOVES(s, ".", (int)pwrite(fd, "x", 1, 0));
}

static void chown_to_nobody(struct side *s)
{
	const int fd = T_FD(s, open("o", FD_FLAGS, 0600));

	MOVES(s, "o", fchown(fd, -1U, -1U));
	MOVES(s, "o", chown("o", -1U, -1U));
}

/* Through one descriptor while another one looks. */
static void fstat_sees_the_times_at_once(struct side *s)
{
	const int fd = T_FD(s, open("o", FD_FLAGS, 0600));
	const int other = T_FD(s, open("o", O_RDONLY | O_CLOEXEC));
	struct stat old, new;

	for (size_t len = 1; len <= 2 * MIB; len *= 128) {
		next_tick();
		fstat(other, &old);
		next_tick();
		T(s, pwrite(fd, buf, len, 0));
		fstat(other, &new);
		note_times(s, "other", &old, &new);
		fstatat(s->out, "o", &new, 0);
		note_times(s, "outside", &old, &new);
	}
}

static void note_mode(struct side *s, const char *what, const char *name)
{
	struct stat st = {0};

	stat(name, &st);
	note(s, "%s leaves %o", what, st.st_mode);
}

/* Makes the object anew with this mode, and lets the user make one call on it. */
#define LEAVES(s, who, set_mode, flags, call)                                   \
	do {                                                                    \
		unlink("o");                                                    \
		make_outside(s, "o", ALICE.uid, ALICE.gid, set_mode, 300000);   \
		AS(s, who)                                                      \
		{                                                               \
			const int fd = T_FD(s, open("o", (flags) | O_CLOEXEC)); \
                                                                                \
			T(s, call);                                             \
			(void)fd;                                               \
		}                                                               \
		note_mode(s, #call, "o");                                       \
	} while (0)

static void try_all_writes(struct side *s, struct who who, mode_t mode)
{
	note(s, "as %u:%u on %o", who.uid, who.gid, mode);
	LEAVES(s, who, mode, O_RDWR, pread(fd, buf, 10, 0));
	LEAVES(s, who, mode, O_RDWR, pwrite(fd, "x", 1, 0));
	LEAVES(s, who, mode, O_RDWR, pwrite(fd, buf, 0, 0));
	LEAVES(s, who, mode, O_RDWR, pwrite(fd, buf, 200000, 0));
	LEAVES(s, who, mode, O_RDWR, pwrite(fd, buf, MIB, 400000));
	LEAVES(s, who, mode, O_WRONLY | O_APPEND, pwrite(fd, "x", 1, 0));
	LEAVES(s, who, mode, O_RDWR, ftruncate(fd, 300000));
	LEAVES(s, who, mode, O_RDWR, ftruncate(fd, 100));
	LEAVES(s, who, mode, O_RDWR, truncate("o", 400000));
	LEAVES(s, who, mode, O_RDWR | O_TRUNC, lseek(fd, 0, SEEK_END));
	LEAVES(s, who, mode, O_RDWR, fallocate(fd, 0, 0, 500000));
	LEAVES(s, who, mode, O_RDWR, fallocate(fd, FALLOC_FL_KEEP_SIZE, 0, 500000));
}

static void foreign_writes_clear_suid(struct side *s)
{
	try_all_writes(s, BOB, 06777);
}

static void writes_to_sgid_without_group_x(struct side *s)
{
	try_all_writes(s, BOB, 02666);
	try_all_writes(s, MEMBER, 02666);
}

static void own_writes_clear_suid(struct side *s)
{
	try_all_writes(s, ALICE, 04777);
}

static void truncating_open_for_reading_clears_suid(struct side *s)
{
	LEAVES(s, BOB, 06777, O_RDONLY | O_TRUNC, lseek(fd, 0, SEEK_END));
	LEAVES(s, ALICE, 06755, O_RDONLY | O_TRUNC, lseek(fd, 0, SEEK_END));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		COMPARED(reads),
		COMPARED(reads_without_atime),
		COMPARED(writes),
		COMPARED(resizing),
		COMPARED(copies),
		COMPARED(attributes_and_names),
		COMPARED(chown_to_nobody),
		COMPARED(fstat_sees_the_times_at_once),
		COMPARED(foreign_writes_clear_suid),
		COMPARED(writes_to_sgid_without_group_x),
		COMPARED(own_writes_clear_suid),
		COMPARED(truncating_open_for_reading_clears_suid),
	};

	return RUN_MOUNTED(tests);
}

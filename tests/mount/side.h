/* SPDX-License-Identifier: MIT */
/*
 * Comparing the mount with tmpfs. A script is a function that makes calls in its current directory
 * and notes their results. It is run twice, in the reference tmpfs and in the mount, each time in a
 * process of its own; then both transcripts must be the same, and so must be the entries left in
 * the reference and in /dev/shm. tmpfs is the specification, so a script holds no expectations.
 */
#ifndef SHMFS_TEST_SIDE_H
#define SHMFS_TEST_SIDE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>
#include <sys/types.h>

#include "util.h"
#include "who.h"

struct side {
	const char *path;    /* the current directory of the script */
	const char *outside; /* the same objects without the mount between */
	int out;             /* descriptor of `outside` */
	int transcript;
	bool is_mount;
};

typedef void (*side_script)(struct side *side);

/*
 * Runs the script on both sides, with this mount and as this user, and compares; both are empty
 * before and after. Asserts.
 */
void compare_sides(side_script script, const char *mount, struct who who);

/* The same, with the entries that the caller has put there before. */
void compare_prepared_sides(side_script script, const char *mount, struct who who);

/* An entry of a table of tests: compares this script. */
#define COMPARED(script)                                              \
	{                                                             \
#script, compare_test, NULL, NULL, &(struct compared) \
		{                                                     \
			script                                        \
		}                                                     \
	}

struct compared {
	side_script script;
};
void compare_test(void **state);

/* Notes a call, its result and its errno; T(s, close(fd)). */
#define T(s, call) note_result(s, #call, (call))

/* The same for a call that returns a descriptor, whose number says nothing. */
#define T_FD(s, call) note_fd(s, #call, (call))

off_t note_result(struct side *s, const char *what, off_t result);
int note_fd(struct side *s, const char *what, int fd);

/* Notes a line of text. */
void note(struct side *s, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Notes attributes, of a name or of a descriptor too: all but times and inode number. */
void note_stat(struct side *s, const char *what, const struct stat *st);
void note_lstat(struct side *s, const char *name);
void note_fstat(struct side *s, int fd);

/* Notes bytes, by their number and hash. */
void note_bytes(struct side *s, const char *what, const void *buf, ssize_t len);

/* Notes the bytes of a range, read with pread in pieces. */
void note_range(struct side *s, int fd, off_t offset, size_t len);

/* Opens, notes only the result, closes again. */
void note_open(struct side *s, const char *name, int flags, mode_t mode);

/* Makes a file from outside with these attributes; root only. Notes only failures. */
void make_outside(struct side *s, const char *path, uid_t uid, gid_t gid, mode_t mode, size_t size);

/* The same with a directory. */
void make_outside_dir(struct side *s, const char *path, uid_t uid, gid_t gid, mode_t mode);

/* Which of the times moved from one stat to the next? Both are notes of the same file. */
void note_times(struct side *s, const char *what, const struct stat *old, const struct stat *new);

/* Notes the call and which times of `name`, which must keep its name, it moved. */
#define MOVES(s, name, call)                        \
	do {                                        \
		struct stat old_, new_;             \
                                                    \
		next_tick();                        \
		stat(name, &old_);                  \
		next_tick();                        \
		T(s, call);                         \
		stat(name, &new_);                  \
		note_times(s, #call, &old_, &new_); \
	} while (0)

/* The block is run by another process as this user: AS(s, ALICE) { T(s, unlink("a")); } */
#define AS(s, who) for (; side_become(s, who); side_leave())

bool side_become(struct side *s, struct who who);
_Noreturn void side_leave(void);

/* Removes everything there is in a directory, at any depth. */
void sweep(const char *dir);

bool is_empty(const char *dir);

#endif

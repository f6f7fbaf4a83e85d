/* SPDX-License-Identifier: MIT */
/* Calls on a mount, which is the current directory and empty. */
#ifndef SHMFS_TEST_CALLS_TABLE_H
#define SHMFS_TEST_CALLS_TABLE_H

#include "../mount/harness.h"

#include <sys/stat.h>

/*
 * before() prepares, call() makes one call or some that belong together, and returns a negative
 * number, with errno, when it failed; after() asserts that its effect is right and complete.
 */
struct script {
	const char *name;
	void (*before)(void);
	long (*call)(void);
	void (*after)(void);
	/*
	 * The kernel has one more question when the call has made its object, and the call fails
	 * without an answer; the object is there then.
	 */
	bool asks_last;
	/*
	 * Without file handles a failure cannot be undone: an object that lost its last name gets
	 * none again.
	 */
	bool needs_handles;
};

struct script_table {
	const struct script *scripts;
	size_t count;
};

/* Opening and changes of names; extended attributes; all other calls. */
extern const struct script_table calls_of_names, calls_of_xattrs, calls_of_contents;

enum { SCRIPT_TABLES = 3 };
extern const struct script_table *const script_tables[SCRIPT_TABLES];

/* Shared by the scripts: open descriptors or -1, bytes written and read. */
extern int opened, other;
extern char data[MIB], got[MIB];

enum { ENTRIES = 150 }; /* that make_many() makes in the directory d */

/* To look with; they assert. */
void touch(const char *name);
char first_byte(const char *name);
struct stat stat_of(const char *name);
void is_missing(const char *name);
void expect_size(off_t size); /* of "a", and of the open object */

/* Preparations: objects with one byte, trees of them, an open object. */
void nothing(void);
void make_a(void);
void make_a_and_b(void);
void make_empty(void);
void make_trees(void);
void make_trees_and_a(void);
void fill_both_trees(void);
void make_many(void);
void make_link(void);
void open_a(void);
void open_to_append(void);
void open_big(void);
void open_big_and_other(void);

/* Closes and removes all of it. */
void scripts_clean_up(void);

#endif

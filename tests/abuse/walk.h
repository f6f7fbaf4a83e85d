/* SPDX-License-Identifier: MIT */
/*
 * The steps of the operation fuzzer: one system call, or a few that belong together, with random
 * arguments. Each step is taken on both sides, tmpfs first.
 *
 * The limits that shmfs(1) names are not among the steps; the place of such a step says so.
 */
#ifndef SHMFS_TEST_WALK_H
#define SHMFS_TEST_WALK_H

#include "../mount/harness.h"

enum { SLOTS = 2, PATH_SIZE = 64, SEEN_SIZE = 1024 };

/* A user's directory and descriptors on one side. */
struct hand {
	int dir;        /* the top of the tree, and the current directory while a step is taken */
	int fds[SLOTS]; /* regular files; -1: none */
};

struct step {
	size_t user, verb;
	char path[PATH_SIZE], other[PATH_SIZE]; /* relative to the top */
	int slot, other_slot;
	uint32_t a, b, c;
	bool names_special; /* path leads to a FIFO, a socket or a device, on tmpfs */
	bool is_skipped;    /* set by the step on tmpfs: the mount may differ, see there */
};

/* The outcome of a step. */
struct answer {
	long result; /* of the call; 0 for a descriptor */
	int error;
	char seen[SEEN_SIZE]; /* attributes, hashes, listings */
};

struct verb {
	const char *name;
	long (*call)(struct step *s, struct hand *h, struct answer *ret);
};

/* walk_io.c: on open files. walk_names.c: on names, extended attributes too. */
extern const struct verb io_verbs[], name_verbs[];
extern const size_t io_verb_count, name_verb_count;

#define VERB(name) static long name(struct step *s, struct hand *h, struct answer *ret)
#define V(verb)             \
	{                   \
#verb, verb \
	}
#define PICK(table, random) ((table)[(random) % ARRAY_SIZE(table)])

/* Adds to the text of things seen. */
void see(struct answer *ret, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Attributes, but for times and inode number. Keep errno. */
void see_stat(struct answer *ret, const struct stat *st);
void see_fd(struct answer *ret, int fd);

mode_t some_mode(uint32_t random);

/*
 * Everything there is below a directory, as text to be freed: all attributes but times and inode
 * numbers, which names are the same file, targets of symbolic links.
 */
char *describe_tree(const char *top);

/* All bytes of all files, by their hash. To be freed. */
char *describe_content(const char *top);

/* Removes everything below the directory. */
void empty_tree(const char *top);

#endif

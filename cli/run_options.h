/* SPDX-License-Identifier: MIT */
/* The command line of `shmfs run`. */
#ifndef SHMFS_CLI_RUN_OPTIONS_H
#define SHMFS_CLI_RUN_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* --share NAME[=HOST], --share-later NAME[=HOST]. */
struct run_share {
	char *name; /* of the object in the namespace: one component */
	char *host; /* below the /dev/shm of the caller */
	bool later; /* linked also when it appears, or is replaced, while the program runs */
};

struct run_options {
	char *name;       /* of the namespace, without slashes at its ends; --unique: made up */
	char **program;   /* its arguments, the last one is NULL */
	char *shell[2];   /* the array that program points at with --shell */
	const char *base; /* --mount DIR; otherwise /dev/shm */
	const char *tmp;  /* --tmp DIR; NULL: the caller's /tmp */
	uint64_t size;    /* --size, in bytes; 0: no tmpfs for the namespace */
	struct run_share *shares;
	size_t share_count;
	const char *report; /* --json=FILE; NULL: stderr */
	bool remove;        /* --rm; --unique and --size imply it */
	bool unique;
	bool fresh;
	bool shared;
	bool ipc;
	bool reserve;
	bool check;
	bool json;
	bool verbose;
};

enum run_options_result {
	RUN_OPTIONS_RUN,
	RUN_OPTIONS_HELP,
	RUN_OPTIONS_WRONG, /* the error was printed */
};

/* The texts are those of argv. To be freed with run_options_free(), also on failure. */
enum run_options_result run_options_parse(struct run_options *ret_options, int argc, char **argv);

/* With --unique the name is the options' own. */
void run_options_free(struct run_options *options);

void run_options_print_help(void);

/*
 * A number of bytes, with a unit k, m, g or t (powers of 1024) of either case. Returns false for
 * any other text, for 0, and for numbers that do not fit into 63 bits.
 */
bool run_options_parse_size(const char *text, uint64_t *ret_size);

/*
 * Takes the slashes at the end away. Returns false if it is no name of a namespace: an empty one,
 * an absolute one, "." or ".." in between, two slashes, a component above NAME_MAX bytes.
 */
bool run_options_trim_name(char *name);

#endif

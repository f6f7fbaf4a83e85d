/* SPDX-License-Identifier: MIT */
/*
 * Verbs: `shmfs VERB ...` is a command of its own, with its own options, and mounts nothing.
 * The table is in verb.c; each verb is one function in a file of its own.
 */
#ifndef SHMFS_CLI_VERB_H
#define SHMFS_CLI_VERB_H

#include <stdbool.h>
#include <stdio.h>

struct verb {
	const char *name;
	/* argv[0] is the verb's name or the path of a link to the program, argv[argc] is NULL.
	 * Returns the exit status. */
	int (*main)(int argc, char **argv);
	const char *summary; /* one line for `shmfs -h`, without a full stop */
};

/*
 * Runs the verb that the command line names: by argv[1], or by argv[0] for the link
 * shmfs-VERB to the program. Of a first argument that resembles a verb and is no directory it says
 * which verb may be meant, and nothing runs. Returns false when the command line is no verb's;
 * otherwise *ret_status is the exit status.
 */
bool verb_run(int argc, char **argv, int *ret_status);

/* The verb that this word is, or that it is mistyped from: by one letter added, left out, replaced,
   or exchanged with its neighbour. NULL: the word resembles no verb. */
const struct verb *verb_resembled(const char *word);

/* The table for people, one verb a line. */
void verb_print_list(FILE *out);

/* A verb is used wrongly: says so on stderr, with the way to its usage. */
__attribute__((format(printf, 2, 3))) void verb_misused(const char *name, const char *format, ...);

#endif

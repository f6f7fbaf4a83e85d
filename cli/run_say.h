/* SPDX-License-Identifier: MIT */
/* The messages of `shmfs run` on stderr, and its own exit statuses. */
#ifndef SHMFS_CLI_RUN_SAY_H
#define SHMFS_CLI_RUN_SAY_H

enum {
	RUN_LEFT = 124,           /* --check: the program left objects behind */
	RUN_FAILED = 125,         /* shmfs run itself failed */
	RUN_NOT_EXECUTABLE = 126, /* the program cannot be executed */
	RUN_NOT_FOUND = 127,      /* the program is not found */
};

/* One line, with the verb in front. Returns RUN_FAILED. */
__attribute__((format(printf, 1, 2))) int run_say(const char *format, ...);

#endif

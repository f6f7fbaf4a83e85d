/* SPDX-License-Identifier: MIT */
/* The program that runs in the namespace. */
#ifndef SHMFS_CLI_RUN_PROGRAM_H
#define SHMFS_CLI_RUN_PROGRAM_H

/* Becomes the program. Returns the exit status when that fails, and the reason has been printed. */
int run_program_exec(char **argv);

#endif

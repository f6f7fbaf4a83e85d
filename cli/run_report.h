/* SPDX-License-Identifier: MIT */
/* How a program has ended and which objects it has left, for people and as JSON. */
#ifndef SHMFS_CLI_RUN_REPORT_H
#define SHMFS_CLI_RUN_REPORT_H

#include "run_left.h"

#include <stdio.h>

struct run_outcome {
	int status; /* the exit status; -1: killed */
	int signal; /* 0: not killed */
};

/* The names, one a line, below a line that tells the namespace. */
void run_report_list(FILE *out, const char *name, const struct run_objects *left);

/*
 * One line: {"namespace", "status", "signal", "left"}; left is null when nothing was checked,
 * otherwise a list of {"name", "size", "mode", "uid"}.
 */
void run_report_json(FILE *out, const char *name, const struct run_outcome *outcome,
	const struct run_objects *left);

/* A JSON string. Bytes that are not UTF-8 become \udcXX, as Python decodes file names. */
void run_report_json_string(FILE *out, const char *text);

#endif

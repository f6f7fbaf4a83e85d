/* SPDX-License-Identifier: MIT */
/*
 * The command line.
 */
#ifndef BENCH_OPTIONS_H
#define BENCH_OPTIONS_H

#include <stdbool.h>

#include "rows.h"
#include "target.h"

struct options {
	struct targets targets;
	bool chosen[ROW_COUNT];
	unsigned rounds;
	bool tsv;
	bool smoke;
};

/*
 * Fills ret_options, which points into argv. Ends the process after --help and, with a message,
 * on a wrong usage (status 2).
 */
void options_parse(struct options *ret_options, int argc, char **argv);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * The table, for people or for machines; scripts/bench --help tells the layouts.
 */
#ifndef BENCH_REPORT_H
#define BENCH_REPORT_H

#include <stdbool.h>

#include "measure.h"

void report_heading(const struct targets *targets, unsigned rounds);

/* results: one for each target, with a time for every round. */
void report_row(const struct row *row, const struct targets *targets, const struct result *results,
	unsigned rounds, bool tsv);

#endif

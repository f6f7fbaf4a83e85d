/* SPDX-License-Identifier: MIT */
/*
 * Measuring one row: the rounds in which its targets take turns.
 */
#ifndef BENCH_MEASURE_H
#define BENCH_MEASURE_H

#include <stdbool.h>

#include "rows.h"
#include "target.h"

#define ROUNDS_MAX 1000

struct plan {
	const char *prefix;
	unsigned rounds; /* 1 to ROUNDS_MAX */
	bool smoke;      /* everything 64 times smaller, no repetition */
};

/* The time of one target, in nanoseconds per operation. */
struct result {
	bool refused;    /* it cannot do this in its mode; nothing else is valid then */
	double requests; /* to the daemon, per operation; -1: not known */
	double ns[ROUNDS_MAX];
};

/*
 * Measures row on every target; results has one entry per target.
 * Returns 0 or -errno; on failure ret_failed is the target at fault.
 */
int measure_row(const struct plan *plan, const struct row *row, const struct targets *targets,
	struct result *results, const struct target **ret_failed);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * Rows: what the benchmark measures. A row names one operation, the files it needs beforehand, and
 * a unit: a fixed amount of that operation, so that caches act alike however fast a target is.
 */
#ifndef BENCH_ROWS_H
#define BENCH_ROWS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "target.h"

/* Files with data: this many bytes, no holes. */
#define DATA_SIZE (64u << 20)
/* The largest transfer, and the size of the buffer in struct work. */
#define BLOCK_MAX (1u << 20)

/* How much was done, and the time it took without preparation. */
struct sample {
	uint64_t operations;
	uint64_t ns;
};

/* One row on one target. */
struct work {
	const struct row *row;
	const struct target *target;
	const char *prefix;
	struct name directory; /* where the names are: a new directory, or "." */
	struct name *names;    /* row->names of them, scaled; the first row->made exist */
	size_t name_count;
	size_t calls;
	size_t crowd;
	size_t size;  /* bytes in the file names[0] */
	char *buffer; /* BLOCK_MAX bytes, page-aligned */
};

struct row {
	const char *name;
	/* 0 or -errno; -ENODEV: the target cannot do this in its mode. */
	int (*unit)(struct work *work, struct sample *ret_sample);

	size_t names;  /* names it uses ... */
	size_t made;   /* ... of which this many exist when a unit begins */
	bool shared;   /* targets with one home use the same files */
	bool inner;    /* the files are in a directory of their own in the target */
	size_t crowd;  /* other files, in another directory beside it */
	bool has_data; /* the files hold DATA_SIZE bytes, else none */

	size_t block; /* bytes per transfer */
	bool random;
	bool write;
	bool stats;   /* a listing also asks for each file's attributes */
	size_t calls; /* calls per unit, where names or data do not tell */
};

/* All of them, in the order of the table; scripts/bench tells users what each one is. */
#define ROW_COUNT 18
extern const struct row rows[ROW_COUNT];

#endif

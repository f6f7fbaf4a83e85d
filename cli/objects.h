/* SPDX-License-Identifier: MIT */
/* The rows of `shmfs ls`: which objects, and in which order. */
#ifndef SHMFS_CLI_OBJECTS_H
#define SHMFS_CLI_OBJECTS_H

#include "object_row.h"

#include <stdbool.h>

enum objects_order { ORDER_NAME, ORDER_USED, ORDER_SIZE, ORDER_AGE };

struct objects_wish {
	enum objects_order order;
	bool only_orphans, only_deleted, exact;
	bool sums;             /* the caller shows them; otherwise they may lack the status */
	char *const *patterns; /* fnmatch(3), of names or of paths; NULL at the end */
	size_t limit;          /* rows; 0: all */
};

struct objects_sum {
	size_t objects, held, free, deleted;
	uint64_t used, used_by_free, used_by_deleted;
};

/* Adds a row for each object of the survey that is wished for. where: for the column SHM. Adds
 * all objects to *sum, and not just these. -ENOMEM. */
int objects_add(struct table *table, struct survey *survey, const struct objects_wish *wish,
	const char *where, struct objects_sum *sum);

#endif

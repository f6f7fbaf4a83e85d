/* SPDX-License-Identifier: MIT */
/* The report of `shmfs reap`: a row for each object, a sum, and a line in the system's log. */
#ifndef SHMFS_CLI_REAP_REPORT_H
#define SHMFS_CLI_REAP_REPORT_H

#include "reap_batch.h"
#include "table.h"

#include <stdbool.h>

struct reap_sum {
	size_t removed, kept, doubt, failed;
	uint64_t freed; /* bytes */
};

/* Adds to the sum. */
void reap_count(struct reap_sum *sum, const struct reap_item *item);

/* Prints the rows, with `all` also those of objects that were kept without doubt, and the sum.
 * -ENOMEM. */
int reap_print(const struct survey *survey, const struct table_form *form, bool exact, bool all,
	const struct reap_item *items, size_t count, const struct reap_sum *sum);
void reap_print_columns(void);

/* Can rows be printed in this form? If not, stderr says why. To be asked before the removal. */
bool reap_can_print(const struct table_form *form);

/* One line for each removal, with the user who asked for it. */
void reap_log(const struct survey *survey, const struct reap_item *items, size_t count);

#endif

/* SPDX-License-Identifier: MIT */
/* One object: a row of `shmfs ls`. */
#ifndef SHMFS_CLI_OBJECT_ROW_H
#define SHMFS_CLI_OBJECT_ROW_H

#include "survey.h"
#include "table.h"

struct object {
	const struct shmfs_listing_entry *entry;
	const struct shmfs_holder *holders;
	size_t holder_count;
	enum survey_status status;
	bool is_deleted; /* it has no name; the path of its entry is its last name, if known */
	bool is_known;   /* its attributes are, and not only its number */
	double age;      /* seconds since its birth */
};

extern const struct table_column object_columns[];
extern const size_t object_column_count;
#define OBJECT_COLUMNS_USUAL "NAMESPACE,NAME,USED,SIZE,MODE,OWNER,AGE,HELD-BY"
#define OBJECT_COLUMNS_LONG OBJECT_COLUMNS_USUAL ",STATUS,SVAL,GROUP,LINKS,INO"

/* The last component of a path. */
const char *object_name(const char *path);

/* Does a row of this table show the object's status? */
bool object_row_shows_status(const struct table *table);

/* exact: sizes in bytes. where: for the column SHM. -ENOMEM. */
int object_row(struct table *table, const struct survey *survey, bool exact,
	const struct object *object, const char *where);

#endif

/* SPDX-License-Identifier: MIT */
/* The table of open objects in the shared memory (shared.h). Not locked. */
#ifndef SHMFS_OPENS_H
#define SHMFS_OPENS_H

#include "request/shared.h"

/* The table, and the chain of its free entries, which is of this process. */
struct opens {
	struct shared *shared;
	uint32_t free; /* index + 1; 0: none */
};

/* recover.h has repaired the entries that the last worker left there. */
void opens_init(struct opens *opens, struct shared *shared);

/* An entry that is free until it is written; NULL if there is none. */
struct shared_open *opens_take(struct opens *opens);

/* No client has the object open any more. */
void opens_give_back(struct opens *opens, struct shared_open *open);

#endif

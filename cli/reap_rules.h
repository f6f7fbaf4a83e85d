/* SPDX-License-Identifier: MIT */
/* The objects that `shmfs reap` may remove, by their attributes and holders. No function here
 * touches an object. */
#ifndef SHMFS_CLI_REAP_RULES_H
#define SHMFS_CLI_REAP_RULES_H

#include "survey.h"

#include <stdbool.h>

struct reap_rules {
	double older_than; /* seconds without a sign of life */
	bool has_user;
	uid_t user;
	const char *glob;  /* NULL: all names */
	const char *space; /* a namespace, without slashes at its ends; NULL: all */
	bool semaphores;   /* remove semaphores and locks, too */
};

enum reap_verdict {
	REAP_NOT_MEANT, /* the options leave it out */
	REAP_MAY_GO,    /* unless the removal finds out something else */
	REAP_WOULD_GO,  /* the same, but this is a dry run */
	REAP_REMOVED,
	REAP_KEPT_HELD,
	REAP_KEPT_YOUNG,
	REAP_KEPT_SEMAPHORE,
	REAP_KEPT_LOCK,
	REAP_KEPT_CHANGED, /* it is another object now, or gone */
	REAP_RESTORED,     /* a reap that was killed had left it aside: it has its name again */
	REAP_KEPT_WANTED,  /* a process was about to open it: it has its name again */
	REAP_DOUBT,        /* it may have a holder that cannot be seen */
	REAP_DOUBT_BUSY,   /* its directory did not answer in time */
	REAP_DOUBT_ASIDE, /* a process opened it, and its name has been taken: it has another one */
	REAP_FAILED,
};

/* "held", "younger than asked for", ... */
const char *reap_verdict_reason(enum reap_verdict verdict);

/* Users that have a living process, which may come back to a semaphore or lock of theirs. */
struct reap_users;
int reap_users_read(struct reap_users **ret_users);
struct reap_users *reap_users_free(struct reap_users *users);

/* Of an object or an empty directory; REAP_NOT_MEANT of other directories. */
enum reap_verdict reap_judge(const struct reap_rules *rules, const struct survey *survey,
	const struct reap_users *users, const struct shmfs_listing_entry *entry);

/* A lock by its name (ends in lock or lck) or because it is empty: flock(2) needs no contents. */
bool reap_is_lock(const char *name, uint64_t size);

#endif

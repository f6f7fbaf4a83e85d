/* SPDX-License-Identifier: MIT */
/*
 * Objects whose last name is gone while the kernel still knows them.
 *
 * A client may have looked up the name just before, and is about to open what it found: on tmpfs it
 * gets the old object, not an error. So the object is held (O_PATH) until the kernel forgets it,
 * which is at once if nobody uses it; but not for long, because the kernel may also remember it for
 * no good reason (a name that was removed outside), and the memory should be free. What stays then
 * are the last attributes, for descriptors that give no access.
 *
 * Not locked: whoever has the list has the lock for it and for what is in it.
 */
#ifndef SHMFS_GONE_H
#define SHMFS_GONE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

struct gone {
	struct gone *prev, *next; /* in the list, while it is held */
	int fd;                   /* O_PATH; -1 when it is not held any more */
	int64_t until;            /* ms of CLOCK_MONOTONIC */
	struct stat st;
};

/* Held ones, the oldest first. {NULL, NULL} is empty. */
struct gone_list {
	struct gone *first, *last;
};

/* Owns fd in any case; -1 if it is not to be held. NULL without memory. */
struct gone *gone_new(int fd, const struct stat *st);

/* It is in no list. NULL is accepted. */
void gone_free(struct gone *gone);

/* Holds it in the list for its time, if it is to be held. */
void gone_hold(struct gone_list *list, struct gone *gone);

/* Takes it out of the list, if it is in it. */
void gone_drop(struct gone_list *list, struct gone *gone);

/*
 * The descriptor of the oldest one, which is not held any more and to be closed by the caller, if
 * its time is over or `all` is set; -1 if there is none. *ret_wait: ms until the next one's time is
 * over, -1 if there is none.
 */
int gone_take_fd(struct gone_list *list, bool all, int *ret_wait);

#endif

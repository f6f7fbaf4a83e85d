/* SPDX-License-Identifier: MIT */
/* How the verbs write the holders of an object. */
#ifndef SHMFS_CLI_HOLDER_H
#define SHMFS_CLI_HOLDER_H

#include "survey.h"
#include "text.h"

#define HOLDER_TEXT_SIZE 512

/* "map rw, fd r". Returns ret_text. */
const char *holder_how(const struct shmfs_holder *holder, char ret_text[TEXT_SHORT]);

/* Where the holder's way to the object is mounted, and which directory of the tmpfs that is. */
const char *holder_door(const struct shmfs_holder *holder, char *ret_text, size_t size);

/* The earliest moment at which the process may have come to hold it: its start, or the object's
   birth. Seconds since 1970. */
time_t holder_since(const struct survey *survey, const struct shmfs_holder *holder,
	const struct timespec *birth);

/* The container or unit that a process belongs to, by its control group; "" if to none. */
const char *holder_unit(pid_t pid, char *ret_text, size_t size);

/* "server[4711],worker[4712],+3", or "-" or "?" when there is none to be seen. */
const char *holder_list(const struct survey *survey, const struct shmfs_holder *holders,
	size_t count, enum survey_status status, char ret_text[HOLDER_TEXT_SIZE]);

/* The same as a JSON array of objects. NULL: no memory. */
struct json_object *holder_list_json(const struct survey *survey,
	const struct shmfs_holder *holders, size_t count, const struct timespec *birth);

#endif

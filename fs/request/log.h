/* SPDX-License-Identifier: MIT */
/*
 * Messages to the user, a line each: on stderr or, by a daemon in the background, to syslog(3).
 * Once the mount serves none is waited for: a message that is not taken at once is dropped, and the
 * next one says so.
 */
#ifndef SHMFS_LOG_H
#define SHMFS_LOG_H

#include <stdatomic.h>
#include <stdbool.h>

void log_error(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_info(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* An error that may come again: nothing is logged when *told, which is set once it is logged. */
void log_error_once(atomic_bool *told, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* The mount serves: from now on no message is waited for. */
void log_serving(void);

/* From now on there is nobody at stderr. */
void log_to_syslog(void);

/* Makes libfuse log here as well. */
void log_take_over_libfuse(void);

/* While it is brief, the first error of libfuse is logged, and none that follows from it. */
void log_libfuse_briefly(bool brief);

#endif

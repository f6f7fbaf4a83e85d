/* SPDX-License-Identifier: MIT */
/*
 * Messages to the user, a line each: on stderr or, by a daemon in the background, to syslog(3).
 * Once the mount serves, the log never waits: it drops a message that the reader does not take at
 * once, and the next message says so.
 */
#ifndef SHMFS_LOG_H
#define SHMFS_LOG_H

#include <stdatomic.h>
#include <stdbool.h>

void log_error(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_info(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Logs an error that may come again, unless *told is set. Sets *told once the error is logged. */
void log_error_once(atomic_bool *told, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* The mount serves: from now on the log does not wait for a reader. */
void log_serving(void);

/* All messages go to syslog(3) from now on: stderr has no reader any more. */
void log_to_syslog(void);

/* Sends the messages of libfuse to this log as well. */
void log_take_over_libfuse(void);

/*
 * While brief is set, the log takes the first error of libfuse only, and drops those that follow
 * from it.
 */
void log_libfuse_briefly(bool brief);

#endif

/* SPDX-License-Identifier: MIT */
/* Messages to the user: one line each, on stderr or, for a daemon in the background, to syslog(3).
 */
#ifndef SHMFS_LOG_H
#define SHMFS_LOG_H

#include <stdarg.h>

void log_error(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_info(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* From now on there is nobody at stderr. */
void log_to_syslog(void);

/* Makes libfuse log here as well. */
void log_take_over_libfuse(void);

#endif

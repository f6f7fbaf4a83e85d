/* SPDX-License-Identifier: MIT */
#include "log.h"

#include "fuse3.h"

#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <syslog.h>

#include <fuse_log.h>

/* Written when the mount becomes usable, and before anything is served. */
static bool background;

/* Used while there is one thread. */
static bool libfuse_is_brief, libfuse_has_failed;

/*
 * Keeper and worker have one table of descriptors: none may be kept open for messages, where the
 * other one does not know of it.
 */
static void log_to_system(int priority, const char *line)
{
	static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

	pthread_mutex_lock(&lock);
	openlog("shmfs", LOG_PID, LOG_DAEMON);
	syslog(priority, "%s", line);
	closelog();
	pthread_mutex_unlock(&lock);
}

__attribute__((format(printf, 2, 0))) static void log_line(
	int priority, const char *format, va_list args)
{
	char line[1024];
	size_t len;

	vsnprintf(line, sizeof(line), format, args);
	len = strlen(line);
	if (len > 0 && line[len - 1] == '\n')
		line[len - 1] = '\0';
	if (background)
		log_to_system(priority, line);
	else
		fprintf(stderr, "shmfs: %s\n", line);
}

void log_error(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	log_line(LOG_ERR, format, args);
	va_end(args);
}

void log_info(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	log_line(LOG_INFO, format, args);
	va_end(args);
}

void log_to_syslog(void)
{
	background = true;
}

/* The levels of libfuse are those of syslog(3). */
__attribute__((format(printf, 2, 0))) static void log_libfuse(
	enum fuse_log_level level, const char *format, va_list args)
{
	if (libfuse_is_brief && level <= FUSE_LOG_ERR) {
		if (libfuse_has_failed)
			return;
		libfuse_has_failed = true;
	}
	log_line((int)level, format, args);
}

void log_take_over_libfuse(void)
{
	fuse_set_log_func(log_libfuse);
}

void log_libfuse_briefly(bool brief)
{
	libfuse_is_brief = brief;
	libfuse_has_failed = false;
}

/* SPDX-License-Identifier: MIT */
#include "log.h"

#include "fuse3.h"

#include <poll.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#include <fuse_log.h>

#define LINE_MAX_BYTES 1024

/* For how long send_line() waits for a reader of standard error before the mount serves. */
#define START_PATIENCE_MS 2000

/* Written when the mount becomes usable, before the first request is served. */
static bool background;

static atomic_bool serves;

/* Used only while there is one thread. */
static bool libfuse_is_brief, libfuse_has_failed;

/* Counts the messages that were dropped since the last one that was sent. */
static _Atomic unsigned dropped;

/*
 * This function drops a message rather than wait: a reader that does not read must not stop a
 * mount. Before the mount serves it waits for a while: the message may tell why the mount fails.
 */
static bool send_line(int fd, const char *line, size_t len)
{
	struct pollfd poller = {.fd = fd, .events = POLLOUT};

	/* A pipe that is ready takes PIPE_BUF bytes at once. */
	return poll(&poller, 1, serves ? 0 : START_PATIENCE_MS) == 1 &&
	       (poller.revents & POLLOUT) && write(fd, line, len) == (ssize_t)len;
}

/*
 * Works like syslog(3), but does not wait for the log daemon. The socket does not stay open: keeper
 * and worker have one table of descriptors, and neither may hold a descriptor that the other one
 * does not know.
 */
static bool send_to_system(int priority, const char *text)
{
	const struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = _PATH_LOG};
	const int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	char line[LINE_MAX_BYTES + 64], date[32];
	const time_t now = time(NULL);
	struct tm tm;
	bool sent;

	if (fd < 0)
		return false;
	strftime(date, sizeof(date), "%b %e %T", localtime_r(&now, &tm));
	snprintf(line, sizeof(line), "<%d>%s shmfs[%d]: %s", LOG_DAEMON | priority, date,
		(int)getpid(), text);
	sent = connect(fd, (const struct sockaddr *)&address, sizeof(address)) == 0 &&
	       send(fd, line, strlen(line), MSG_NOSIGNAL) >= 0;
	close(fd);
	return sent;
}

static bool send_to_stderr(const char *text)
{
	char line[LINE_MAX_BYTES + 16];

	snprintf(line, sizeof(line), "shmfs: %s\n", text);
	return send_line(STDERR_FILENO, line, strlen(line));
}

static bool send_text(int priority, const char *text)
{
	return background ? send_to_system(priority, text) : send_to_stderr(text);
}

static void tell_dropped(void)
{
	const unsigned count = atomic_exchange(&dropped, 0);
	char text[64];

	if (count == 0)
		return;
	snprintf(text, sizeof(text), "%u messages before this one were lost", count);
	if (!send_text(LOG_ERR, text))
		atomic_fetch_add(&dropped, count);
}

/* Returns whether the reader took the message. */
__attribute__((format(printf, 2, 0))) static bool try_line(
	int priority, const char *format, va_list args)
{
	char text[LINE_MAX_BYTES];
	size_t len;

	vsnprintf(text, sizeof(text), format, args);
	len = strlen(text);
	if (len > 0 && text[len - 1] == '\n')
		text[len - 1] = '\0';
	tell_dropped();
	return send_text(priority, text);
}

__attribute__((format(printf, 2, 0))) static void log_line(
	int priority, const char *format, va_list args)
{
	if (!try_line(priority, format, args))
		atomic_fetch_add(&dropped, 1);
}

void log_error(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	log_line(LOG_ERR, format, args);
	va_end(args);
}

void log_error_once(atomic_bool *told, const char *format, ...)
{
	va_list args;

	if (atomic_exchange(told, true))
		return;
	va_start(args, format);
	if (!try_line(LOG_ERR, format, args))
		atomic_store(told, false);
	va_end(args);
}

void log_info(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	log_line(LOG_INFO, format, args);
	va_end(args);
}

void log_serving(void)
{
	atomic_store(&serves, true);
}

void log_to_syslog(void)
{
	background = true;
}

/* libfuse has the levels of syslog(3). */
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

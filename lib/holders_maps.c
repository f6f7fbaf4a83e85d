/* SPDX-License-Identifier: MIT */
/* The mappings of a process, from proc_pid_maps(5). */
#include "holders_private.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#define BUFFER_SIZE 65536 /* a line is at most 4096 bytes of path and some 80 before it */

struct line {
	uint64_t start, end, ino;
	dev_t dev;
	bool writes;
};

static uint64_t take_number(const char **at, unsigned base, char end)
{
	uint64_t number = 0;

	for (; **at != end && **at != '\n'; (*at)++) {
		const char c = **at;

		number = number * base + (unsigned)(c <= '9' ? c - '0' : c - 'a' + 10);
	}
	*at += **at == end;
	return number;
}

/* start-end perms offset major:minor inode path */
static void parse_mapping(const char *at, struct line *line)
{
	unsigned high, low;

	line->start = take_number(&at, 16, '-');
	line->end = take_number(&at, 16, ' ');
	line->writes = at[1] == 'w' && at[3] == 's';
	at += 5;
	take_number(&at, 16, ' ');
	high = (unsigned)take_number(&at, 16, ':');
	low = (unsigned)take_number(&at, 16, ' ');
	line->dev = makedev(high, low);
	line->ino = take_number(&at, 10, ' ');
}

static bool is_deleted(const char *line, const char *end)
{
	static const char tail[] = " (deleted)";
	const size_t length = sizeof(tail) - 1;

	return (size_t)(end - line) >= length && memcmp(end - length, tail, length) == 0;
}

struct reader {
	struct scan *scan;
	dev_t dev; /* of the last mapping that counted */
	const struct shmfs_mount *door;
};

static int take_line(struct reader *reader, const char *text, const char *end)
{
	struct scan *scan = reader->scan;
	struct shmfs_holder found = {.fd = -1, .how = SHMFS_HOLD_MAP_READ};
	struct line line;

	parse_mapping(text, &line);
	if (line.ino == 0 || !scan_wants(scan, line.dev))
		return 0;
	if (line.dev != reader->dev)
		reader->door = shmfs_mounts_of(scan->out->mounts, line.dev, scan->space);
	reader->dev = line.dev;
	found.dev = line.dev;
	found.ino = line.ino;
	found.mount = reader->door;
	found.start = line.start;
	found.end = line.end;
	found.looks_deleted = is_deleted(text, end);
	if (line.writes)
		found.how |= SHMFS_HOLD_MAP_WRITE;
	return scan_found(scan, &found);
}

/* Takes all whole lines. Returns how many bytes are left of the last one, at the beginning. */
static ssize_t take_lines(struct reader *reader, char *buffer, size_t length)
{
	char *line = buffer, *end;
	int r;

	while ((end = memchr(line, '\n', (size_t)(buffer + length - line)))) {
		r = take_line(reader, line, end);
		if (r < 0)
			return r;
		line = end + 1;
	}
	length -= (size_t)(line - buffer);
	memmove(buffer, line, length);
	return (ssize_t)length;
}

int scan_maps(struct scan *scan, int task)
{
	const int fd = openat(task, "maps", O_RDONLY | O_CLOEXEC);
	struct reader reader = {.scan = scan};
	char buffer[BUFFER_SIZE];
	ssize_t kept = 0, length;

	if (fd < 0)
		return errno == ENOENT ? -ESRCH : -errno;
	while (kept >= 0 &&
		(length = read(fd, buffer + kept, sizeof(buffer) - (size_t)kept)) != 0) {
		if (length > 0)
			kept = take_lines(&reader, buffer, (size_t)(kept + length));
		else if (errno != EINTR)
			kept = -errno;
	}
	close(fd);
	return kept < 0 ? (int)kept : 0;
}

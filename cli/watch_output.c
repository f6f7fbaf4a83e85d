/* SPDX-License-Identifier: MIT */
#include "watch_output.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FULL_SIZE (16U << 20)

static ssize_t keep_text(void *cookie, const char *text, size_t size)
{
	struct watch_output *output = cookie;
	char *grown;

	if (output->length + size > output->room) {
		const size_t room = 2 * (output->length + size);

		grown = realloc(output->text, room);
		if (!grown) {
			errno = ENOMEM;
			return -1;
		}
		output->text = grown;
		output->room = room;
	}
	memcpy(output->text + output->length, text, size);
	output->length += size;
	return (ssize_t)size;
}

int watch_output_open(struct watch_output *output)
{
	const cookie_io_functions_t functions = {.write = keep_text};

	*output = (struct watch_output){.text = NULL};
	output->lines = fopencookie(output, "w", functions);
	return output->lines ? 0 : -ENOMEM;
}

void watch_output_close(struct watch_output *output)
{
	if (output->lines)
		fclose(output->lines);
	free(output->text);
}

bool watch_output_waits(const struct watch_output *output)
{
	return output->at < output->length;
}

bool watch_output_is_full(const struct watch_output *output)
{
	return output->length - output->at > FULL_SIZE;
}

/* A pipe that is ready takes PIPE_BUF bytes without waiting: pipe(7). */
static int write_ready(struct watch_output *output)
{
	struct pollfd ready = {.fd = STDOUT_FILENO, .events = POLLOUT};

	while (watch_output_waits(output) && poll(&ready, 1, 0) == 1) {
		const size_t left = output->length - output->at;
		const ssize_t written = write(STDOUT_FILENO, output->text + output->at,
			left < PIPE_BUF ? left : PIPE_BUF);

		if (written < 0)
			return errno == EINTR || errno == EAGAIN ? 0 : -errno;
		output->at += (size_t)written;
	}
	return 0;
}

int watch_output_write(struct watch_output *output)
{
	int r;

	if (fflush(output->lines) != 0)
		return -errno;
	r = write_ready(output);
	if (output->at > output->length / 2) {
		output->length -= output->at;
		memmove(output->text, output->text + output->at, output->length);
		output->at = 0;
	}
	return r;
}

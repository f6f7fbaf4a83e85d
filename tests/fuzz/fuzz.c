/* SPDX-License-Identifier: MIT */
#include "fuzz.h"

#include <stdio.h>
#include <stdlib.h>

size_t take_text(struct input *in, uint8_t end, char *ret, size_t max)
{
	size_t len = 0;

	while (in->size > 0 && len + 1 < max) {
		const uint8_t byte = take_byte(in);

		if (byte == end || byte == '\0')
			break;
		ret[len++] = (char)byte;
	}
	ret[len] = '\0';
	return len;
}

void holds(int condition, const char *what, const char *file, int line)
{
	if (condition)
		return;
	fprintf(stderr, "%s:%d: does not hold: %s\n", file, line, what);
	abort();
}

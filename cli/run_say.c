/* SPDX-License-Identifier: MIT */
#include "run_say.h"

#include <stdarg.h>
#include <stdio.h>

int run_say(const char *format, ...)
{
	char text[8192];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	fprintf(stderr, "shmfs run: %s\n", text);
	return RUN_FAILED;
}

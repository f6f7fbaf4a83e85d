/* SPDX-License-Identifier: MIT */
/* fs/process/options: each line is an argument. */
#include "fuzz.h"

#include "process/options.h"
#include "request/log.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

enum { ARGS_MAX = 16, LONGEST = 512 };

static unsigned int errors;

/* In place of fs/request/log.c. */
void log_error(const char *format, ...)
{
	(void)format;
	errors++;
}

void log_info(const char *format, ...)
{
	(void)format;
}

__attribute__((format(printf, 2, 0))) static void log_libfuse(
	enum fuse_log_level level, const char *format, va_list args)
{
	(void)level;
	(void)format;
	(void)args;
	errors++;
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	fuse_set_log_func(log_libfuse);
	return freopen("/dev/null", "we", stdout) ? 0 : -1;
}

/* Options of this program alone never reach libfuse. */
static bool is_ours(const char *options)
{
	char list[8 * LONGEST];

	snprintf(list, sizeof(list), ",%s,", options);
	return strstr(list, ",passthrough=") || strstr(list, ",reserve,") ||
	       strstr(list, ",nonempty,") || strstr(list, ",nofail,");
}

static void check_mount(const struct options *options)
{
	bool has_subtype = false;

	HOLDS(options->mount_point != NULL);
	HOLDS(errors == 0);
	HOLDS(options->passthrough <= PASSTHROUGH_OFF);
	for (int i = 1; i < options->args.argc; i++) {
		const char *arg = options->args.argv[i];

		HOLDS(arg != NULL);
		if (strcmp(arg, "-o") == 0 && i + 1 < options->args.argc)
			continue;
		HOLDS(strchr(arg, '\\') || !is_ours(strncmp(arg, "-o", 2) == 0 ? arg + 2 : arg));
		has_subtype |= strstr(arg, "subtype=") != NULL;
	}
	HOLDS(has_subtype);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static char program[] = "shmfs", text[ARGS_MAX][LONGEST];
	char *argv[ARGS_MAX + 2] = {program};
	struct input in = {data, size};
	struct options options;
	int argc = 1;

	while (in.size > 0 && argc <= ARGS_MAX) {
		take_text(&in, '\n', text[argc - 1], LONGEST);
		argv[argc] = text[argc - 1];
		argc++;
	}
	errors = 0;
	switch (options_parse(&options, argc, argv)) {
	case OPTIONS_MOUNT:
		check_mount(&options);
		break;
	case OPTIONS_HELP:
	case OPTIONS_DONE:
		HOLDS(errors == 0);
		break;
	case OPTIONS_WRONG:
		HOLDS(errors > 0);
		break;
	}
	options_free(&options);
	return 0;
}

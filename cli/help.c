/* SPDX-License-Identifier: MIT */
#include "help.h"

#include "verb.h"

#include <stdlib.h>
#include <string.h>

/* Each verb prints its usage itself. */
static int print_usage(const struct verb *verb)
{
	char name[32], option[] = "-h";
	char *argv[] = {name, option, NULL};

	snprintf(name, sizeof(name), "%s", verb->name);
	return verb->main(2, argv);
}

int help_main(int argc, char **argv)
{
	const struct verb *verb = argc == 2 ? verb_resembled(argv[1]) : NULL;

	if (argc > 2) {
		verb_misused("help", "only one verb at once");
		return EXIT_FAILURE;
	}
	if (verb && verb->main != help_main && strcmp(verb->name, argv[1]) == 0)
		return print_usage(verb);
	if (verb && verb->main != help_main) {
		verb_misused("help", "no verb is called %s: %s?", argv[1], verb->name);
		return EXIT_FAILURE;
	}
	if (argc == 2 && !verb && argv[1][0] != '-') {
		verb_misused("help", "no verb is called %s", argv[1]);
		return EXIT_FAILURE;
	}
	printf("usage: shmfs VERB [options] ...\n"
	       "       shmfs [options] MOUNTPOINT (shmfs -h lists these options)\n"
	       "\n");
	verb_print_list(stdout);
	return EXIT_SUCCESS;
}

/* SPDX-License-Identifier: MIT */
#include "verb.h"

#include "help.h"
#include "ls.h"
#include "reap.h"
#include "run.h"
#include "status_verb.h"
#include "watch.h"
#include "who.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static const struct verb verbs[] = {
	{"run", run_main, "run a program with shared memory objects of its own"},
	{"ls", ls_main, "list shared memory objects and their holders"},
	{"who", who_main, "list the processes that hold an object"},
	{"reap", reap_main, "remove the objects that no process holds"},
	{"watch", watch_main, "print each change of an object, and its process"},
	{"status", status_main, "print the state of a mount and its daemon"},
	{"help", help_main, "print the usage of a verb: shmfs help VERB"},
};

#define COUNT (sizeof(verbs) / sizeof(verbs[0]))

/* Are both the same but for one letter? Either side may have the additional one. */
static bool differ_by_one(const char *one, const char *other)
{
	while (*one && *one == *other)
		one++, other++;
	if (!*one || !*other)
		return strlen(one) + strlen(other) <= 1;
	if (one[1] == other[0] && one[0] == other[1] && strcmp(one + 2, other + 2) == 0)
		return true;
	return strcmp(one + 1, other + 1) == 0 || strcmp(one + 1, other) == 0 ||
	       strcmp(one, other + 1) == 0;
}

static const struct verb *verb_named(const char *word)
{
	for (size_t i = 0; i < COUNT; i++)
		if (strcmp(word, verbs[i].name) == 0)
			return &verbs[i];
	return NULL;
}

const struct verb *verb_resembled(const char *word)
{
	const struct verb *verb = verb_named(word);

	for (size_t i = 0; i < COUNT && !verb; i++)
		if (differ_by_one(word, verbs[i].name))
			verb = &verbs[i];
	return verb;
}

static bool is_directory(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

/* The program's link shmfs-VERB, wherever it lies, is the verb. */
static const struct verb *verb_of_link(const char *program)
{
	static const char prefix[] = "shmfs-";
	const char *slash = strrchr(program, '/');
	const char *name = slash ? slash + 1 : program;

	if (strncmp(name, prefix, strlen(prefix)) != 0)
		return NULL;
	return verb_named(name + strlen(prefix));
}

/* A directory may have a name that resembles a verb: with it, the command line mounts. */
static int refuse_mistyped(const char *word, const struct verb *verb)
{
	fprintf(stderr, "shmfs: no verb is called %s: shmfs %s? (shmfs -h lists the verbs)\n", word,
		verb->name);
	return EXIT_FAILURE;
}

bool verb_run(int argc, char **argv, int *ret_status)
{
	const struct verb *verb = argc > 0 ? verb_of_link(argv[0]) : NULL;

	if (verb) {
		*ret_status = verb->main(argc, argv);
		return true;
	}
	if (argc < 2)
		return false;
	verb = verb_named(argv[1]);
	if (verb) {
		*ret_status = verb->main(argc - 1, argv + 1);
		return true;
	}
	verb = verb_resembled(argv[1]);
	if (!verb || is_directory(argv[1]))
		return false;
	*ret_status = refuse_mistyped(argv[1], verb);
	return true;
}

void verb_print_list(FILE *out)
{
	for (size_t i = 0; i < COUNT; i++)
		fprintf(out, "    %-10s %s\n", verbs[i].name, verbs[i].summary);
}

void verb_misused(const char *name, const char *format, ...)
{
	va_list args;

	fprintf(stderr, "shmfs %s: ", name);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fprintf(stderr, " (shmfs %s -h tells the usage)\n", name);
}

/* SPDX-License-Identifier: MIT */
/* cli/verb: which words are verbs, mistyped verbs, or neither. */
#include "unit.h"

#include "verb.h"

#include <string.h>

static void assert_means(const char *word, const char *name)
{
	const struct verb *verb = verb_resembled(word);

	assert_non_null(verb);
	assert_string_equal(verb->name, name);
}

static void test_one_letter_may_be_wrong(void **state)
{
	static const char *const words[] = {"help", "elp", "hel", "hlp", "helpp", "hhelp", "heelp",
		"hebp", "xelp", "helx", "hlep", "ehlp", "hepl"};

	(void)state;
	for (size_t i = 0; i < COUNT(words); i++)
		assert_means(words[i], "help");
}

static void test_other_words_are_no_verbs(void **state)
{
	static const char *const words[] = {"", "-h", "/mnt", "mnt", "none", "he", "helppp",
		"xhelpx", "pleh", "./help", "help/x"};

	(void)state;
	for (size_t i = 0; i < COUNT(words); i++)
		assert_null(verb_resembled(words[i]));
}

static void test_command_lines_that_mount_are_left_alone(void **state)
{
	char program[] = "/usr/bin/shmfs", other[] = "shmfs-nothing", point[] = "/mnt",
	     option[] = "-f";
	char tmp[] = "/tmp";
	char *const lines[][4] = {{program, NULL}, {other, NULL}, {program, point, NULL},
		{program, option, point, NULL}, {program, tmp, NULL}, {NULL}};
	int status = 77;

	(void)state;
	for (size_t i = 0; i < COUNT(lines); i++) {
		char *argv[4];
		int argc = 0;

		memcpy(argv, lines[i], sizeof(argv));
		while (argv[argc])
			argc++;
		assert_false(verb_run(argc, argv, &status));
		assert_int_equal(status, 77);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_one_letter_may_be_wrong),
		cmocka_unit_test(test_other_words_are_no_verbs),
		cmocka_unit_test(test_command_lines_that_mount_are_left_alone),
	};

	return cmocka_run_group_tests_name("verb", tests, NULL, NULL);
}

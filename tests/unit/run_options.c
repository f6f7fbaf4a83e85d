/* SPDX-License-Identifier: MIT */
/* cli/run_options: sizes, names, and command lines. */
#include "unit.h"

#include "run_options.h"

#include <stdio.h>
#include <string.h>

static void test_sizes(void **state)
{
	static const struct {
		const char *text;
		uint64_t size;
	} sizes[] = {{"1", 1}, {"4096", 4096}, {"1k", 1024}, {"64M", 64u << 20}, {"2G", 2ull << 30},
		{"3t", 3ull << 40}, {"9223372036854775807", INT64_MAX},
		{"8388607T", 8388607ull << 40}};
	uint64_t size;

	(void)state;
	for (size_t i = 0; i < COUNT(sizes); i++) {
		assert_true(run_options_parse_size(sizes[i].text, &size));
		assert_int_equal(size, sizes[i].size);
	}
}

static void test_no_sizes(void **state)
{
	static const char *const texts[] = {"", "0", "0M", "-1", "+1", " 1", "1 ", "M", "1MB", "1x",
		"1.5M", "0x10", "9223372036854775808", "18446744073709551616", "8388608T",
		"9007199254740992k"};
	uint64_t size = 77;

	(void)state;
	for (size_t i = 0; i < COUNT(texts); i++) {
		assert_false(run_options_parse_size(texts[i], &size));
		assert_int_equal(size, 77);
	}
}

static void test_names(void **state)
{
	static const struct {
		const char *text, *trimmed;
	} names[] = {{"a", "a"}, {"a/", "a"}, {"a/b//", "a/b"}, {"...", "..."}, {".a", ".a"},
		{"a b", "a b"}, {"-", "-"}, {"a%2Fb", "a%2Fb"}};
	char text[512];

	(void)state;
	for (size_t i = 0; i < COUNT(names); i++) {
		strcpy(text, names[i].text);
		assert_true(run_options_trim_name(text));
		assert_string_equal(text, names[i].trimmed);
	}
	memset(text, 'x', 255);
	strcpy(text + 255, "/y");
	assert_true(run_options_trim_name(text));
}

static void test_no_names(void **state)
{
	static const char *const texts[] = {"", "/", "//", ".", "..", "./a", "../a", "a/.", "a/..",
		"a/../b", "a/./b", "a//b", "/a"};
	char text[512];

	(void)state;
	for (size_t i = 0; i < COUNT(texts); i++) {
		strcpy(text, texts[i]);
		assert_false(run_options_trim_name(text));
	}
	memset(text, 'x', 256);
	text[256] = '\0';
	assert_false(run_options_trim_name(text));
}

/* Parses the words, whose copies are good until the next call. */
static enum run_options_result parse(struct run_options *ret_options, const char *line)
{
	static char copy[256];
	char *save = NULL;
	static char *argv[32];
	int argc = 0;

	snprintf(copy, sizeof(copy), "%s", line);
	for (char *word = strtok_r(copy, " ", &save); word; word = strtok_r(NULL, " ", &save))
		argv[argc++] = word;
	argv[argc] = NULL;
	return run_options_parse(ret_options, argc, argv);
}

static void test_a_command_line(void **state)
{
	struct run_options options;

	(void)state;
	assert_int_equal(
		parse(&options, "run -v --rm --size=8M blue/ -- prog -v --rm"), RUN_OPTIONS_RUN);
	assert_true(options.verbose && options.remove && !options.fresh && !options.check);
	assert_int_equal(options.size, 8 << 20);
	assert_string_equal(options.name, "blue");
	assert_string_equal(options.program[0], "prog");
	assert_string_equal(options.program[2], "--rm");
	assert_null(options.program[3]);
}

static void test_what_implies_removal(void **state)
{
	struct run_options options;

	(void)state;
	assert_int_equal(parse(&options, "run --unique -- prog"), RUN_OPTIONS_RUN);
	assert_true(options.remove && options.unique);
	assert_null(options.name);
	assert_int_equal(parse(&options, "run --size 1 blue prog"), RUN_OPTIONS_RUN);
	assert_true(options.remove);
	assert_int_equal(parse(&options, "run --ipc --reserve --check blue prog"), RUN_OPTIONS_RUN);
	assert_false(options.remove);
}

static void test_shares(void **state)
{
	struct run_options options;

	(void)state;
	assert_int_equal(
		parse(&options, "run --share a --share-later b=c/d blue prog"), RUN_OPTIONS_RUN);
	assert_int_equal(options.share_count, 2);
	assert_string_equal(options.shares[0].name, "a");
	assert_string_equal(options.shares[0].host, "a");
	assert_false(options.shares[0].later);
	assert_string_equal(options.shares[1].name, "b");
	assert_string_equal(options.shares[1].host, "c/d");
	assert_true(options.shares[1].later);
	run_options_free(&options);
}

static void test_wrong_command_lines(void **state)
{
	static const char *const lines[] = {"run", "run blue", "run blue --",
		"run --bogus blue prog", "run -x blue prog", "run -m", "run --rm=1 blue prog",
		"run blue --rm prog", "run --shell blue prog", "run --unique",
		"run --size 0 blue prog", "run a//b prog", "run --share a/b blue prog",
		"run --share a=../b blue prog", "run --share = blue prog",
		"run --size 1M --mount / blue prog"};
	struct run_options options;

	(void)state;
	for (size_t i = 0; i < COUNT(lines); i++) {
		assert_int_equal(parse(&options, lines[i]), RUN_OPTIONS_WRONG);
		run_options_free(&options);
	}
	assert_int_equal(parse(&options, "run --help"), RUN_OPTIONS_HELP);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sizes),
		cmocka_unit_test(test_no_sizes),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_no_names),
		cmocka_unit_test(test_a_command_line),
		cmocka_unit_test(test_what_implies_removal),
		cmocka_unit_test(test_shares),
		cmocka_unit_test(test_wrong_command_lines),
	};

	return cmocka_run_group_tests_name("run_options", tests, NULL, NULL);
}

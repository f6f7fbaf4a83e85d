/* SPDX-License-Identifier: MIT */
/* cli/text: names of others, sizes, times. cli/reap_rules, cli/reap_aside: names that mean
 * something. */
#include "unit.h"

#include "reap_aside.h"
#include "reap_rules.h"
#include "text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static void test_safe(void **state)
{
	static const struct {
		const char *bytes, *text;
	} cases[] = {
		{"plain name", "plain name"},
		{"a\nb\t\x7f", "a\\x0ab\\x09\\x7f"},
		{"back\\slash", "back\\x5cslash"},
		{"\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80", "\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80"},
		{"\xff\xfe", "\\xff\\xfe"},
		{"\xc0\xaf", "\\xc0\\xaf"},                   /* longer than needed */
		{"\xed\xa0\x80", "\\xed\\xa0\\x80"},          /* half of a pair */
		{"\xc2\x9b", "\\xc2\\x9b"},                   /* a control character */
		{"\xe2\x80\xae", "\\xe2\\x80\\xae"},          /* turns the direction */
		{"\xf4\x90\x80\x80", "\\xf4\\x90\\x80\\x80"}, /* above the last one */
		{"cut \xe2\x82", "cut \\xe2\\x82"},
		{"", ""},
	};
	char text[100];

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		assert_string_equal(text_safe(cases[i].bytes, text, sizeof(text)), cases[i].text);
}

/* A text that does not fit ends between two characters. */
static void test_safe_fits(void **state)
{
	char bytes[300], text[64];

	(void)state;
	memset(bytes, '\n', sizeof(bytes) - 1);
	bytes[sizeof(bytes) - 1] = '\0';
	for (size_t size = 8; size <= sizeof(text); size++) {
		memset(text, 'x', sizeof(text));
		text_safe(bytes, text, size);
		assert_true(strlen(text) < size);
		assert_int_equal(strlen(text) % 4, 0);
	}
}

static void test_sizes(void **state)
{
	char text[TEXT_SHORT];

	(void)state;
	assert_string_equal(text_size(0, false, text), "0B");
	assert_string_equal(text_size(1023, false, text), "1023B");
	assert_string_equal(text_size(4096, false, text), "4K");
	assert_string_equal(text_size(1288490189, false, text), "1.2G");
	assert_string_equal(text_size(UINT64_MAX, false, text), "16E");
	assert_string_equal(text_size(1288490189, true, text), "1288490189");
	assert_string_equal(text_age(-5, text), "0s");
	assert_string_equal(text_age(119, text), "119s");
	assert_string_equal(text_age(120, text), "2m");
	assert_string_equal(text_age(86400 * 3.0, text), "3d");
	assert_string_equal(text_mode(0104751, text), "-rwsr-x--x");
	assert_string_equal(text_mode(0041777, text), "drwxrwxrwt");
}

static void test_durations(void **state)
{
	static const struct {
		const char *text;
		double seconds;
	} good[] = {{"0", 0}, {"90", 90}, {"90s", 90}, {"1.5m", 90}, {"2h", 7200}, {"1d", 86400},
		{"1w", 604800}};
	static const char *const bad[] = {"", "s", "-1", "1x", "1hh", "nan", "inf", "1e99", "1 h"};
	double seconds;

	(void)state;
	for (size_t i = 0; i < COUNT(good); i++) {
		assert_true(text_parse_duration(good[i].text, &seconds));
		assert_true(seconds == good[i].seconds);
	}
	for (size_t i = 0; i < COUNT(bad); i++)
		assert_false(text_parse_duration(bad[i], &seconds));
}

static void test_locks(void **state)
{
	(void)state;
	assert_true(reap_is_lock("index.lock", 10));
	assert_true(reap_is_lock("MyLock", 10));
	assert_true(reap_is_lock("x.lck", 10));
	assert_true(reap_is_lock("data", 0));
	assert_false(reap_is_lock("data", 10));
	assert_false(reap_is_lock("locked-data", 10));
}

/* A process that has ended, so that its number is nobody's. */
static pid_t dead(void)
{
	const pid_t pid = fork();

	if (pid == 0)
		_exit(0);
	waitpid(pid, NULL, 0);
	return pid;
}

static void test_left_aside(void **state)
{
	const int pid = (int)dead();
	char aside[NAME_MAX + 20], name[NAME_MAX + 1];

	(void)state;
	snprintf(aside, sizeof(aside), ".shmfs-reap-%d-77-a-b", pid);
	assert_true(reap_aside_is_left(aside, 77, name));
	assert_string_equal(name, "a-b");
	assert_false(reap_aside_is_left(aside, 78, name)); /* another object has this name */
	snprintf(aside, sizeof(aside), ".shmfs-reap-%d-77-", pid);
	assert_false(reap_aside_is_left(aside, 77, name));
	snprintf(aside, sizeof(aside), ".shmfs-reap-%d-77-a", (int)getpid()); /* it lives */
	assert_false(reap_aside_is_left(aside, 77, name));
	assert_false(reap_aside_is_left(".shmfs-reap--1-77-a", 77, name));
	assert_false(reap_aside_is_left("a", 77, name));
	/* One that was cut does not tell the whole name. */
	memset(aside, 'x', sizeof(aside));
	aside[snprintf(aside, sizeof(aside), ".shmfs-reap-%d-77-", pid)] = 'x';
	aside[NAME_MAX] = '\0';
	assert_false(reap_aside_is_left(aside, 77, name));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_safe),
		cmocka_unit_test(test_safe_fits),
		cmocka_unit_test(test_sizes),
		cmocka_unit_test(test_durations),
		cmocka_unit_test(test_locks),
		cmocka_unit_test(test_left_aside),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

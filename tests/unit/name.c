/* SPDX-License-Identifier: MIT */
/* lib/name: what is encoded, what is refused, what lies in which directory. */
#include "unit.h"

#include "name.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* A text of len times 'x'. */
static const char *text_of(size_t len)
{
	static char text[512];

	assert_true(len < sizeof(text));
	memset(text, 'x', len);
	text[len] = '\0';
	return text;
}

static void assert_encodes(const char *prefix, const char *component, const char *expected)
{
	struct shmfs_name name;

	assert_int_equal(shmfs_name_encode(&name, prefix, component), 0);
	assert_string_equal(name.text, expected);
}

static void assert_refuses(const char *prefix, const char *component, int error)
{
	struct shmfs_name name;
	struct shmfs_name before;

	memset(&name, 'z', sizeof(name));
	before = name;
	assert_int_equal(shmfs_name_encode(&name, prefix, component), error);
	assert_memory_equal(&name, &before, sizeof(name));
}

static void test_encode_puts_slash_and_prefix_in_front(void **state)
{
	(void)state;
	assert_encodes(SHMFS_NAME_ROOT, "counter", "/counter");
	assert_encodes("web1%2F", "counter", "/web1%2Fcounter");
	assert_encodes("a%2Fb%2F", "c", "/a%2Fb%2Fc");
}

static void test_encode_takes_every_odd_component(void **state)
{
	static const char *const odd[] = {"%", "%2", "%2f", "%2F", "a%2Fb", "%252F", "...", ".a",
		"..a", "a.", " ", "\n", "\\", "\x01", "\xff\xfe", "-", "*"};
	char expected[64];

	(void)state;
	for (size_t i = 0; i < COUNT(odd); i++) {
		snprintf(expected, sizeof(expected), "/%s", odd[i]);
		assert_encodes(SHMFS_NAME_ROOT, odd[i], expected);
		snprintf(expected, sizeof(expected), "/d%%2F%s", odd[i]);
		assert_encodes("d%2F", odd[i], expected);
	}
}

static void test_encode_refuses_what_is_no_component(void **state)
{
	static const char *const bad[] = {"", ".", "..", "/", "a/b", "/a", "a/", "../a", "//"};

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++) {
		assert_refuses(SHMFS_NAME_ROOT, bad[i], -EINVAL);
		assert_refuses("d%2F", bad[i], -EINVAL);
	}
}

static void test_encode_takes_255_bytes_in_all(void **state)
{
	char prefix[SHMFS_NAME_MAX + 1];
	struct shmfs_name name;

	(void)state;
	for (size_t len = 0; len < SHMFS_NAME_MAX; len++) {
		strcpy(prefix, text_of(len));
		for (size_t all = SHMFS_NAME_MAX - 1; all <= SHMFS_NAME_MAX; all++) {
			if (all == len)
				continue;
			assert_int_equal(shmfs_name_encode(&name, prefix, text_of(all - len)), 0);
			assert_int_equal(strlen(name.text), all + 1);
		}
		assert_refuses(prefix, text_of(SHMFS_NAME_MAX + 1 - len), -ENAMETOOLONG);
	}
}

static void test_encode_refuses_prefix_that_is_too_long_itself(void **state)
{
	static const size_t lengths[] = {255, 256, 257, 300, 511};

	(void)state;
	for (size_t i = 0; i < COUNT(lengths); i++)
		assert_refuses(text_of(lengths[i]), "a", -ENAMETOOLONG);
}

static void test_marker_of_a_directory_is_its_name_with_a_slash(void **state)
{
	struct shmfs_name name;

	(void)state;
	assert_int_equal(shmfs_name_encode_dir(&name, SHMFS_NAME_ROOT, "web1"), 0);
	assert_string_equal(name.text, "/web1%2F");
	assert_int_equal(shmfs_name_encode_dir(&name, "web1%2F", "a"), 0);
	assert_string_equal(name.text, "/web1%2Fa%2F");
	assert_int_equal(shmfs_name_encode_dir(&name, SHMFS_NAME_ROOT, text_of(252)), 0);
	assert_int_equal(
		shmfs_name_encode_dir(&name, SHMFS_NAME_ROOT, text_of(253)), -ENAMETOOLONG);
	assert_int_equal(shmfs_name_encode_dir(&name, SHMFS_NAME_ROOT, ".."), -EINVAL);
}

static void test_markers_are_told_by_their_last_component(void **state)
{
	static const char *const good[] = {
		"a%2F", "a%2Fb%2F", "%2Fa%2F", "%2F%2Fa%2F", "...%2F", "%2%2F", ".%2Fx%2F"};
	static const char *const bad[] = {"", "a", "%2F", "a%2F%2F", ".%2F", "..%2F", "a%2F.%2F",
		"a%2F..%2F", "a%2Fb", "a%2f", "a%2", "%2F%2F%2F"};

	(void)state;
	for (size_t i = 0; i < COUNT(good); i++)
		assert_true(shmfs_name_is_marker(good[i]));
	for (size_t i = 0; i < COUNT(bad); i++)
		assert_false(shmfs_name_is_marker(bad[i]));
	assert_true(shmfs_name_is_marker("a%2F"));
}

/* lengths: those of all prefixes in turn, down to 0. */
static void assert_outer(const char *encoded, const size_t *lengths)
{
	size_t at = strlen(encoded);

	do {
		at = shmfs_name_outer(encoded, at);
		assert_int_equal(at, *lengths);
	} while (*lengths++ != 0);
}

#define LENGTHS(...)           \
	(const size_t[])       \
	{                      \
		__VA_ARGS__, 0 \
	}

static void test_outer_prefixes_come_from_long_to_short(void **state)
{
	(void)state;
	assert_int_equal(shmfs_name_outer("a", 1), 0);
	assert_int_equal(shmfs_name_outer("a%2F", 4), 0);
	assert_outer("a%2Fb", LENGTHS(4));
	assert_outer("a%2Fb%2Fc", LENGTHS(8, 4));
	assert_outer("a%2Fb%2F", LENGTHS(4));
	assert_outer("a%2F%2Fc", LENGTHS(7, 4));
	assert_int_equal(shmfs_name_outer("a%2F.", 5), 0);
	assert_int_equal(shmfs_name_outer("a%2F..", 6), 0);
	assert_outer("a%2F...", LENGTHS(4));
	assert_outer("a%2F.%2Fx", LENGTHS(8, 4));
	assert_outer("a%2Fb%2F.", LENGTHS(4));
	assert_outer("%2Fx", LENGTHS(3));
	assert_int_equal(shmfs_name_outer("a%2fb%2", 7), 0);
}

static void test_creatable_refuses_an_encoded_slash_only(void **state)
{
	static const char *const bad[] = {"%2F", "a%2F", "%2Fa", "a%2Fb", "%%2F", "%2F%2F"};
	static const char *const good[] = {"a", "%", "%2", "%2f", "2F", "%252F", "%2 F", "..."};

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++)
		assert_false(shmfs_name_is_creatable(bad[i]));
	for (size_t i = 0; i < COUNT(good); i++)
		assert_true(shmfs_name_is_creatable(good[i]));
}

/* Up to max bytes of a small alphabet, so that special texts come up often; may be empty. */
static void random_component(uint64_t *seed, char *text, size_t max)
{
	static const char alphabet[] = "..%2Ff\xff";
	const size_t len = unit_random(seed) % (max + 1);

	for (size_t i = 0; i < len; i++)
		text[i] = alphabet[unit_random(seed) % (sizeof(alphabet) - 1)];
	text[len] = '\0';
	if (len > 0 && unit_random(seed) % 8 == 0)
		text[unit_random(seed) % len] = '/';
}

static bool is_component(const char *text)
{
	return strcmp(text, "") != 0 && strcmp(text, ".") != 0 && strcmp(text, "..") != 0 &&
	       !strchr(text, '/');
}

/* A prefix of zero to three components. */
static void random_prefix(uint64_t *seed, char *prefix)
{
	char component[100];

	*prefix = '\0';
	for (uint64_t i = unit_random(seed) % 4; i > 0; i--) {
		do
			random_component(seed, component, 90);
		while (!is_component(component));
		strcat(strcat(prefix, component), SHMFS_NAME_SLASH);
	}
}

static void test_random_names_come_back(void **state)
{
	uint64_t seed = unit_seed();
	char prefix[400];
	char component[300];
	struct shmfs_name name;

	(void)state;
	for (int i = 0; i < 100000; i++) {
		random_prefix(&seed, prefix);
		random_component(&seed, component, i % 2 ? 4 : sizeof(component) - 1);
		if (!is_component(component)) {
			assert_refuses(prefix, component, -EINVAL);
		} else if (strlen(prefix) + strlen(component) > SHMFS_NAME_MAX) {
			assert_refuses(prefix, component, -ENAMETOOLONG);
		} else {
			assert_int_equal(shmfs_name_encode(&name, prefix, component), 0);
			assert_int_equal(name.text[0], '/');
			assert_null(strchr(name.text + 1, '/'));
			assert_string_equal(name.text + 1 + strlen(prefix), component);
			assert_memory_equal(name.text + 1, prefix, strlen(prefix));
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_encode_puts_slash_and_prefix_in_front),
		cmocka_unit_test(test_encode_takes_every_odd_component),
		cmocka_unit_test(test_encode_refuses_what_is_no_component),
		cmocka_unit_test(test_encode_takes_255_bytes_in_all),
		cmocka_unit_test(test_encode_refuses_prefix_that_is_too_long_itself),
		cmocka_unit_test(test_marker_of_a_directory_is_its_name_with_a_slash),
		cmocka_unit_test(test_markers_are_told_by_their_last_component),
		cmocka_unit_test(test_outer_prefixes_come_from_long_to_short),
		cmocka_unit_test(test_creatable_refuses_an_encoded_slash_only),
		cmocka_unit_test(test_random_names_come_back),
	};

	return cmocka_run_group_tests_name("name", tests, NULL, NULL);
}

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

static void assert_component(const char *object, const char *prefix, const char *expected)
{
	struct shmfs_name name;
	const char *component;

	snprintf(name.text, sizeof(name.text), "%s", object);
	component = shmfs_name_component(&name, prefix);
	if (!expected) {
		assert_null(component);
		return;
	}
	assert_non_null(component);
	assert_string_equal(component, expected);
	assert_true(component > name.text && component < name.text + sizeof(name.text));
}

static void test_component_is_what_follows_the_prefix(void **state)
{
	(void)state;
	assert_component("/counter", SHMFS_NAME_ROOT, "counter");
	assert_component("/web1%2Fcounter", SHMFS_NAME_ROOT, "web1%2Fcounter");
	assert_component("/web1%2Fcounter", "web1%2F", "counter");
	assert_component("/web1%2Fa%2Fb", "web1%2F", "a%2Fb");
	assert_component("/web1%2F%2F", "web1%2F", "%2F");
	assert_component("/%2Fx", "%2F", "x");
	assert_component("/%2fx", SHMFS_NAME_ROOT, "%2fx");
}

static void test_component_is_null_outside_of_the_directory(void **state)
{
	(void)state;
	assert_component("/web1%2F", "web1%2F", NULL); /* a marker and its own directory */
	assert_component("/web1", "web1%2F", NULL);
	assert_component("/web1%2", "web1%2F", NULL);
	assert_component("/web1%2fcounter", "web1%2F", NULL);
	assert_component("/web10%2Fcounter", "web1%2F", NULL);
	assert_component("/web2%2Fcounter", "web1%2F", NULL);
	assert_component("/a%2Fweb1%2Fcounter", "web1%2F", NULL);
	assert_component("/Web1%2Fcounter", "web1%2F", NULL);
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
			assert_component(name.text, prefix, component);
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
		cmocka_unit_test(test_component_is_what_follows_the_prefix),
		cmocka_unit_test(test_component_is_null_outside_of_the_directory),
		cmocka_unit_test(test_creatable_refuses_an_encoded_slash_only),
		cmocka_unit_test(test_random_names_come_back),
	};

	return cmocka_run_group_tests_name("name", tests, NULL, NULL);
}

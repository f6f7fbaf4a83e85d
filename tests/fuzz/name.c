/* SPDX-License-Identifier: MIT */
/* lib/name: a prefix and a component, one line each, against the rules written down once more. */
#include "fuzz.h"

#include "name.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

enum { LONGEST = 400 };

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	return 0;
}

static bool is_component(const char *text)
{
	return text[0] != '\0' && strcmp(text, ".") != 0 && strcmp(text, "..") != 0;
}

static bool ends_in_slash(const char *text, size_t len)
{
	return len >= 3 && text[len - 3] == '%' && text[len - 2] == '2' && text[len - 1] == 'F';
}

/* From the front, slash by slash. */
static bool should_be_marker(const char *encoded)
{
	const char *last = encoded, *slash;

	if (strlen(encoded) > SHMFS_NAME_MAX || !ends_in_slash(encoded, strlen(encoded)))
		return false;
	while ((slash = strstr(last, SHMFS_NAME_SLASH)) && slash[3] != '\0')
		last = slash + 3;
	return strcmp(last, "%2F") != 0 && strcmp(last, ".%2F") != 0 && strcmp(last, "..%2F") != 0;
}

static void check_outer(const char *encoded)
{
	size_t got = strlen(encoded);

	HOLDS(shmfs_name_is_marker(encoded) == should_be_marker(encoded));
	for (size_t len = strlen(encoded); len-- > 0;) {
		if (len > 0 && !(ends_in_slash(encoded, len) && is_component(encoded + len)))
			continue;
		got = shmfs_name_outer(encoded, got);
		HOLDS(got == len);
	}
}

static int expected(const char *prefix, const char *component, size_t more)
{
	if (!is_component(component) || strchr(component, '/'))
		return -EINVAL;
	return strlen(prefix) + strlen(component) + more > SHMFS_NAME_MAX ? -ENAMETOOLONG : 0;
}

static void check_encoded(const struct shmfs_name *name, const char *prefix, const char *component,
	const char *suffix)
{
	const char *encoded = name->text + 1;
	const size_t len = strlen(prefix);

	HOLDS(name->text[0] == '/');
	HOLDS(strncmp(encoded, prefix, len) == 0);
	HOLDS(strncmp(encoded + len, component, strlen(component)) == 0);
	HOLDS(strcmp(encoded + len + strlen(component), suffix) == 0);
	if (!shmfs_name_is_creatable(component) || (len > 0 && !should_be_marker(prefix)))
		return;
	/* What is made in a directory is found in it. */
	HOLDS(shmfs_name_outer(encoded, strlen(encoded)) == len);
	HOLDS(shmfs_name_is_marker(encoded) == (suffix[0] != '\0'));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = {data, size};
	char prefix[LONGEST], component[LONGEST];
	struct shmfs_name name;
	int r;

	take_text(&in, '\n', prefix, sizeof(prefix));
	take_text(&in, '\n', component, sizeof(component));
	r = shmfs_name_encode(&name, prefix, component);
	HOLDS(r == expected(prefix, component, 0));
	if (r == 0) {
		check_encoded(&name, prefix, component, "");
		check_outer(name.text + 1);
	}
	r = shmfs_name_encode_dir(&name, prefix, component);
	HOLDS(r == expected(prefix, component, strlen(SHMFS_NAME_SLASH)));
	if (r == 0) {
		check_encoded(&name, prefix, component, SHMFS_NAME_SLASH);
		check_outer(name.text + 1);
	}
	check_outer(prefix);
	HOLDS(shmfs_name_is_creatable(component) == !strstr(component, "%2F"));
	return 0;
}

/* SPDX-License-Identifier: MIT */
#include "name.h"

#include <errno.h>
#include <string.h>

#define SLASH_LEN (sizeof(SHMFS_NAME_SLASH) - 1)

/* Can it be the name of an entry? */
static bool is_component(const char *text)
{
	return text[0] != '\0' && strcmp(text, ".") != 0 && strcmp(text, "..") != 0;
}

static int encode(
	struct shmfs_name *ret_name, const char *prefix, const char *component, const char *suffix)
{
	const size_t prefix_len = strlen(prefix);
	const size_t suffix_len = strlen(suffix);
	const size_t len = strlen(component);
	char *at = ret_name->text;

	if (!is_component(component) || memchr(component, '/', len))
		return -EINVAL;
	if (prefix_len > SHMFS_NAME_MAX || len > SHMFS_NAME_MAX ||
		prefix_len + len + suffix_len > SHMFS_NAME_MAX)
		return -ENAMETOOLONG;

	*at++ = '/';
	at = mempcpy(at, prefix, prefix_len);
	at = mempcpy(at, component, len);
	memcpy(at, suffix, suffix_len + 1);
	return 0;
}

int shmfs_name_encode(struct shmfs_name *ret_name, const char *prefix, const char *component)
{
	return encode(ret_name, prefix, component, "");
}

int shmfs_name_encode_dir(struct shmfs_name *ret_name, const char *prefix, const char *component)
{
	return encode(ret_name, prefix, component, SHMFS_NAME_SLASH);
}

/* Does an encoded slash end at text[end]? */
static bool is_behind_slash(const char *text, size_t end)
{
	return end >= SLASH_LEN && memcmp(text + end - SLASH_LEN, SHMFS_NAME_SLASH, SLASH_LEN) == 0;
}

bool shmfs_name_is_marker(const char *encoded)
{
	char last[SHMFS_NAME_MAX + 1];
	const size_t len = strlen(encoded);
	size_t end, start;

	if (len > SHMFS_NAME_MAX || !is_behind_slash(encoded, len))
		return false;
	end = len - SLASH_LEN;
	for (start = end; start > 0 && !is_behind_slash(encoded, start); start--)
		;
	*(char *)mempcpy(last, encoded + start, end - start) = '\0';
	return is_component(last);
}

size_t shmfs_name_outer(const char *encoded, size_t before)
{
	for (size_t end = before; end-- > SLASH_LEN;)
		if (is_behind_slash(encoded, end) && is_component(encoded + end))
			return end;
	return 0;
}

bool shmfs_name_is_creatable(const char *component)
{
	return strstr(component, SHMFS_NAME_SLASH) == NULL;
}

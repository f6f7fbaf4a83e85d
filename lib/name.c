/* SPDX-License-Identifier: MIT */
#include "name.h"

#include <errno.h>
#include <string.h>

int shmfs_name_encode(struct shmfs_name *ret_name, const char *prefix, const char *component)
{
	const size_t prefix_len = strlen(prefix);
	const size_t len = strlen(component);

	if (len == 0 || strcmp(component, ".") == 0 || strcmp(component, "..") == 0)
		return -EINVAL;
	if (memchr(component, '/', len))
		return -EINVAL;
	if (prefix_len > SHMFS_NAME_MAX || len > SHMFS_NAME_MAX - prefix_len)
		return -ENAMETOOLONG;

	ret_name->text[0] = '/';
	memcpy(ret_name->text + 1, prefix, prefix_len);
	memcpy(ret_name->text + 1 + prefix_len, component, len + 1);
	return 0;
}

const char *shmfs_name_component(const struct shmfs_name *name, const char *prefix)
{
	const size_t prefix_len = strlen(prefix);
	const char *encoded = name->text + 1;

	if (strncmp(encoded, prefix, prefix_len) != 0 || encoded[prefix_len] == '\0')
		return NULL;
	return encoded + prefix_len;
}

bool shmfs_name_is_creatable(const char *component)
{
	return strstr(component, SHMFS_NAME_SLASH) == NULL;
}

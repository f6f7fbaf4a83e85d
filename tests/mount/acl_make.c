/* SPDX-License-Identifier: MIT */
#include "acl.h"

#include <endian.h>
#include <sys/xattr.h>

static void add(struct acl *acl, size_t *n, unsigned tag, unsigned permit, unsigned id)
{
	acl->entries[(*n)++] = (struct posix_acl_xattr_entry){
		.e_tag = htole16((unsigned short)tag),
		.e_perm = htole16((unsigned short)permit),
		.e_id = htole32(id),
	};
}

size_t acl_make(struct acl *ret, struct acl_of of)
{
	const unsigned none = (unsigned)ACL_UNDEFINED_ID;
	size_t n = 0;

	ret->header.a_version = htole32(POSIX_ACL_XATTR_VERSION);
	add(ret, &n, ACL_USER_OBJ, of.owner, none);
	add(ret, &n, ACL_USER, of.permit, of.user);
	add(ret, &n, ACL_GROUP_OBJ, of.group, none);
	if (of.has_group)
		add(ret, &n, ACL_GROUP, of.group_permit, of.named_group);
	add(ret, &n, ACL_MASK, of.mask, none);
	add(ret, &n, ACL_OTHER, of.other, none);
	return sizeof(ret->header) + n * sizeof(*ret->entries);
}

int acl_set(const char *path, const char *name, struct acl_of of)
{
	struct acl acl;
	const size_t size = acl_make(&acl, of);

	return setxattr(path, name, &acl, size, 0);
}

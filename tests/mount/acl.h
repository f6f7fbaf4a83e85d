/* SPDX-License-Identifier: MIT */
/* ACLs as they are stored, see acl(5): made without a library. */
#ifndef SHMFS_TEST_ACL_H
#define SHMFS_TEST_ACL_H

#include <linux/posix_acl.h>
#include <linux/posix_acl_xattr.h>
#include <stddef.h>
#include <sys/types.h>

#define ACL_ACCESS "system.posix_acl_access"
#define ACL_DEFAULT "system.posix_acl_default"

struct acl {
	struct posix_acl_xattr_header header;
	struct posix_acl_xattr_entry entries[6];
};

/* Permissions as in a mode, 0 to 7. */
struct acl_of {
	unsigned owner, group, mask, other;
	uid_t user;      /* the named user */
	unsigned permit; /* and the rights of that user */
	int has_group;   /* a named group, too */
	gid_t named_group;
	unsigned group_permit;
};

/* Returns its size in bytes. */
size_t acl_make(struct acl *ret, struct acl_of of);

/* Stores it as ACL_ACCESS or ACL_DEFAULT. Returns 0 or -1. */
int acl_set(const char *path, const char *name, struct acl_of of);

#endif

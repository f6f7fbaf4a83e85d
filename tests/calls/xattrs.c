/* SPDX-License-Identifier: MIT */
#include "table.h"

#include <string.h>
#include <sys/xattr.h>

/* Regular files have no user.* attributes on tmpfs before Linux 6.6. */
#define NAME "trusted.shmfs"

static void make_with_xattr(void)
{
	make_a();
	assert_return_code(setxattr("a", NAME, "old", 3, 0), errno);
}

static void make_directory_with_xattr(void)
{
	make_empty();
	assert_return_code(setxattr("a", NAME, "old", 3, 0), errno);
}

static void has_value(const char *value)
{
	char found[16] = "";

	assert_int_equal(getxattr("a", NAME, found, sizeof(found)), strlen(value));
	assert_string_equal(found, value);
}

static long create_xattr(void)
{
	return setxattr("a", NAME, "new", 3, XATTR_CREATE);
}

static long replace_xattr(void)
{
	return setxattr("a", NAME, "new", 3, XATTR_REPLACE);
}

static long set_xattr(void)
{
	return setxattr("a", NAME, "new", 3, 0);
}

static void has_new_value(void)
{
	has_value("new");
	EXPECT_ERROR(create_xattr(), EEXIST);
}

static long remove_xattr(void)
{
	return removexattr("a", NAME);
}

static void has_no_value(void)
{
	EXPECT_ERROR(getxattr("a", NAME, NULL, 0), ENODATA);
}

static long get_xattr(void)
{
	return getxattr("a", NAME, got, sizeof(got));
}

static void is_old_value(void)
{
	assert_memory_equal(got, "old", 3);
}

static long list_xattrs(void)
{
	return listxattr("a", got, sizeof(got));
}

static void is_list(void)
{
	assert_string_equal(got, NAME);
}

/* For its owner, its group, one user, a mask and the rest: see acl(5). */
static long set_acl(void)
{
	const struct {
		uint32_t version;
		struct {
			uint16_t tag, perm;
			uint32_t id;
		} entries[5];
	} acl = {2,
		{{0x01, 6, ~0U}, {0x02, 4, 64001}, {0x04, 0, ~0U}, {0x10, 4, ~0U}, {0x20, 0, ~0U}}};

	return setxattr("a", "system.posix_acl_access", &acl, sizeof(acl), 0);
}

static void has_acl(void)
{
	assert_int_equal(stat_of("a").st_mode, S_IFREG | 0640);
	assert_int_equal(getxattr("a", "system.posix_acl_access", NULL, 0), 44);
}

static const struct script scripts[] = {
	{"setxattr", make_a, set_xattr, has_new_value},
	{"setxattr XATTR_CREATE", make_a, create_xattr, has_new_value},
	{"setxattr XATTR_CREATE of a directory", make_empty, create_xattr, has_new_value},
	{"setxattr XATTR_REPLACE", make_with_xattr, replace_xattr, has_new_value},
	{"getxattr", make_with_xattr, get_xattr, is_old_value},
	{"listxattr", make_with_xattr, list_xattrs, is_list},
	{"removexattr", make_with_xattr, remove_xattr, has_no_value},
	{"removexattr of a directory", make_directory_with_xattr, remove_xattr, has_no_value},
	{"setxattr of an ACL", make_a, set_acl, has_acl},
};

const struct script_table calls_of_xattrs = {scripts, ARRAY_SIZE(scripts)};

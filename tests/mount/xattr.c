/* SPDX-License-Identifier: MIT */
/* Extended attributes and ACLs are stored on the object and answered as tmpfs does, see xattr(7).
 */
#include "acl.h"
#include "harness.h"

#include <endian.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

static int by_text(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Names in any order, sorted. */
static void note_names(struct side *s, const char *what, const char *list, ssize_t len)
{
	const char *names[64];
	size_t n = 0;

	note(s, "%s: %zd %s", what, len, len < 0 ? strerrorname_np(errno) : "");
	for (ssize_t at = 0; at < len && n < ARRAY_SIZE(names);
		at += (ssize_t)strlen(list + at) + 1)
		names[n++] = list + at;
	if (n > 0)
		qsort(names, n, sizeof(*names), by_text);
	for (size_t i = 0; i < n; i++)
		note(s, "    %s", names[i]);
}

static void note_list(struct side *s, const char *path)
{
	char list[4096];

	note_names(s, path, list, listxattr(path, list, sizeof(list)));
	note_names(s, "itself", list, llistxattr(path, list, sizeof(list)));
	T(s, listxattr(path, NULL, 0));
	T(s, listxattr(path, list, 3));
}

static void note_value(struct side *s, const char *path, const char *name)
{
	char value[4096];

	note(s, "%s", name);
	note_bytes(s, path, value, getxattr(path, name, value, sizeof(value)));
	T(s, getxattr(path, name, NULL, 0));
	T(s, getxattr(path, name, value, 1));
}

static void try_each_way(struct side *s, const char *path, const char *name)
{
	note(s, "%s %s", path, name);
	note_value(s, path, name);
	T(s, setxattr(path, name, "first", 5, XATTR_REPLACE));
	T(s, setxattr(path, name, "first", 5, XATTR_CREATE));
	T(s, setxattr(path, name, "again", 5, XATTR_CREATE));
	note_value(s, path, name);
	T(s, setxattr(path, name, "second one", 10, XATTR_REPLACE));
	T(s, setxattr(path, name, "", 0, 0));
	note_value(s, path, name);
	T(s, setxattr(path, name, "third", 5, 0));
	T(s, setxattr(path, name, "third", 5, 8));
	note_list(s, path);
	T(s, removexattr(path, name));
	T(s, removexattr(path, name));
	note_value(s, path, name);
	T(s, lsetxattr(path, name, "link", 4, 0));
	note_list(s, path);
}

static const char *const names_tried[] = {"user.one", "user.", "trusted.one", "security.one",
	"security.capability", "system.posix_acl_access", "system.posix_acl_default", "system.one",
	"other.one", "none", "btrfs.x"};

static const char *const kinds[] = {"file", "dir", "fifo", "link", "dangling", "sticky"};

static void try_all(struct side *s)
{
	for (size_t i = 0; i < ARRAY_SIZE(kinds) * ARRAY_SIZE(names_tried); i++)
		try_each_way(s, kinds[i / ARRAY_SIZE(names_tried)],
			names_tried[i % ARRAY_SIZE(names_tried)]);
}

static void make_kinds(struct side *s)
{
	make_outside(s, "file", ALICE.uid, ALICE.gid, 0644, 10);
	make_outside_dir(s, "dir", ALICE.uid, ALICE.gid, 0755);
	make_outside_dir(s, "sticky", ALICE.uid, ALICE.gid, 01777);
	T(s, mkfifo("fifo", 0644));
	T(s, chown("fifo", ALICE.uid, ALICE.gid));
	T(s, symlink("file", "link"));
	T(s, symlink("nothing", "dangling"));
}

static void as_root(struct side *s)
{
	make_kinds(s);
	try_all(s);
}

static void as_the_owner(struct side *s)
{
	make_kinds(s);
	AS(s, ALICE)
	try_all(s);
	note_list(s, "file");
}

static void as_a_stranger(struct side *s)
{
	make_kinds(s);
	T(s, setxattr("file", "user.one", "value", 5, 0));
	T(s, setxattr("file", "trusted.one", "value", 5, 0));
	AS(s, BOB)
	try_all(s);
	T(s, chmod("file", 0600));
	AS(s, BOB)
	try_all(s);
	T(s, chmod("file", 0666));
	AS(s, BOB)
	try_all(s);
}

static void by_descriptor(struct side *s)
{
	char value[64], list[256];
	struct acl acl;
	const size_t size = acl_make(&acl, (struct acl_of){.owner = 6,
						   .user = BOB.uid,
						   .permit = 4,
						   .group = 4,
						   .mask = 6,
						   .other = 0});
	const int fd = T_FD(s, open("a", O_RDWR | O_CREAT | O_CLOEXEC, 0644));

	T(s, fsetxattr(fd, "user.one", "value", 5, 0));
	T(s, fsetxattr(fd, "trusted.two", "value", 5, 0));
	note_names(s, "list", list, flistxattr(fd, list, sizeof(list)));
	note_bytes(s, "value", value, fgetxattr(fd, "user.one", value, sizeof(value)));
	T(s, fsetxattr(fd, ACL_ACCESS, &acl, size, 0));
	note_fstat(s, fd);
	note_names(s, "list", list, flistxattr(fd, list, sizeof(list)));
	T(s, unlink("a"));
	T(s, fsetxattr(fd, "user.one", "changed", 7, XATTR_REPLACE));
	note_bytes(s, "value", value, fgetxattr(fd, "user.one", value, sizeof(value)));
	T(s, fremovexattr(fd, "user.one"));
	T(s, fremovexattr(fd, "user.one"));
	T(s, fremovexattr(fd, ACL_ACCESS));
	note_names(s, "list", list, flistxattr(fd, list, sizeof(list)));
	note_fstat(s, fd);
	T(s, close(fd));
}

static void sizes(struct side *s)
{
	char *value = calloc(1, XATTR_SIZE_MAX + 1), *read_back = calloc(1, XATTR_SIZE_MAX);
	static const size_t tried[] = {0, 1, 4095, 4096, 65535, 65536, 65537};
	char name[XATTR_NAME_MAX + 8] = "user.";

	make_outside(s, "a", ALICE.uid, ALICE.gid, 0644, 0);
	for (size_t i = 0; i < ARRAY_SIZE(tried); i++) {
		fill(value, tried[i], 3, 0);
		T(s, setxattr("a", "user.large", value, tried[i], 0));
		note_bytes(s, "value", read_back,
			getxattr("a", "user.large", read_back, XATTR_SIZE_MAX));
	}
	memset(name + 5, 'n', XATTR_NAME_MAX - 5);
	T(s, setxattr("a", name, "1", 1, 0));
	note_list(s, "a");
	T(s, removexattr("a", name));
	strcat(name, "n");
	T(s, setxattr("a", name, "1", 1, 0));
	free(value);
	free(read_back);
}

/* A file capability: valid values; a write and a change of owner take it away. */
static void capabilities(struct side *s)
{
	struct vfs_cap_data capability = {
		.magic_etc = htole32(VFS_CAP_REVISION_2 | VFS_CAP_FLAGS_EFFECTIVE),
		.data = {{.permitted = htole32(1U << CAP_NET_RAW)}},
	};
	int fd;

	make_outside(s, "a", ALICE.uid, ALICE.gid, 0755, 10);
	T(s, setxattr("a", "security.capability", &capability, sizeof(capability), 0));
	note_value(s, "a", "security.capability");
	AS(s, ALICE)
	T(s, setxattr("a", "security.capability", &capability, sizeof(capability), 0));
	fd = T_FD(s, open("a", O_WRONLY | O_CLOEXEC));
	note_value(s, "a", "security.capability");
	T(s, write(fd, "x", 1));
	note_value(s, "a", "security.capability");
	T(s, setxattr("a", "security.capability", &capability, sizeof(capability), 0));
	T(s, write(fd, "x", 1));
	note_value(s, "a", "security.capability");
	T(s, setxattr("a", "security.capability", &capability, sizeof(capability), 0));
	T(s, ftruncate(fd, 3));
	note_value(s, "a", "security.capability");
	T(s, setxattr("a", "security.capability", &capability, sizeof(capability), 0));
	T(s, chown("a", BOB.uid, BOB.gid));
	note_value(s, "a", "security.capability");
	T(s, close(fd));
}

static void acl_round_trip(struct side *s, const char *path, const char *name, struct acl_of of)
{
	T(s, acl_set(path, name, of));
	note_value(s, path, name);
	note_lstat(s, path);
	T(s, chmod(path, 0751));
	note_value(s, path, name);
	T(s, chmod(path, 0600));
	note_value(s, path, name);
	T(s, removexattr(path, name));
	note_lstat(s, path);
}

static void set_acls(struct side *s)
{
	static const struct acl_of acls[] = {
		{.owner = 7, .user = 2002, .permit = 5, .group = 4, .mask = 7, .other = 1},
		{.owner = 6, .user = 2002, .permit = 0, .group = 6, .mask = 0, .other = 6},
		{.owner = 6, .user = 2002, .permit = 8, .group = 6, .mask = 0, .other = 6},
		{.owner = 6, .user = 0xffffffffU, .permit = 4, .group = 6, .mask = 4, .other = 6},
		{.owner = 6,
			.user = 1,
			.permit = 4,
			.group = 6,
			.mask = 7,
			.other = 6,
			.has_group = 1,
			.named_group = 2010,
			.group_permit = 6},
	};
	struct acl acl;

	for (size_t i = 0; i < ARRAY_SIZE(acls) * ARRAY_SIZE(kinds); i++) {
		const char *kind = kinds[i % ARRAY_SIZE(kinds)];

		note(s, "%s %zu", kind, i / ARRAY_SIZE(kinds));
		acl_round_trip(s, kind, ACL_ACCESS, acls[i / ARRAY_SIZE(kinds)]);
		acl_round_trip(s, kind, ACL_DEFAULT, acls[i / ARRAY_SIZE(kinds)]);
	}
	T(s, setxattr("file", ACL_ACCESS, &acl, 3, 0));
	T(s, setxattr("file", ACL_ACCESS, &acl, acl_make(&acl, acls[0]) - 1, 0));
	T(s, setxattr("file", ACL_ACCESS, NULL, 0, 0));
}

static void acls_as_root(struct side *s)
{
	make_kinds(s);
	set_acls(s);
}

static void acls_as_users(struct side *s)
{
	make_kinds(s);
	AS(s, ALICE)
	set_acls(s);
	AS(s, BOB)
	set_acls(s);
	note_list(s, "file");
}

/* S_ISGID goes when the setter of an ACL is no member of the group. */
static void acls_and_set_group_id(struct side *s)
{
	static const struct acl_of of = {
		.owner = 7, .user = 2002, .permit = 5, .group = 7, .mask = 7, .other = 1};

	make_outside(s, "own", ALICE.uid, ALICE.gid, 02775, 1);
	make_outside(s, "foreign", ALICE.uid, BOB.gid, 02775, 1);
	make_outside(s, "friends", SUPPLEMENT.uid, 2010, 02775, 1);
	AS(s, ALICE)
	{
		T(s, acl_set("own", ACL_ACCESS, of));
		T(s, acl_set("foreign", ACL_ACCESS, of));
	}
	AS(s, SUPPLEMENT)
	T(s, acl_set("friends", ACL_ACCESS, of));
	note_lstat(s, "own");
	note_lstat(s, "foreign");
	note_lstat(s, "friends");
}

/*
 * The umask is ignored where a directory has a default ACL, and an entry made in it has one, too.
 */
static void make_all_kinds(struct side *s, const char *dir)
{
	char path[64];
	int fd;

	note(s, "in %s", dir);
	T(s, chdir(dir));
	fd = T_FD(s, open("file", O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0666));
	note_fstat(s, fd);
	T(s, close(fd));
	fd = T_FD(s, open("narrow", O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0640));
	T(s, close(fd));
	T(s, mkdir("dir", 0777));
	T(s, mkdir("dir/inner", 02755));
	T(s, mknod("fifo", S_IFIFO | 0666, 0));
	T(s, mknod("node", S_IFREG | 0662, 0));
	T(s, symlink("file", "link"));
	fd = T_FD(s, open(".", O_RDWR | O_TMPFILE | O_CLOEXEC, 0666));
	note_fstat(s, fd);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	T(s, linkat(AT_FDCWD, path, AT_FDCWD, "linked", AT_SYMLINK_FOLLOW));
	T(s, close(fd));
	note_lstat(s, "file");
	note_value(s, "file", ACL_ACCESS);
	note_value(s, "narrow", ACL_ACCESS);
	note_value(s, "linked", ACL_ACCESS);
	note_value(s, "dir", ACL_ACCESS);
	note_value(s, "dir/inner", ACL_DEFAULT);
	note_value(s, "fifo", ACL_ACCESS);
	note_value(s, "node", ACL_ACCESS);
	T(s, chdir(".."));
}

static void default_acls(struct side *s)
{
	static const mode_t masks[] = {0, 022, 077, 0777};
	char name[16];

	for (size_t i = 0; i < 2 * ARRAY_SIZE(masks); i++) {
		snprintf(name, sizeof(name), "d%zu", i);
		make_outside_dir(s, name, ALICE.uid, ALICE.gid, 0777);
		T(s, acl_set(name, ACL_DEFAULT,
			     (struct acl_of){.owner = 7,
				     .user = BOB.uid,
				     .permit = 7,
				     .group = 5,
				     .mask = i % 2 ? 7 : 4,
				     .other = i % 2 ? 0 : 6}));
		umask(masks[i / 2]);
		make_all_kinds(s, name);
		snprintf(name, sizeof(name), "u%zu", i);
		make_outside_dir(s, name, ALICE.uid, ALICE.gid, 0777);
		T(s, acl_set(name, ACL_DEFAULT,
			     (struct acl_of){.owner = 6, .user = BOB.uid, .permit = 6, .mask = 6}));
		AS(s, BOB)
		make_all_kinds(s, name);
	}
	umask(022);
}

static void none_are_there(void **state)
{
	struct daemon without;
	char dir[64], path[128], value[16];

	(void)state;
	sweep(SHM_DIR);
	write_file(in_shm("a"), "x", 1);
	assert_return_code(setxattr(in_shm("a"), "trusted.one", "value", 5, 0), errno);
	make_dir(dir, harness()->base, "noxattr");
	daemon_start(&without, dir, (const char *const[]){"-o", "noxattr", NULL});
	snprintf(path, sizeof(path), "%s/a", dir);
	EXPECT_ERROR(getxattr(path, "trusted.one", value, sizeof(value)), EOPNOTSUPP);
	EXPECT_ERROR(setxattr(path, "trusted.one", "other", 5, 0), EOPNOTSUPP);
	EXPECT_ERROR(removexattr(path, "trusted.one"), EOPNOTSUPP);
	EXPECT_ERROR(setxattr(path, ACL_ACCESS, "", 0, 0), EOPNOTSUPP);
	assert_int_equal(listxattr(path, NULL, 0), 0);
	assert_int_equal(listxattr(path, value, sizeof(value)), 0);
	daemon_stop(&without);
	assert_int_equal(getxattr(in_shm("a"), "trusted.one", value, sizeof(value)), 5);
	sweep(SHM_DIR);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		COMPARED(as_root),
		COMPARED(as_the_owner),
		COMPARED(as_a_stranger),
		COMPARED(by_descriptor),
		COMPARED(sizes),
		COMPARED(capabilities),
		COMPARED(acls_as_root),
		COMPARED(acls_as_users),
		COMPARED(acls_and_set_group_id),
		COMPARED(default_acls),
		cmocka_unit_test(none_are_there),
	};

	return RUN_MOUNTED(tests);
}
